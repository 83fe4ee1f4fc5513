"""Which steps of a workflow may start: kept up to date as steps end, in time linear in the edges."""

from collections import deque
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush

from sqlml.runtime.report import StepStatus
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import Node, Output, Status, Workflow

_SATISFIES: Mapping[StepStatus, frozenset[Status]] = {
    "succeeded": frozenset({"succeeded", "finished"}),
    "reused": frozenset({"succeeded", "finished"}),
    "failed": frozenset({"failed", "finished"}),
    "skipped": frozenset({"skipped", "finished"}),
    "interrupted": frozenset({"finished"}),
}


class States:
    """Steps that wait, are ready, or have ended. Ready ones come in the order of the workflow."""

    def __init__(self, workflow: Workflow) -> None:
        self._nodes = workflow.nodes
        self._rank = {node.name: rank for rank, node in enumerate(workflow.nodes)}
        self._missing = [len(needs(node)) for node in workflow.nodes]
        self._dependents: list[list[int]] = [[] for _ in workflow.nodes]
        for rank, node in enumerate(workflow.nodes):
            for name in needs(node):
                self._dependents[self._rank[name]].append(rank)
        self._ended: dict[str, StepStatus] = {}
        self._ready = [rank for rank, missing in enumerate(self._missing) if not missing]
        heapify(self._ready)

    @property
    def all_ended(self) -> bool:
        return len(self._ended) == len(self._nodes)

    @property
    def has_ready(self) -> bool:
        return bool(self._ready)

    def take(self) -> Node:
        """The first ready step, which is then no longer ready."""
        return self._nodes[heappop(self._ready)]

    def put_back(self, node: Node) -> None:
        """Let a step that was taken be ready again."""
        heappush(self._ready, self._rank[node.name])

    def end(self, name: str, status: StepStatus) -> Iterator[tuple[Node, str]]:
        """Take note that a step has ended; gives the steps that can never run, each with the reason."""
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
                    heappush(self._ready, rank)
                else:
                    ended.append((node.name, "skipped"))
                    yield node, reason

    def remaining(self) -> Iterator[Node]:
        """The steps that have not ended."""
        return (node for node in self._nodes if node.name not in self._ended)

    def _hindrance(self, node: Node) -> str | None:
        """Why a step cannot run, now that all it waits for has ended; None when it can."""
        for value in node.inputs.values():
            if isinstance(value, Output) and not self._is(value.node, "succeeded"):
                return f"it needs {value.node}"
        for after in node.after:
            if not self._is(after.node, after.status):
                return f"it needs {after.node}" + (
                    "" if after.status == "succeeded" else f" to be {after.status}"
                )
        return None

    def _is(self, name: str, status: Status) -> bool:
        return status in _SATISFIES[self._ended[name]]
