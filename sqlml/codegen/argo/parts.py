"""Workflows with more steps than one graph of Argo holds, as graphs of graphs.

A part starts when those that it needs have succeeded; what passes from part to part are
parameters. So steps with links that are neither values nor plain order are kept in one part.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlml.codegen.argo.templates import place_of
from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.cutting import bonds, cut
from sqlml.workflow.graph import Links, in_order, links_of
from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
    Call,
    Comparison,
    Condition,
    ForEach,
    Input,
    Node,
    Not,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Repeat,
    RunId,
    Workflow,
)
from sqlml.workflow.parts import groups_of, joined

RUN = "run-id"
_OF_WORKFLOW = frozenset({Parameter, RunId})


def in_parts(
    workflow: Workflow, size: int, name: str, *, apart: bool = False, as_written: bool = False
) -> Workflow:
    """The same workflow as calls of parts of at most `size` steps; itself if it has no more.

    name: what the parts' names begin with. apart: each becomes an object of its own, which knows
    the run by what the whole calls it. A workflow that is in parts already keeps them as those.
    as_written: they are slices of the order of the steps.

    Raises:
        ProgramError: E0728 what passes between steps of two parts cannot.
    """
    groups = groups_of(workflow) if apart else ()
    if not groups and len(workflow.nodes) <= size:
        return workflow
    workflow = joined(workflow) if groups else workflow
    links = links_of(workflow.nodes)
    if groups:
        nodes = {node.name: node for node in workflow.nodes}
        slices = [[nodes[name] for name in group] for group in groups]
    else:
        ordered = in_order(workflow, links)
        sizes = [(1.0,)] * len(ordered)
        slices = cut(ordered, sizes, (float(size),), links=links, as_written=as_written)
    names = [f"{name}-{number}" for number in range(1, len(slices) + 1)]
    where = {node.name: names[i] for i, part in enumerate(slices) for node in part}
    cuts = [_Cut(name, where, links, apart) for name in names]
    moved = [[one.node(node) for node in part] for one, part in zip(cuts, slices, strict=True)]
    taken = {(o.node, o.name) for one in cuts for o in one.taken.values() if isinstance(o, Output)}
    taken |= {(output.node, output.name) for output in workflow.outputs.values()}
    calls, parts = [], []
    for one, inner, part in zip(cuts, moved, slices, strict=True):
        outputs = {
            f"{n.name}-{o.name}": (n, o)
            for n in part
            for o in n.outputs
            if (n.name, o.name) in taken
        }
        calls.append(_call(one, outputs, where, apart=apart))
        given = {key: Output(n.name, o.name) for key, (n, o) in outputs.items()}
        declared = {key: ParameterDeclaration(required=True) for key in one.taken}
        parts.append(Workflow(one.name, tuple(inner), declared, given))
    return replace(
        workflow,
        nodes=tuple(calls),
        outputs={key: _moved(output, where) for key, output in workflow.outputs.items()},
        workflows=(*workflow.workflows, *parts),
        ext={**workflow.ext, "argo": {**workflow.ext.get("argo", {}), "layout": "dag"}},
    )


def _call(
    cut: "_Cut",
    outputs: Mapping[str, tuple[Node, OutputDeclaration]],
    where: Mapping[str, str],
    *,
    apart: bool,
) -> Node:
    inputs = {
        key: _moved(value, where) if isinstance(value, Output) else value
        for key, value in cut.taken.items()
    }
    return Node(
        cut.name,
        Call(cut.name),
        inputs,
        tuple(OutputDeclaration(key, "parameter", type=o.type) for key, (_, o) in outputs.items()),
        tuple(After(name) for name in cut.before),
        ext={"argo": {"apart": True}} if apart else {},
    )


def _moved(output: Output, where: Mapping[str, str]) -> Output:
    """The output of a part that an output of a step in it becomes."""
    return Output(where[output.node], f"{output.node}-{output.name}")


def _takes_of_workflow(node: Node) -> bool:
    """Whether a step may take what belongs to the whole workflow."""
    if node.guard is not None or node.loop is not None:
        return True
    return not _OF_WORKFLOW.isdisjoint(map(type, node.inputs.values()))


@dataclass
class _Cut:
    """Takes steps out of a workflow and into a part. taken: what the part is given, by name."""

    name: str
    where: Mapping[str, str]
    links: Links
    apart: bool
    taken: dict[str, Input] = field(default_factory=dict)
    before: dict[str, None] = field(default_factory=dict)  # the parts that it comes after

    def node(self, node: Node) -> Node:
        parts = map(self.where.__getitem__, self.links[node.name])
        elsewhere = [part for part in parts if part != self.name]
        if not elsewhere and not _takes_of_workflow(node):
            return node
        if elsewhere and (faults := [*self._faults(node)]):
            raise ProgramError(*faults)
        self.before |= dict.fromkeys(elsewhere)
        loop = node.loop
        if isinstance(loop, ForEach) and isinstance(loop.items, Output | Parameter):
            loop = replace(loop, items=self._value(loop.items))
        elif isinstance(loop, Repeat):
            loop = replace(loop, condition=self._condition(loop.condition))
        return replace(
            node,
            inputs={name: self._value(value) for name, value in node.inputs.items()},
            after=tuple(after for after in node.after if not self._is_elsewhere(after.node)),
            guard=None if node.guard is None else self._condition(node.guard),
            loop=loop,
        )

    def _is_elsewhere(self, name: str) -> bool:
        return self.where[name] != self.name

    def _value(self, value: Any) -> Any:
        match value:
            case Output(node=node, name=name) if self._is_elsewhere(node):
                return self._take(f"{node}-{name}", value)
            case Parameter(name=name):
                return self._take(name, value)
            case RunId() if self.apart:
                return self._take(RUN, value)
            case _:
                return value

    def _take(self, name: str, value: Input) -> Parameter:
        while self.taken.get(name, value) != value:
            name += "-2"
        self.taken[name] = value
        return Parameter(name)

    def _condition(self, condition: Condition) -> Condition:
        match condition:
            case Comparison(left=left, comparator=comparator, right=right):
                return Comparison(self._value(left), comparator, self._value(right))
            case AllOf(terms=terms):
                return AllOf(tuple(map(self._condition, terms)))
            case AnyOf(terms=terms):
                return AnyOf(tuple(map(self._condition, terms)))
            case Not(term=term):
                return Not(self._condition(term))
            case _:
                return condition

    def _faults(self, node: Node) -> Iterator[Diagnostic]:
        """What cannot pass from one part to another."""
        for what, name in bonds(node):
            if self._is_elsewhere(name):
                message = (
                    f"step `{node.name}` {what} `{name}`, which is in another part of the workflow,"
                    f" whose {len(self.where):,} steps are more than one part may have"
                )
                hint = "write the two into a sub-workflow, or allow larger parts"
                yield Diagnostic("E0728", message, label=place_of(node), hint=hint)
