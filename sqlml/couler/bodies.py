"""What a function writes apart: one step, or steps that become a workflow of their own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlml.couler.flow import Draft, Flow, Scope
from sqlml.couler.outputs import (
    StepOutput,
    StepOutputs,
    first_of,
    is_made_of_outputs,
    outputs_of,
)
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import (
    After,
    Call,
    Input,
    Item,
    Loop,
    Node,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Workflow,
)
from sqlml.workflow.places import caller, fault
from sqlml.workflow.rewiring import Rewiring, Value, renaming

OWN = ""  # the name by which a loop knows the step that it belongs to


@dataclass(frozen=True, slots=True)
class Body:
    """Steps that a function has written, not yet part of the workflow, and what it gave."""

    steps: tuple[tuple[Draft, Node], ...]
    given: Any

    @property
    def is_plain_step(self) -> bool:
        """Whether it is one step that can have a loop."""
        return len(self.steps) == 1 and self.steps[0][1].loop is None

    @property
    def result(self) -> StepOutput:
        """What it gives first: as the function says, or else what its last step gives."""
        given = first_of(self.given)
        if isinstance(given, StepOutput) and any(n.name == given.step for _, n in self.steps):
            return given
        return outputs_of(self.steps[-1][1])[0]


def body_of(flow: Flow, function: Callable[[], Any]) -> Body:
    """Call a function, and keep what it writes out of the workflow."""
    around, rewind = flow.scope, flow.mark()
    with flow.inside(Scope(passed_on=around.passed_on, is_edge=around.is_edge)) as scope:
        given = function()
    steps = tuple((scope.drafts[name], node) for name, node in scope.nodes.items())
    rewind(steps_only=True)
    return Body(steps, given)


def steps_of(flow: Flow, function: Callable[[], Any]) -> Body:
    """The same for a function that has to write something.

    Raises:
        ProgramError: it writes no step.
    """
    body = body_of(flow, function)
    if not body.steps:
        raise fault("E0731", "the function writes no step", "call run_container or its kin in it")
    return body


def write_step(flow: Flow, body: Body, loop: Loop | None, name: str) -> StepOutputs:
    """Write a body as one step. name: of the workflow that it calls if it has several steps."""
    if body.is_plain_step:
        draft, node = body.steps[0]
        return outputs_of(flow.place(draft, replace(node, loop=loop)))
    return _write_call(flow, body, loop, name)


def write_all(flow: Flow, body: Body) -> Any:
    """Write the steps of a body one by one; gives what its function gave."""
    names: dict[str, str] = {}
    base, needed = flow.scope.frontier, set[str]()
    for draft, node in body.steps:
        inner = names.keys() & needs(node)
        needed |= inner
        flow.scope.frontier = () if inner else base
        names[node.name] = flow.place(draft, renaming(names).node(node)).name
    ends = (names[node.name] for _, node in body.steps if node.name not in needed)
    flow.scope.frontier = tuple(After(end, "passed") for end in ends)
    return _renamed(body.given, names)


def _renamed(given: Any, names: dict[str, str]) -> Any:
    if isinstance(given, StepOutput):
        return replace(given, step=names.get(given.step, given.step))
    if isinstance(given, list) and is_made_of_outputs(given):
        return type(given)(_renamed(one, names) for one in given)
    return given


# --- a workflow of their own --------------------------------------------------------------


def _write_call(flow: Flow, body: Body, loop: Loop | None, name: str) -> StepOutputs:
    names = {node.name for _, node in body.steps}
    taken: dict[str, Input] = {}

    def known(value: Value) -> Value:
        if isinstance(value, Item):
            return Parameter("item")
        if isinstance(value, Parameter) or value.node in names:
            return value
        taken[parameter := f"{value.node}-{value.name}"] = value
        return Parameter(parameter)

    wires = Rewiring(known, lambda step: step if step in names else None)
    try:
        nodes = tuple(wires.node(node) for _, node in body.steps)
    except LookupError as error:
        raise fault(
            "E0737",
            f"steps that repeat together cannot take `{error.args[0]}` from outside of them",
            "pass values instead of files, and have the step that makes the file among them",
        ) from error
    if any(Parameter("item") in node.inputs.values() for node in nodes):
        taken["item"] = Item()
    inner = Workflow(
        name,
        nodes,
        {parameter: ParameterDeclaration(required=True) for parameter in taken},
        {o.name: o.reference for o in _outputs(body)},
        ext={"argo": {"layout": "steps"}},
    )
    target = _workflow_name(flow, inner)
    outputs = tuple(OutputDeclaration(o.name, "parameter") for o in _outputs(body))
    node = Node("", Call(target), taken, outputs, loop=loop, place=caller().place, template=target)
    draft = Draft(target, False, lambda _template: node)
    made = flow.place(draft, node)
    return StepOutputs(StepOutput(made.name, declared.name) for declared in outputs)


def _outputs(body: Body) -> list[StepOutput]:
    """The values of the step that the function gives."""
    step = next(node for _, node in body.steps if node.name == body.result.step)
    declared = [StepOutput(step.name, o.name) for o in step.outputs if o.kind == "parameter"]
    return sorted(declared, key=lambda output: output.name != body.result.name)


def _workflow_name(flow: Flow, inner: Workflow) -> str:
    """The name of an equal workflow that is there, or of this one, which is added."""
    for name, known in flow.workflows.items():
        if replace(known, name=inner.name) == inner:
            return name
    name = flow.fresh("workflow", inner.name)
    flow.put(flow.workflows, name, replace(inner, name=name))
    return name
