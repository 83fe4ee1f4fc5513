"""The workflow that has been written, as a value of the IR."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from sqlml.errors import Diagnostic, ProgramError
from sqlml.flow.blocks import Entry, Group, Sql
from sqlml.flow.groups import Groups
from sqlml.flow.options import Made
from sqlml.flow.values import ItemOf
from sqlml.planner.logical_plan import LogicalPlan
from sqlml.source import Span
from sqlml.workflow.graph import in_order
from sqlml.workflow.ir import (
    After,
    Condition,
    Constant,
    Input,
    ModelReference,
    Node,
    Output,
    OutputDeclaration,
    Workflow,
)
from sqlml.workflow.rewiring import Rewiring, Value

if TYPE_CHECKING:
    from sqlml.flow.recording import Flow


class Merge:
    """The steps that statements of SQL became, and all others, as one workflow."""

    def __init__(self, flow: "Flow", plan: LogicalPlan, lowered: Workflow) -> None:
        self._flow = flow
        self._planned = {node.name: node for node in lowered.nodes}
        self._steps = _steps_by_statement([*flow.statements()], plan)
        self._names = self._final_names()
        self._renaming = Rewiring(self._renamed, lambda step: self._names[step])

    def workflow(self) -> Workflow:
        """All of it, its steps in an order in which they can run."""
        flow = self._flow
        entries = [*self._entries(flow.root.entries)]
        exits = [*self._entries(flow.exits.entries)]
        groups = Groups(flow.parameters)
        nodes = groups.level(entries)
        before = {node.name: node for node in nodes}
        whole = replace(
            flow.settings,
            nodes=tuple(nodes),
            on_exit=tuple(_at_exit(node, before) for node in groups.level(exits)),
            parameters=dict(flow.parameters),
        )
        whole = groups.finished(whole)
        ordered = in_order(whole)
        return whole if ordered is whole.nodes else replace(whole, nodes=ordered)

    def _final_names(self) -> dict[str, str]:
        """Steps of SQL are named as in any program; others give way to them."""
        names = {written: steps[-1] for written, steps in self._steps.items()}
        taken = set(self._planned)
        for name in sorted(self._flow.names.keys() - names.keys()):
            free = next(n for n in _numbered(name) if n not in taken)
            taken.add(free)
            names[name] = free
        return names

    def _entries(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        for entry in entries:
            match entry:
                case Sql():
                    yield from self._of_statement(entry)
                case Group():
                    yield replace(
                        entry,
                        name=self._names[entry.name],
                        entries=[*self._entries(entry.entries)],
                        guard=self._condition(entry.guard),
                        loop=self._renaming.loop(entry.loop),
                        after=(*self._waits(entry.name),),
                    )
                case Node():
                    yield self._of_program(entry)

    def _of_statement(self, entry: Sql) -> Iterator[Node]:
        """Its steps; conditions and what it waits for hold for all of them."""
        guard = self._condition(entry.guard)
        names = self._steps[entry.name]
        given = tuple(
            OutputDeclaration(name, "parameter", type=type)
            for name, type in entry.step.outputs.items()
        )
        for name in names:
            node = self._planned[name]
            outputs = (*node.outputs, *(given if name == names[-1] else ()))
            after = (*node.after, *self._waits(entry.name))
            yield replace(node, outputs=outputs, after=after, guard=guard, place=entry.place)

    def _of_program(self, node: Node) -> Node:
        made = [value for value in node.inputs.values() if isinstance(value, Made)]
        inputs: dict[str, Input] = {
            name: Constant(value.value) if isinstance(value, Made) else value
            for name, value in node.inputs.items()
        }
        moved = self._renaming.node(replace(node, inputs=inputs))
        makers = dict.fromkeys(After(self._names[value.step]) for value in made)
        after = (*makers, *self._waits(node.name))
        return replace(moved, name=self._names[node.name], after=after)

    def _waits(self, name: str) -> Iterator[After]:
        for after in dict.fromkeys(self._flow.after.get(name, ())):
            yield replace(after, node=self._names[after.node])

    def _renamed(self, value: Value) -> Value:
        if isinstance(value, Output):
            return replace(value, node=self._names[value.node])
        return replace(value, loop=self._names[value.loop]) if isinstance(value, ItemOf) else value

    def _condition(self, condition: Condition | None) -> Condition | None:
        return None if condition is None else self._renaming.condition(condition)


def _steps_by_statement(statements: Sequence[Sql], plan: LogicalPlan) -> dict[str, Sequence[str]]:
    """The names of each statement's steps, the one that does it last."""
    steps = plan.nodes_by_statement()
    found: dict[str, list[tuple[int, Span]]] = {}
    by_source = {id(entry.source): entry for entry in statements}
    for index, operator in enumerate(plan.operators):
        entry = by_source[id(operator.span.source.written)]
        found.setdefault(entry.name, []).append((index, operator.span))
    for entry in statements:
        spans = [span for _, span in found.get(entry.name, [])]
        if len(spans) != 1:
            text = entry.source.text
            start = len(text) - len(text.lstrip())
            span = spans[1] if spans else Span(entry.source, start, len(text))
            hint = "write one `flow.sql(…)` for each statement"
            raise ProgramError(Diagnostic("E0767", "a step is one statement", span, hint=hint))
    return {name: steps[where[0][0]] for name, where in found.items()}


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def _at_exit(node: Node, before: Mapping[str, Node]) -> Node:
    """A step that runs when all others have ended: it need not wait, and models are stored."""

    def stored(value: Input) -> Input:
        if isinstance(value, Output) and value.node in before:
            made = {o.name: o for o in before[value.node].outputs}.get(value.name)
            if made is not None and made.kind == "model":
                return ModelReference(made.target)
        return value

    return replace(
        node,
        inputs={name: stored(value) for name, value in node.inputs.items()},
        after=tuple(after for after in node.after if after.node not in before),
    )
