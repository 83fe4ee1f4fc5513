"""What a workflow means as a graph: who waits for whom, and whether it can run at all."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.workflow.ir import (
    AllOf,
    Alter,
    AnyOf,
    Check,
    Comparison,
    Condition,
    Constant,
    Evaluate,
    Explain,
    ForEach,
    HasStatus,
    Input,
    Item,
    Job,
    Manage,
    ModelReference,
    Node,
    Not,
    Operand,
    Output,
    OutputKind,
    Outputs,
    Parameter,
    Predict,
    Query,
    Relation,
    Run,
    RunId,
    Solve,
    Train,
    Trial,
    Workflow,
    is_function,
)
from sqlml.workflow.operations import PROGRAMS

NODE_NAME = re.compile(r"[a-z][a-z0-9-]{0,57}")


@dataclass(frozen=True, slots=True)
class Slot:
    """An input that an operation takes."""

    kind: OutputKind
    required: bool = True


_TO_FIT: Mapping[str, Slot] = {
    "rows": Slot("dataset"),
    "validation": Slot("dataset", required=False),
    "base": Slot("model", required=False),
}
_TO_USE: Mapping[str, Slot] = {"rows": Slot("dataset"), "model": Slot("model")}
SLOTS: Mapping[type, Mapping[str, Slot]] = {
    Query: {},
    Train: {**_TO_FIT, "trials": Slot("parameter", required=False)},
    Trial: {**_TO_FIT, "earlier": Slot("parameter", required=False)},
    Predict: _TO_USE,
    Evaluate: _TO_USE,
    Explain: _TO_USE,
    Solve: {"rows": Slot("dataset")},
    Check: _TO_USE,
    Manage: {},
    Alter: {"model": Slot("model")},
    Job: {},
    Run: {"rows": Slot("dataset"), "reference": Slot("dataset", required=False)},
}


def needs(node: Node) -> tuple[str, ...]:
    """The nodes that must have ended before this one starts, each once, in a stable order."""
    return tuple(
        dict.fromkeys([*givers(node), *watched(node.guard), *(after.node for after in node.after)])
    )


def takes_model(node: Node, name: str) -> bool:
    """Whether an input of a node is a stored model."""
    match node.inputs[name]:
        case ModelReference():
            return True
        case Output():
            named = {} if isinstance(node.operation, PROGRAMS) else _TO_USE
            slot = SLOTS.get(type(node.operation), named).get(name)
            return is_function(name) or (slot is not None and slot.kind == "model")
        case _:
            return False


def givers(node: Node) -> Iterator[str]:
    """The nodes whose outputs a node takes, in its guard too."""
    for value in node.inputs.values():
        match value:
            case Output(source):
                yield source
            case Outputs(sources):
                yield from sources
    yield from (found.node for found in compared(node.guard))
    if isinstance(node.loop, ForEach) and isinstance(node.loop.items, Output):
        yield node.loop.items.node
    for file in node.files.values():
        if isinstance(file.source, Output):
            yield file.source.node


def compared(condition: Condition | None) -> Iterator[Output]:
    """The outputs that a condition compares."""
    yield from (one for one in operands_of(condition) if isinstance(one, Output))


def operands_of(condition: Condition | None) -> Iterator[Operand]:
    """All that a condition compares."""
    match condition:
        case Comparison(left=left, right=right):
            yield from (left, right)
        case AllOf(terms=terms) | AnyOf(terms=terms):
            for term in terms:
                yield from operands_of(term)
        case Not(term=term):
            yield from operands_of(term)


def watched(condition: Condition | None) -> Iterator[str]:
    """The nodes whose status a condition asks for."""
    match condition:
        case HasStatus(node=node) if node:
            yield node
        case AllOf(terms=terms) | AnyOf(terms=terms):
            for term in terms:
                yield from watched(term)
        case Not(term=term):
            yield from watched(term)


def topological_order(workflow: Workflow) -> tuple[Node, ...]:
    """Nodes such that each comes after all it needs; the written order wherever that is free.

    Raises:
        ProgramError: the nodes need each other in a circle.
    """
    by_name = {node.name: node for node in workflow.nodes}
    rank = {node.name: i for i, node in enumerate(workflow.nodes)}
    sorter = TopologicalSorter({node.name: needs(node) for node in workflow.nodes})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise ProgramError(
            _fault("E0806", f"steps need each other in a circle: {circle}")
        ) from error
    ordered: list[Node] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=rank.__getitem__)
        ordered.extend(by_name[name] for name in ready)
        sorter.done(*ready)
    return tuple(ordered)


def verify(workflow: Workflow) -> None:
    """Check that the workflow can run.

    Raises:
        ProgramError: with every fault found: bad, unknown or duplicate names, missing, extra or
            ill-typed inputs, undeclared outputs, circles.
    """
    faults = [*_name_faults(workflow), *_wiring_faults(workflow)]
    if faults:
        raise ProgramError(*faults)
    topological_order(workflow)


def _name_faults(workflow: Workflow) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for node in workflow.nodes:
        if not NODE_NAME.fullmatch(node.name):
            yield _fault(
                "E0802",
                f"`{node.name}` cannot name a step",
                node,
                "a name has up to 58 lower-case letters, digits and `-`, and begins with a letter",
            )
        if node.name in seen:
            yield _fault("E0803", f"two steps are named `{node.name}`", node)
        seen.add(node.name)


def _wiring_faults(workflow: Workflow) -> Iterator[Diagnostic]:
    nodes = {node.name: node for node in workflow.nodes}
    for node in workflow.nodes:
        for name in needs(node):
            if name not in nodes:
                hint = did_you_mean(name, nodes)
                yield _fault(
                    "E0804", f"step `{node.name}` needs `{name}`, which is not there", node, hint
                )
        slots = SLOTS.get(type(node.operation))
        if slots is None:  # an operation that names its inputs itself
            continue
        for name, slot in slots.items():
            if slot.required and name not in node.inputs:
                yield _fault("E0805", f"step `{node.name}` has no input `{name}`", node)
        for name, value in node.inputs.items():
            taken = Slot("model") if is_function(name) else slots.get(name)
            if taken is None:
                hint = did_you_mean(name, slots)
                yield _fault("E0805", f"step `{node.name}` takes no input `{name}`", node, hint)
            elif message := _input_fault(taken, value, nodes, workflow):
                yield _fault("E0805", f"input `{name}` of step `{node.name}` {message}", node)


def _input_fault(
    slot: Slot, value: Input, nodes: Mapping[str, Node], workflow: Workflow
) -> str | None:
    match value:
        case Relation():
            return None if slot.kind == "dataset" else f"must be a {slot.kind}, not rows"
        case ModelReference():
            return None if slot.kind == "model" else f"must be a {slot.kind}, not a model"
        case Parameter(name):
            return None if name in workflow.parameters else f"names no parameter: `{name}`"
        case Constant():
            return f"must be a {slot.kind}, not a constant" if slot.kind != "parameter" else None
        case RunId() | Item():
            return f"must be a {slot.kind}, not a text" if slot.kind != "parameter" else None
        case Output(source, name):
            return _output_fault(slot, source, name, nodes)
        case Outputs(sources, name):
            faults = (_output_fault(slot, source, name, nodes) for source in sources)
            return next(filter(None, faults), None)


def _output_fault(slot: Slot, source: str, name: str, nodes: Mapping[str, Node]) -> str | None:
    if source not in nodes:
        return None
    declared = {output.name: output for output in nodes[source].outputs}
    if name not in declared:
        return f"names an output that `{source}` does not declare: `{name}`"
    kind = declared[name].kind
    return None if kind == slot.kind else f"must be a {slot.kind}, not a {kind}"


def _fault(code: str, message: str, node: Node | None = None, hint: str = "") -> Diagnostic:
    label = ""
    if node is not None and node.place is not None:
        label = f"at {node.place.file}:{node.place.line}:{node.place.column}"
    return Diagnostic(code, message, label=label, hint=hint)
