"""Loops: one step that repeats, or several, which become a workflow that a step calls."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlml.errors import Diagnostic, ProgramError
from sqlml.flow.blocks import Entry, Group
from sqlml.flow.values import ItemOf
from sqlml.workflow.graph import operands_of, watched
from sqlml.workflow.ir import (
    Call,
    Condition,
    ForEach,
    Input,
    Item,
    Loop,
    Node,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Place,
    Repeat,
    ValueType,
    Workflow,
)
from sqlml.workflow.rewiring import Rewiring, Value


class Groups:
    """Makes workflows of loops. parameters: of the whole workflow.

    What a step in a loop gives is, outside of it, an output of the step that calls the loop.
    """

    def __init__(self, parameters: Mapping[str, ParameterDeclaration]) -> None:
        self._parameters = parameters
        self._workflows: dict[str, Workflow] = {}
        self._home: dict[str, str] = {}  # from a step to the call that it runs in
        self._exports: dict[str, dict[str, Output]] = {}  # by call
        self._lists: set[str] = set()  # steps with a loop over items
        self._types: dict[tuple[str, str], ValueType] = {}

    def level(self, entries: Sequence[Entry]) -> list[Node]:
        """The steps of one block; those of loops are in the workflows that they call."""
        nodes = [entry if isinstance(entry, Node) else self._group(entry) for entry in entries]  # type: ignore[arg-type]
        self._types |= {(n.name, o.name): o.type for n in nodes for o in n.outputs}
        inside = {node.name for node in nodes}
        wires = Rewiring(
            lambda value: self._lifted(value, inside), lambda step: self._outermost(step, inside)
        )
        return [wires.node(node) for node in nodes]

    def finished(self, workflow: Workflow) -> Workflow:
        """The workflow with those that it calls, when all that is taken from them is known."""
        called = tuple(
            replace(one, nodes=self._declared(one.nodes), outputs=self._exports[one.name])
            for one in self._workflows.values()
        )
        return replace(
            workflow,
            nodes=self._declared(workflow.nodes),
            on_exit=self._declared(workflow.on_exit),
            workflows=called,
        )

    def _declared(self, nodes: Sequence[Node]) -> tuple[Node, ...]:
        return tuple(
            replace(node, outputs=self._outputs(node.name)) if node.name in self._exports else node
            for node in nodes
        )

    def _outputs(self, call: str) -> tuple[OutputDeclaration, ...]:
        exports = self._exports[call].items()
        return tuple(
            OutputDeclaration(name, "parameter", type=self._type(output))
            for name, output in exports
        )

    def _type(self, output: Output) -> ValueType:
        if output.node in self._lists:
            return "json"
        if output.node in self._exports:
            return self._type(self._exports[output.node][output.name])
        return self._types.get((output.node, output.name), "text")

    # --- loops ----------------------------------------------------------------------------

    def _group(self, group: Group) -> Node:
        nodes = self.level(group.entries)
        if isinstance(group.loop, ForEach):
            self._lists.add(nodes[0].name if _is_alone(nodes) else group.name)
        node = nodes[0]
        if _is_alone(nodes):
            made = replace(_with_items(node, group.name), guard=group.guard)
            loop = self._loop(group, {node.name})
            return replace(made, loop=loop, after=(*made.after, *group.after))
        return self._call(group, nodes)

    def _call(self, group: Group, nodes: Sequence[Node]) -> Node:
        inside = {node.name for node in nodes}
        self._exports[group.name] = {}
        for name in inside:
            self._home[name] = group.name
        taken: dict[str, Value] = {}

        def value(value: Value) -> Value:
            if isinstance(value, Output) and value.node in inside:
                return value
            is_own = isinstance(value, ItemOf) and value.loop == group.name
            given = Item(value.field) if is_own and isinstance(value, Item) else value
            name = _unused(_named(value), given, taken)
            taken[name] = given
            return Parameter(name)

        _check_statuses(nodes, inside, group)
        wires = Rewiring(value, lambda step: step if step in inside else None)
        body = tuple(wires.node(node) for node in nodes)
        inner = Workflow(group.name, body, place=group.place)
        declared = {
            n: ParameterDeclaration(self._taken(v), required=True) for n, v in taken.items()
        }
        self._workflows[group.name] = replace(inner, parameters=declared)
        inputs: dict[str, Input] = dict(taken)
        waits = dict.fromkeys(a for n in nodes for a in n.after if a.node not in inside)
        return Node(
            group.name,
            Call(group.name),
            inputs,
            after=(*group.after, *waits),
            guard=group.guard,
            loop=self._loop(group, {group.name}),
            place=group.place,
        )

    def _loop(self, group: Group, inside: set[str]) -> Loop | None:
        """The loop; what its condition compares are outputs of the step that repeats."""
        if not isinstance(group.loop, Repeat):
            return group.loop
        wires = Rewiring(lambda value: self._lifted(value, inside), lambda step: step)
        condition = wires.condition(group.loop.condition)
        _check_condition(condition, inside, group)
        return Repeat(condition, group.loop.limit)

    def _taken(self, value: Value) -> ValueType:
        match value:
            case Parameter(name):
                declared = self._parameters.get(name)
                return declared.type if declared else "text"
            case Output():
                return self._type(value)
            case Item():
                return "text"

    # --- across loops ---------------------------------------------------------------------

    def _lifted(self, value: Value, inside: set[str]) -> Value:
        """What a value of a step in a loop is called outside of it."""
        while isinstance(value, Output) and value.node not in inside and value.node in self._home:
            call = self._home[value.node]
            name = value.name if value.node in self._exports else f"{value.node}-{value.name}"
            self._exports[call][name] = value
            value = Output(call, name)
        return value

    def _outermost(self, step: str, inside: set[str]) -> str:
        while step not in inside and step in self._home:
            step = self._home[step]
        return step


def _is_alone(nodes: Sequence[Node]) -> bool:
    """Whether it is one step that can have the loop itself."""
    return len(nodes) == 1 and nodes[0].guard is None and nodes[0].loop is None


def _with_items(node: Node, loop: str) -> Node:
    """A step that repeats by itself: the loop's item is its own."""

    def own(value: Value) -> Value:
        return Item(value.field) if isinstance(value, ItemOf) and value.loop == loop else value

    return Rewiring(own, lambda step: step).node(node)


def _named(value: Value) -> str:
    match value:
        case Output(node, name):
            return f"{node}-{name}"
        case Parameter(name):
            return name
        case Item(field=field):
            return f"item-{field}" if field else "item"


def _unused(name: str, given: Value, taken: Mapping[str, Value]) -> str:
    base, number = name, 1
    while name in taken and taken[name] != given:
        number += 1
        name = f"{base}-{number}"
    return name


def _check_statuses(nodes: Sequence[Node], inside: set[str], group: Group) -> None:
    for node in nodes:
        for step in watched(node.guard):
            if step not in inside:
                hint = f"put the loop into a `with flow.when(…)` that asks for `{step}`"
                message = "a step in a loop cannot ask for the status of a step outside of it"
                raise _fault(message, node.place or group.place, hint)


def _check_condition(condition: Condition, inside: set[str], group: Group) -> None:
    compared = [one for one in operands_of(condition) if isinstance(one, Output)]
    if not compared or any(one.node not in inside for one in compared):
        message = "`until` compares what steps in the loop give"
        raise _fault(message, group.place, "return the value from a step in the loop")
    if any(watched(condition)):
        message = "`until` compares values, and cannot ask for a step's status"
        raise _fault(message, group.place, "return the value from a step in the loop")


def _fault(message: str, place: Place, hint: str) -> ProgramError:
    label = f"at {place.file}:{place.line}:{place.column}"
    return ProgramError(Diagnostic("E0763", message, label=label, hint=hint))
