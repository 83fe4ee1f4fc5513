"""Which steps of a workflow may start, kept up to date as steps end; linear in the edges."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from heapq import heappop, heappush

from sqlml.runtime.report import StepStatus
from sqlml.workflow.graph import givers, needs
from sqlml.workflow.ir import Node, Status, Workflow

_SATISFIES: Mapping[StepStatus, frozenset[Status]] = {
    "succeeded": frozenset({"succeeded", "finished"}),
    "reused": frozenset({"succeeded", "finished"}),
    "failed": frozenset({"failed", "finished"}),
    "skipped": frozenset({"skipped", "finished"}),
    "interrupted": frozenset({"finished"}),
}


class States:
    """Steps that wait, are ready, or have ended. Ready ones come in the order of the workflow.

    Light steps and others queue apart, so that neither waits behind the other.
    """

    def __init__(self, workflow: Workflow, is_light: Callable[[Node], bool]) -> None:
        self._nodes = workflow.nodes
        self._rank = {node.name: rank for rank, node in enumerate(workflow.nodes)}
        self._missing = [len(needs(node)) for node in workflow.nodes]
        self._dependents: list[list[int]] = [[] for _ in workflow.nodes]
        for rank, node in enumerate(workflow.nodes):
            for name in needs(node):
                self._dependents[self._rank[name]].append(rank)
        self._ended: dict[str, StepStatus] = {}
        self._is_light = is_light
        self._light: list[int] = []
        self._heavy: list[int] = []
        for rank, missing in enumerate(self._missing):
            if not missing:
                self._make_ready(rank)

    @property
    def all_ended(self) -> bool:
        return len(self._ended) == len(self._nodes)

    def take_light(self) -> Node | None:
        """The first light step that is ready, which then is so no longer."""
        return self._nodes[heappop(self._light)] if self._light else None

    def take_heavy(self) -> Node | None:
        """The first other step that is ready, which then is so no longer."""
        return self._nodes[heappop(self._heavy)] if self._heavy else None

    def take_first(self) -> Node | None:
        """The first step of either sort that is ready, which then is so no longer."""
        if self._light and (not self._heavy or self._light[0] < self._heavy[0]):
            return self.take_light()
        return self.take_heavy()

    def end(self, name: str, status: StepStatus) -> Iterator[tuple[Node, str]]:
        """Note that a step has ended; gives the steps that now can never run, and why."""
        ended = deque([(name, status)])
        while ended:
            name, status = ended.popleft()
            self._ended[name] = status
            for rank in self._dependents[self._rank[name]]:
                self._missing[rank] -= 1
                if self._missing[rank]:
                    continue
                node = self._nodes[rank]
                reason = self._hindrance(node)
                if reason is None:
                    self._make_ready(rank)
                else:
                    ended.append((node.name, "skipped"))
                    yield node, reason

    def remaining(self) -> Iterator[Node]:
        """The steps that have not ended."""
        return (node for node in self._nodes if node.name not in self._ended)

    def _make_ready(self, rank: int) -> None:
        heappush(self._light if self._is_light(self._nodes[rank]) else self._heavy, rank)

    def _hindrance(self, node: Node) -> str | None:
        """Why a step cannot run, now that all it waits for has ended; None when it can."""
        for name in givers(node):
            if not self._is(name, "succeeded"):
                return f"it needs {name}"
        for after in node.after:
            if not self._is(after.node, after.status):
                return f"it needs {after.node}" + (
                    "" if after.status == "succeeded" else f" to be {after.status}"
                )
        return None

    def _is(self, name: str, status: Status) -> bool:
        return status in _SATISFIES[self._ended[name]]
