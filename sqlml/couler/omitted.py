"""Steps that Argo omits: those whose terms of dependencies do not hold.

Argo runs nothing that plainly depends on an omitted step, but what depends on one that its `when`
skipped. Terms such as `A.Failed || B.Failed` become a condition here, which is not to be taken for
a `when`.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlml.workflow.graph import is_of_order
from sqlml.workflow.ir import AllOf, AnyOf, Condition, HasStatus, Node, Not


def with_omissions(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The steps; what plainly depends on one that can be omitted needs it to have succeeded."""
    nodes = tuple(nodes)
    omitted = {node.name for node in nodes if node.guard and is_of_order(node.guard)}
    return tuple(_after(node, omitted) for node in nodes) if omitted else nodes


def _after(node: Node, omitted: set[str]) -> Node:
    after = tuple(
        replace(one, status="succeeded") if one.node in omitted and one.status == "passed" else one
        for one in node.after
    )
    return replace(node, after=after, guard=node.guard and _mended(node.guard, omitted))


def _mended(condition: Condition, omitted: set[str]) -> Condition:
    match condition:
        case HasStatus("passed", name) if name in omitted:
            return HasStatus("succeeded", name)
        case AllOf(terms):
            return AllOf(tuple(_mended(term, omitted) for term in terms))
        case AnyOf(terms):
            return AnyOf(tuple(_mended(term, omitted) for term in terms))
        case Not(term):
            return Not(_mended(term, omitted))
        case _:
            return condition
