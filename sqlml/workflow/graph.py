"""What a workflow means as a graph: who waits for whom, and whether it can run at all."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.ir import (
    AllOf,
    Alter,
    AnyOf,
    Check,
    Comparison,
    Condition,
    Evaluate,
    Explain,
    ForEach,
    HasStatus,
    Job,
    Manage,
    ModelReference,
    Node,
    Not,
    Operand,
    Output,
    OutputKind,
    Outputs,
    Predict,
    Query,
    Run,
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
    found = givers(node)
    if node.guard is not None:
        found += watched(node.guard)
    if node.after:
        found += [after.node for after in node.after]
    if node.same_as and not isinstance(node.operation, PROGRAMS):
        found.append(node.same_as)
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)


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


def givers(node: Node) -> list[str]:
    """The nodes whose outputs a node takes, in its guard too."""
    found: list[str] = []
    for value in node.inputs.values():
        if isinstance(value, Output):
            found.append(value.node)
        elif isinstance(value, Outputs):
            found += value.nodes
    if node.guard is not None:
        found += [output.node for output in compared(node.guard)]
    if isinstance(node.loop, ForEach) and isinstance(node.loop.items, Output):
        found.append(node.loop.items.node)
    if node.files:
        sources = (file.source for file in node.files.values())
        found += [source.node for source in sources if isinstance(source, Output)]
    return found


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


def is_of_order(condition: Condition) -> bool:
    """Whether a condition asks for nothing but how steps ended."""
    return next(operands_of(condition), None) is None


Links = Mapping[str, tuple[str, ...]]  # by node, what it needs


def links_of(nodes: Iterable[Node]) -> Links:
    return {node.name: needs(node) for node in nodes}


def in_order(workflow: Workflow, links: Links | None = None) -> tuple[Node, ...]:
    """The nodes as they are written, if each comes after all it needs; else in such an order.

    links: of the nodes, where they are known.

    Raises:
        ProgramError: the nodes need each other in a circle.
    """
    seen: set[str] = set()
    for node in workflow.nodes:
        if not seen.issuperset(needs(node) if links is None else links[node.name]):
            return topological_order(workflow)
        seen.add(node.name)
    return workflow.nodes


def topological_order(workflow: Workflow) -> tuple[Node, ...]:
    """Nodes such that each comes after all it needs; the written order wherever that is free.

    What they need that is not among them is left to `verify`.

    Raises:
        ProgramError: the nodes need each other in a circle.
    """
    by_name = {node.name: node for node in workflow.nodes}
    rank = {node.name: i for i, node in enumerate(workflow.nodes)}
    links = {n.name: [one for one in needs(n) if one in by_name] for n in workflow.nodes}
    sorter = TopologicalSorter(links)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = [by_name[name] for name in reversed(error.args[1])]
        told = " → ".join(node.name for node in circle)
        placed = next((node for node in circle if node.place), None)
        raise ProgramError(
            fault("E0806", f"steps need each other in a circle: {told}", placed)
        ) from error
    ordered: list[Node] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=rank.__getitem__)
        ordered.extend(by_name[name] for name in ready)
        sorter.done(*ready)
    return tuple(ordered)


def fault(
    code: str, message: str, about: Node | Workflow | None = None, hint: str = ""
) -> Diagnostic:
    """What is wrong with a step or a workflow, at its place in the user's program."""
    return Diagnostic(code, message, label=label_of(about), hint=hint)


def label_of(about: Node | Workflow | None) -> str:
    """Where a step stands in the user's program, or a workflow begins; empty where nobody knows."""
    place = about.place if about is not None else None
    if place is None and isinstance(about, Workflow):
        every = (*about.nodes, *about.on_exit)
        place = next((node.place for node in every if node.place is not None), None)
    return f"at {place.file}:{place.line}:{place.column}" if place else ""
