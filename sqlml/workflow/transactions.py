"""The transactions of a program: what lies between BEGIN and COMMIT happens as a whole."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlml.workflow.hashing import normalized_sql
from sqlml.workflow.ir import Node, Query

_BEGINS = frozenset({"BEGIN", "START"})
_COMMITS = frozenset({"COMMIT", "END"})
_ENDS = _COMMITS | {"ABORT", "ROLLBACK"}


def transactions(nodes: Sequence[Node]) -> Iterator[tuple[Node, ...]]:
    """The steps of each transaction, in the order in which they are written.

    Those of one that nothing ends are part of none.
    """
    current: list[Node] | None = None
    for node in nodes:
        word = _word(node)
        if word in _BEGINS and current is None:
            current = []
        if current is not None:
            current.append(node)
            if word in _ENDS:
                yield tuple(current)
                current = None


def is_boundary(node: Node) -> bool:
    """Whether a step begins or ends a transaction."""
    return _word(node) in _BEGINS | _ENDS


def is_undone(steps: Sequence[Node]) -> bool:
    """Whether a transaction leaves the database as it was."""
    return _word(steps[-1]) in _ENDS - _COMMITS


def with_changes(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The steps, where each COMMIT tells the tables that its transaction changes."""
    changed = {
        steps[-1].name: tuple(dict.fromkeys(name for step in steps for name in _changes(step)))
        for steps in transactions(nodes)
        if _word(steps[-1]) in _COMMITS
    }
    return tuple(
        replace(node, operation=replace(node.operation, writes=changed[node.name]))
        if node.name in changed and isinstance(node.operation, Query)
        else node
        for node in nodes
    )


def _changes(node: Node) -> Iterator[str]:
    if isinstance(node.operation, Query):
        yield from node.operation.writes
    yield from (output.target for output in node.outputs if output.kind == "table")


def _word(node: Node) -> str:
    query = node.operation
    if not isinstance(query, Query) or not query.session:
        return ""
    return normalized_sql(query.sql).partition(" ")[0].upper().rstrip(";")
