"""size: ask for the memory that a step needs by all that is known, so that what runs fits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlml.optimizer.history import History
from sqlml.store.runs import MemoryUse
from sqlml.workflow.ir import Node, Workflow

_GRANULE = 2**20  # bytes: requests are whole numbers of these


@dataclass(frozen=True, slots=True)
class Size:
    """Each step asks for the memory that would have wasted the least in its earlier runs.

    A step that was never run, or whose request is the user's own, is left as it is.
    """

    history: History

    def __call__(self, workflow: Workflow) -> Workflow:
        return replace(workflow, nodes=tuple(self._sized(node) for node in workflow.nodes))

    def _sized(self, node: Node) -> Node:
        if node.resources.memory_limit is not None:
            return node
        uses = self.history.memory_uses(node)
        if not uses:
            return node
        memory = expected(uses, self.history.experience().price)
        return replace(node, resources=replace(node.resources, memory=memory, estimated=True))


def expected(uses: Sequence[MemoryUse], price: float, size: float | None = None) -> int:
    """The bytes to ask for. uses: of the type, not empty. size: of the step's input, if known.

    Until the input can be looked at, it is taken to be what it was the last time.
    """
    import numpy as np  # most programs have steps without a history

    from sqlml.optimizer.sizing.newsvendor import Past, choose

    latest = uses[-1]
    alike = [float(use.attributes == latest.attributes) for use in uses]
    past = Past(
        np.array([use.peak for use in uses], dtype=float),
        np.array([use.seconds for use in uses], dtype=float),
        np.array([use.size for use in uses], dtype=float),
        np.array(alike),
    )
    known = latest.size if size is None else size
    asked = choose(past, np.nan if known is None else known, 1.0, price=price)
    return -int(-asked.bytes // _GRANULE) * _GRANULE
