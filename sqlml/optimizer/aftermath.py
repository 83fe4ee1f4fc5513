"""What a run has done behind a step: why the data may differ that the step met, and rightly so."""

from collections.abc import Callable, Iterator, Sequence

from sqlml.optimizer.effects import bare, moves, tables_changed, tables_left, tables_read
from sqlml.workflow.ir import Node


class Aftermath:
    """nodes: of the workflow. has_done: whether the run has done one. is_view: of a name."""

    def __init__(
        self,
        nodes: Sequence[Node],
        has_done: Callable[[Node], bool],
        is_view: Callable[[str], bool],
    ) -> None:
        self._nodes = nodes
        self._has_done = has_done
        self._is_view = is_view

    def moves(self, node: Node, table: str) -> bool:
        """Whether the run has dropped a table that `node` has left, or given it another name."""
        return any(moves(later, table) for later in self._behind(node))

    def touches(self, node: Node) -> bool:
        """Whether the run has changed what `node` had read or made, if only by `node` itself."""
        names = {*tables_read(node), *tables_left(node)}
        known = {bare(name) for name in names}
        if not {*map(bare, tables_read(node))}.isdisjoint(map(bare, tables_left(node))):
            return True
        has_views = any(map(self._is_view, names))
        return any(
            changed is None or (changed and (has_views or known & {*map(bare, changed)}))
            for changed in map(tables_changed, self._behind(node))
        )

    def _behind(self, node: Node) -> Iterator[Node]:
        nodes = iter(self._nodes)
        if any(each.name == node.name for each in nodes):
            yield from filter(self._has_done, nodes)
