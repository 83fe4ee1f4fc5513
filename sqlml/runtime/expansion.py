"""Loops and calls as plain steps: a round is the step itself without its loop, a call its workflow.

All steps of a run share one name space: round 0 of `train` is `train.0`, and step `train` of the
workflow that `group` calls is `group.train`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.workflow.ir import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Constant,
    ForEach,
    HasStatus,
    Item,
    Json,
    Node,
    Not,
    Output,
    Outputs,
    Parameter,
    Range,
    Status,
    StepOf,
    Workflow,
)
from sqlml.workflow.rewiring import renaming

Change = Callable[[Any], Any]  # of an input, or of what a condition compares


def items_of(loop: ForEach, value: Json) -> tuple[Json, ...]:
    """What a loop goes over. value: that of its items; not needed for a range.

    Raises:
        StepError: E0682, it is no list.
    """
    if isinstance(loop.items, Range):
        return tuple(range(loop.items.start, loop.items.stop, loop.items.step))
    if isinstance(value, str):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, list | tuple):
        return tuple(value)
    message = f"a loop goes over the items of a list, and this is none: {value!r}"
    hint = "print a list as JSON: `[1, 2, 3]`"
    raise StepError(Diagnostic("E0682", message, hint=hint))


def round_of(node: Node, number: int, item: Json = None) -> Node:
    """A round of a step's loop.

    Raises:
        StepError: E0682, the item has no such field.
    """

    def change(value: Any) -> Any:
        return Constant(_field(item, value.field)) if isinstance(value, Item) else value

    guard = node.guard if isinstance(node.loop, ForEach) else None
    if guard is not None:
        guard = _condition(guard, change, lambda asked: asked)
    return replace(
        node,
        name=f"{node.name}.{number}",
        inputs={name: change(value) for name, value in node.inputs.items()},
        guard=guard,
        loop=None,
    )


def _field(item: Json, field: str) -> Json:
    if not field:
        return item
    if isinstance(item, Mapping) and field in item:
        return item[field]
    known = ", ".join(map(str, item)) if isinstance(item, Mapping) else ""
    hint = f"it has {known}" if known else "only objects have fields"
    raise StepError(Diagnostic("E0682", f"the item {item!r} has no field `{field}`", hint=hint))


@dataclass(frozen=True, slots=True)
class Caller:
    """A step that calls a workflow. arguments: by parameter. has: whether what it calls has ended
    with a status, which its steps on exit may ask for. elsewhere: the names of the steps that nodes
    of what it calls stand for.
    """

    name: str
    arguments: Mapping[str, Json]
    has: Callable[[Status], bool] = lambda _status: False
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def inner(self, name: str) -> str:
        """The name of a step of the workflow as a part of this one."""
        return self.elsewhere.get(name) or f"{self.name}.{name}"

    def change(self, value: Any) -> Any:
        match value:
            case Parameter(name=parameter):
                return Constant(self.arguments[parameter])
            case Output(node=node, name=output):
                return Output(self.inner(node), output)
            case Outputs(nodes=nodes, name=output):
                return Outputs(tuple(map(self.inner, nodes)), output)
            case _:
                return value

    def status(self, asked: HasStatus) -> Condition:
        if asked.node:
            return replace(asked, node=self.inner(asked.node))
        return AllOf(()) if self.has(asked.status) else AnyOf(())


def called(
    workflow: Workflow, nodes: Sequence[Node], caller: Caller, among: str = ""
) -> list[Node]:
    """Nodes of a workflow as parts of the step that calls it.

    among: the step that is made of the parts of which some nodes stand for steps; empty for the
    run.
    """
    caller = replace(caller, elsewhere=_stood_for(nodes, f"{among}." if among else ""))
    own = (node for node in nodes if not isinstance(node.operation, StepOf))
    return [_rewritten(node, caller, workflow) for node in own]


def last_nodes(workflow: Workflow) -> tuple[Node, ...]:
    """The steps that run when all others have ended."""
    own = (node for node in workflow.on_exit if not isinstance(node.operation, StepOf))
    return tuple(map(renaming(_stood_for(workflow.on_exit, "")).node, own))


def _stood_for(nodes: Sequence[Node], prefix: str) -> dict[str, str]:
    """The names of the steps that some nodes stand for."""
    return {
        node.name: f"{prefix}{node.operation.part}.{node.name}"
        for node in nodes
        if isinstance(node.operation, StepOf)
    }


def _rewritten(node: Node, caller: Caller, workflow: Workflow) -> Node:
    change = caller.change
    loop = node.loop
    if isinstance(loop, ForEach):
        loop = replace(loop, items=change(loop.items))
    elif loop is not None:
        loop = replace(loop, condition=_condition(loop.condition, change, caller.status))
    files = {name: replace(file, source=change(file.source)) for name, file in node.files.items()}
    return replace(
        node,
        name=caller.inner(node.name),
        inputs={name: change(value) for name, value in node.inputs.items()},
        after=tuple(replace(after, node=caller.inner(after.node)) for after in node.after),
        guard=_condition(node.guard, change, caller.status) if node.guard else None,
        loop=loop,
        files=files,
        retry=node.retry or workflow.retry,
    )


def _condition(
    condition: Condition, change: Change, status: Callable[[HasStatus], Condition]
) -> Condition:
    match condition:
        case Comparison(left=left, right=right):
            return replace(condition, left=change(left), right=change(right))
        case HasStatus():
            return status(condition)
        case AllOf(terms=terms) | AnyOf(terms=terms):
            changed = tuple(_condition(term, change, status) for term in terms)
            return replace(condition, terms=changed)
        case Not(term=term):
            return Not(_condition(term, change, status))
