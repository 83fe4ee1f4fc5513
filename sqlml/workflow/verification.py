"""Whether a workflow can run at all: every fault there is, at the places of the user's program."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.workflow import sanity
from sqlml.workflow.call_graph import faults_of_calls
from sqlml.workflow.graph import (
    NODE_NAME,
    SLOTS,
    Slot,
    fault,
    givers,
    in_order,
    links_of,
    operands_of,
)
from sqlml.workflow.ir import (
    Call,
    Constant,
    ForEach,
    Input,
    Item,
    ModelReference,
    Node,
    Output,
    OutputDeclaration,
    OutputKind,
    Outputs,
    Parameter,
    Relation,
    Repeat,
    RunId,
    Status,
    StepOf,
    Workflow,
    is_function,
)
from sqlml.workflow.operations import PROGRAMS
from sqlml.workflow.parts import is_part
from sqlml.workflow.value_types import ValueTypes, default_fault

_PARAMETER = Slot("parameter")
_PARAMETER_NAME = re.compile(r"[-\w.]+")


def verify(workflow: Workflow) -> None:
    """Check that the workflow, and those that it calls, can run.

    Raises:
        ProgramError: with every fault found: bad, unknown or duplicate names, missing, extra or
            ill-typed inputs, undeclared outputs, circles, steps that can never run.
    """
    parts = [_Part(part, workflow) for part in (workflow, *workflow.workflows)]
    names = Counter(part.name for part in workflow.workflows)
    twice = [part for part in workflow.workflows if names[part.name] > 1][1:]
    doubles = (fault("E1099", f"two workflows are named `{p.name}`", p) for p in twice)
    if faults := [*doubles, *chain.from_iterable(parts)]:
        raise ProgramError(*faults)
    for part in parts:
        in_order(part.workflow, part.links)
    if faults := [*faults_of_calls(workflow)]:
        raise ProgramError(*faults)


class _Part:
    """The faults of one workflow of a program."""

    def __init__(self, workflow: Workflow, whole: Workflow) -> None:
        self.workflow = workflow
        self._called = {each.name: each for each in whole.workflows}
        every = (*workflow.nodes, *workflow.on_exit)
        self.links = links_of(every)
        self._nodes = {node.name: node for node in reversed(every)}  # the first of a name
        self._exits = {node.name for node in workflow.on_exit}
        self._whole = whole
        self._volumes = [volume.name for volume in whole.volumes]
        self._outputs: dict[str, Mapping[str, OutputDeclaration]] = {
            name: {output.name: output for output in node.outputs}
            for name, node in self._nodes.items()
        }
        self._types = ValueTypes(workflow.parameters, self._outputs, self._nodes)

    def __iter__(self) -> Iterator[Diagnostic]:
        yield from self._own_faults()
        seen: set[str] = set()
        for node in (*self.workflow.nodes, *self.workflow.on_exit):
            yield from _name_faults(node, seen)
            seen.add(node.name)
            for name in self.links[node.name]:
                if name not in self._nodes:
                    hint = did_you_mean(name, self._nodes)
                    message = f"step `{node.name}` needs `{name}`, which is not there"
                    yield fault("E0804", message, node, hint)
                elif name in self._exits and node.name not in self._exits:
                    message = f"step `{node.name}` needs `{name}`, which runs when all have ended"
                    yield fault("E0804", message, node, "do this on exit as well")
            yield from self._input_faults(node)
            yield from self._setting_faults(node)
            if node.guard is not None or node.loop is not None or node.files:
                yield from self._value_faults(node)
            if node.after:
                yield from self._order_faults(node)
        for name, output in self.workflow.outputs.items():
            if wrong := self._output_fault(None, output.node, output.name):
                message = f"output `{name}` of `{self.workflow.name}` {wrong}"
                yield fault("E0805", message, self.workflow)
            elif output.node in self._exits:
                message = f"output `{name}` of `{self.workflow.name}` is of `{output.node}`"
                yield fault("E0804", f"{message}, which runs when all have ended", self.workflow)

    def _own_faults(self) -> Iterator[Diagnostic]:
        """Of what the workflow says besides its steps."""
        workflow = self.workflow
        if not workflow.name.strip():
            yield fault("E0802", "a workflow has no name", workflow)
        for name in workflow.parameters:
            if not _PARAMETER_NAME.fullmatch(name):
                hint = "a name is made of letters, digits, `-` and `_`"
                yield fault("E1099", f"`{name}` cannot name a parameter", workflow, hint)
        defaults = (default_fault(*declared) for declared in workflow.parameters.items())
        called = () if workflow is self._whole else sanity.of_called(workflow)
        for message in (*filter(None, defaults), *sanity.of_workflow(workflow), *called):
            yield fault("E1097", f"workflow `{workflow.name}`: {message}", workflow)

    def _setting_faults(self, node: Node) -> Iterator[Diagnostic]:
        if isinstance(node.operation, StepOf) and not self._is_part(node.operation.part):
            message = f"step `{node.name}` is of `{node.operation.part}`, which is no part"
            yield fault("E0804", message, node)
        for message in sanity.of_node(node, self._volumes):
            yield fault("E1097", f"step `{node.name}`: {message}", node)
        for name in sanity.taken(node):
            if name not in node.inputs:
                hint = did_you_mean(name, node.inputs)
                message = f"step `{node.name}` takes `{name}`, which is none of its inputs"
                yield fault("E0805", message, node, hint)
        if len(node.outputs) > 1 and len(self._outputs[node.name]) < len(node.outputs):
            names = [output.name for output in node.outputs]
            double = next(name for name in names if names.count(name) > 1)
            yield fault("E1099", f"two outputs of step `{node.name}` are named `{double}`", node)

    def _is_part(self, name: str) -> bool:
        """Whether that is a step of the program which calls a part of it."""
        every = chain.from_iterable(each.nodes for each in (self._whole, *self._called.values()))
        return any(node.name == name and is_part(node) for node in every)

    # --- inputs ---

    def _input_faults(self, node: Node) -> Iterator[Diagnostic]:
        slots = SLOTS.get(type(node.operation))
        if isinstance(node.operation, Call):
            yield from self._argument_faults(node, node.operation)
        for name, slot in (slots or {}).items():
            if slot.required and name not in node.inputs:
                yield fault("E0805", f"step `{node.name}` has no input `{name}`", node)
        for name, value in node.inputs.items():
            taken = _PARAMETER if slots is None else slots.get(name)
            if is_function(name) and not isinstance(node.operation, PROGRAMS):
                taken = Slot("model")
            if isinstance(value, Item) and not isinstance(node.loop, ForEach):
                message = f"step `{node.name}` takes the item of a loop that it is not in"
                yield fault("E0805", message, node, "what the loop's steps give is a list")
            elif taken is None:
                hint = did_you_mean(name, slots or {})
                yield fault("E0805", f"step `{node.name}` takes no input `{name}`", node, hint)
            elif wrong := self._input_fault(taken, value):
                if slots is None and self._is_model(value):
                    continue  # programs are given its name and version
                yield fault("E0805", f"input `{name}` of step `{node.name}` {wrong}", node)

    def _is_model(self, value: Input) -> bool:
        """Whether it is the model that a step trains."""
        if not isinstance(value, Output):
            return False
        declared = self._outputs.get(value.node, {}).get(value.name)
        return declared is not None and declared.kind == "model"

    def _input_fault(self, slot: Slot, value: Input) -> str | None:
        match value:
            case Output(source, name):
                return self._output_fault(slot, source, name)
            case Relation():
                return None if slot.kind == "dataset" else f"must be a {slot.kind}, not rows"
            case ModelReference():
                return None if slot.kind == "model" else f"must be a {slot.kind}, not a model"
            case Parameter(name):
                known = name in self.workflow.parameters
                return None if known else f"names no parameter: `{name}`"
            case Constant():
                return _unless_parameter(slot.kind, "a constant")
            case RunId() | Item():
                return _unless_parameter(slot.kind, "a text")
            case Outputs(sources, name):
                faults = (self._output_fault(slot, source, name) for source in sources)
                return next(filter(None, faults), None)

    def _output_fault(self, slot: Slot | None, source: str, name: str) -> str | None:
        """slot: what takes it; None for what takes any kind."""
        if source not in self._outputs:
            return f"is of `{source}`, which is not there" if slot is None else None
        declared = self._outputs[source].get(name)
        if declared is None:
            return f"names an output that `{source}` does not declare: `{name}`"
        return (
            None
            if slot is None or declared.kind == slot.kind
            else (f"must be a {slot.kind}, not a {declared.kind}")
        )

    # --- other values ---

    def _value_faults(self, node: Node) -> Iterator[Diagnostic]:
        """Of what a step compares, loops over or finds as files."""
        wrong = (*self._types.condition_faults(node, is_last=node.name in self._exits),
                 *self._types.loop_faults(node))  # fmt: skip
        for told in wrong:
            yield fault("E1098", f"step `{node.name}`: {told}", node)
        compared = [*operands_of(node.guard)]
        match node.loop:
            case ForEach(items=Output() | Parameter() as items):
                compared.append(items)
            case Repeat(condition=condition):
                compared += operands_of(condition)
        for value in compared:
            if message := self._input_fault(_PARAMETER, value):
                yield fault("E0805", f"a condition or loop of step `{node.name}` {message}", node)
        for name, file in node.files.items():
            source = file.source
            if isinstance(source, Output) and source.node in self._nodes:
                message = self._output_fault(None, source.node, source.name)
                if message:
                    yield fault("E0805", f"file `{name}` of step `{node.name}` {message}", node)

    # --- arguments ---

    def _argument_faults(self, node: Node, call: Call) -> Iterator[Diagnostic]:
        called = self._called.get(call.workflow)
        if called is None:
            hint = did_you_mean(call.workflow, self._called)
            message = f"step `{node.name}` calls `{call.workflow}`, which is not there"
            yield fault("E0820", message, node, hint)
            return
        who = f"step `{node.name}` calls `{called.name}`"
        for name in node.inputs.keys() - called.parameters.keys():
            hint = did_you_mean(name, called.parameters)
            yield fault("E0821", f"{who}, which has no parameter `{name}`", node, hint)
        for name, declared in called.parameters.items():
            if name in node.inputs:
                if wrong := self._types.argument_fault(declared.type, node.inputs[name], node):
                    yield fault("E0821", f"{who}, whose parameter `{name}` {wrong}", node)
            elif declared.required:
                yield fault("E0821", f"{who} without its parameter `{name}`", node)
        for output in node.outputs:
            if output.name not in called.outputs:
                hint = did_you_mean(output.name, called.outputs)
                yield fault("E0821", f"{who}, which has no output `{output.name}`", node, hint)

    # --- order ---

    def _order_faults(self, node: Node) -> Iterator[Diagnostic]:
        """Orders that no run can come to."""
        asked: dict[str, set[Status]] = {}
        for name in givers(node):
            asked.setdefault(name, set()).add("succeeded")
        for after in node.after:
            asked.setdefault(after.node, set()).add(after.status)
        for name, statuses in asked.items():
            if not any(statuses <= possible for possible in _POSSIBLE):
                told = " and ".join(sorted(statuses))
                message = f"step `{node.name}` never runs: it needs `{name}` to be {told}"
                yield fault("E0824", message, node)


# What a step that ended in a way counts as.
_POSSIBLE: tuple[frozenset[Status], ...] = (
    frozenset({"succeeded", "passed", "finished"}),
    frozenset({"failed", "finished"}),
    frozenset({"skipped", "passed", "finished"}),
)


def _name_faults(node: Node, seen: set[str]) -> Iterator[Diagnostic]:
    if not NODE_NAME.fullmatch(node.name):
        hint = "a name has up to 58 lower-case letters, digits and `-`, and begins with a letter"
        yield fault("E0802", f"`{node.name}` cannot name a step", node, hint)
    if node.name in seen:
        yield fault("E0803", f"two steps are named `{node.name}`", node)


def _unless_parameter(kind: OutputKind, what: str) -> str | None:
    return None if kind == "parameter" else f"must be a {kind}, not {what}"
