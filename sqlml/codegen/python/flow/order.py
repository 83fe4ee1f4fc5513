"""From which step on a script goes on when steps fail: where that makes a difference."""

from collections.abc import Iterator, Mapping, Sequence

from sqlml.codegen.python.flow.scope import guarded_together
from sqlml.workflow.graph import givers, watched
from sqlml.workflow.ir import Comparison, Condition, Constant, Node, Not
from sqlml.workflow.operations import PROGRAMS


def first_apart(nodes: Sequence[Node], last: Sequence[Node] = ()) -> int:
    """The place of the first step from which on a step's end is noted, and others go on.

    Before it, a step that fails ends the script, and one whose condition does not hold is an `if`:
    as it would be without a script, nothing else could run, or nothing asks how the step ended.
    Statements of SQL end the script when they fail, unless something asks for that.

    last: steps on exit.
    """
    every = [*nodes, *last]
    asked = {name for one in every for name in _asked_about(one)}
    asked |= {giver for one in last for giver in givers(one)}
    required = {one.name: {*_required(one)} for one in nodes}
    for i, node in enumerate(nodes):
        later = nodes[i + 1 :]
        if node.name in asked:
            return i
        if isinstance(node.operation, PROGRAMS) and not _ends_all(node, later, required):
            return i
        if node.guard is not None and not _is_free(node, later):
            return i
    return len(nodes)


def _required(node: Node) -> Iterator[str]:
    """The steps that must not have failed for this one to run."""
    yield from givers(node)
    yield from (one.node for one in node.after if one.status in ("succeeded", "passed"))


def _ends_all(node: Node, later: Sequence[Node], required: Mapping[str, set[str]]) -> bool:
    """Whether none of the later steps can run when this one fails."""
    ended = {node.name}
    for one in later:
        if ended & required[one.name]:
            ended.add(one.name)
        elif not _exclude(node.guard, one.guard):
            return False
    return True


def _asked_about(node: Node) -> Iterator[str]:
    """The steps about which one asks how they have ended, other than well."""
    yield from (one.node for one in node.after if one.status not in ("succeeded", "passed"))
    yield from watched(node.guard)


def _is_free(node: Node, later: Sequence[Node]) -> bool:
    """Whether an `if` is enough for a step with a condition.

    It is where no other step needs it, or only those that have its condition, and others in turn
    do not wait for them.
    """
    for one in later:
        if any(after.node == node.name and after.status == "succeeded" for after in one.after):
            return False
        if node.name in givers(one) and (
            not {*map(repr, guarded_together(one.guard))}.issuperset(
                map(repr, guarded_together(node.guard))
            )
            or any(after.node == one.name for other in later for after in other.after)
        ):
            return False
    return True


def _exclude(one: Condition | None, other: Condition | None) -> bool:
    """Whether two conditions cannot both hold."""
    pairs = [(a, b) for a in guarded_together(one) for b in guarded_together(other)]
    return any(a == Not(b) or b == Not(a) or _differ(a, b) for a, b in pairs)


def _differ(one: Condition, other: Condition) -> bool:
    """Whether the same is to be two things."""
    match one, other:
        case (
            Comparison(left, "==", Constant(str() as a)),
            Comparison(right, "==", Constant(str() as b)),
        ):
            return left == right and a != b
        case _:
            return False
