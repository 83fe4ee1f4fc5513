"""Which steps of a workflow may start, as steps come and end; linear in the edges."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from typing import Literal

from sqlml.runtime.report import StepStatus
from sqlml.workflow.graph import givers, needs
from sqlml.workflow.ir import Call, Node, Status, Workflow

Lane = Literal["light", "heavy", "waiting"]
LANES: tuple[Lane, ...] = ("light", "waiting", "heavy")
Rank = tuple[int, ...]

_SATISFIES: Mapping[StepStatus, frozenset[Status]] = {
    "succeeded": frozenset({"succeeded", "passed", "finished"}),
    "reused": frozenset({"succeeded", "passed", "finished"}),
    "failed": frozenset({"failed", "finished"}),
    "skipped": frozenset({"skipped", "passed", "finished"}),
    "interrupted": frozenset({"finished"}),
}
_SKIPPED_BEFORE: frozenset[Status] = frozenset({"skipped", "finished"})  # what gives to it was
_OMITTED: frozenset[Status] = frozenset({"finished"})


def has_parts(node: Node) -> bool:
    """Whether a step is done by others: rounds of a loop, or the steps of a workflow."""
    return node.loop is not None or isinstance(node.operation, Call)


class States:
    """Steps that wait, are ready, or have ended. Ready ones come in the order of the workflow.

    Those of each lane queue apart, so that none waits behind others; those with something to
    decide have a queue of their own before it. Steps may be added while others run: they come in
    the order right behind the one they are `under`.
    """

    def __init__(self, workflow: Workflow, lane: Callable[[Node], Lane]) -> None:
        self._nodes: dict[str, Node] = {}
        self._ranks: dict[str, Rank] = {}
        self._counts: Counter[Rank] = Counter()
        self._missing: dict[str, int] = {}
        self._dependents: defaultdict[str, list[str]] = defaultdict(list)
        self._ended: dict[str, frozenset[Status]] = {}
        self._lane = lane
        self._ready: dict[str, list[tuple[Rank, str]]] = {lane: [] for lane in (*LANES, "control")}
        for _ in self.add(workflow.nodes):
            raise AssertionError("a workflow begins before any of its steps has ended")

    @property
    def all_ended(self) -> bool:
        return len(self._ended) == len(self._nodes)

    def add(self, nodes: Iterable[Node], under: str = "") -> Iterator[tuple[Node, str]]:
        """Add steps, or steps that have ended and shall be run again; to be used up.

        Gives those that can never run, and why. under: the step that they are part of.
        """
        parent = self._ranks[under] if under else ()
        added = tuple(nodes)
        for node in added:
            if node.name not in self._ranks:
                self._ranks[node.name] = (*parent, self._counts[parent])
                self._counts[parent] += 1
            self._nodes[node.name] = node
            self._ended.pop(node.name, None)
        for node in added:
            open_needs = [name for name in needs(node) if name not in self._ended]
            self._missing[node.name] = len(open_needs)
            for name in open_needs:
                self._dependents[name].append(node.name)
        for node in added:
            if not self._missing[node.name] and node.name not in self._ended:
                yield from self._settle(deque([node]))

    def take(self, *lanes: Lane | Literal["control"]) -> Node | None:
        """The first step of those lanes that is ready, which then is so no longer."""
        while filled := [self._ready[lane] for lane in lanes if self._ready[lane]]:
            _, name = heappop(min(filled))
            if name not in self._ended:  # it may have been closed
                return self._nodes[name]
        return None

    def release(self, node: Node) -> None:
        """Let a step start that is ready and about which everything is decided."""
        heappush(self._ready[self._lane(node)], (self._ranks[node.name], node.name))

    def again(self, node: Node) -> None:
        """Let a step start once more that had begun; one with parts is taken apart anew."""
        self._nodes[node.name] = node
        lane = "control" if isinstance(node.operation, Call) else self._lane(node)
        heappush(self._ready[lane], (self._ranks[node.name], node.name))

    def end(self, name: str, status: StepStatus) -> Iterator[tuple[Node, str]]:
        """Note that a step has ended; gives the steps that now can never run, and why."""
        return self._end(name, _SATISFIES[status])

    def close(self, name: str) -> None:
        """Note that a step will not run because the run is ending. Nothing follows from it."""
        self._ended[name] = _OMITTED

    def node(self, name: str) -> Node:
        return self._nodes[name]

    def has_ended(self, name: str) -> bool:
        return name in self._ended

    def has_status(self, name: str, status: Status) -> bool:
        """Whether a step that has ended has that status."""
        return status in self._ended[name]

    def remaining(self) -> tuple[Node, ...]:
        """The steps that have not ended, in the order of the workflow."""
        names = (name for name in self._nodes if name not in self._ended)
        return tuple(self._nodes[name] for name in sorted(names, key=self.rank))

    def rank(self, name: str) -> Rank:
        """The place of a step in the order of the workflow."""
        return self._ranks[name]

    def _end(self, name: str, satisfies: frozenset[Status]) -> Iterator[tuple[Node, str]]:
        self._ended[name] = satisfies
        ready: deque[Node] = deque()
        for dependent in self._dependents.pop(name, ()):
            self._missing[dependent] -= 1
            if not self._missing[dependent] and dependent not in self._ended:
                ready.append(self._nodes[dependent])
        yield from self._settle(ready)

    def _settle(self, ready: deque[Node]) -> Iterator[tuple[Node, str]]:
        """Let steps start that wait for nothing any more, or end those that cannot."""
        while ready:
            node = ready.popleft()
            hindrance = self._hindrance(node)
            if hindrance is None:
                is_decided = node.guard is None and not has_parts(node)
                lane = self._lane(node) if is_decided else "control"
                heappush(self._ready[lane], (self._ranks[node.name], node.name))
                continue
            reason, self._ended[node.name] = hindrance
            for dependent in self._dependents.pop(node.name, ()):
                self._missing[dependent] -= 1
                if not self._missing[dependent] and dependent not in self._ended:
                    ready.append(self._nodes[dependent])
            yield node, reason

    def _hindrance(self, node: Node) -> tuple[str, frozenset[Status]] | None:
        """Why a step cannot run, now that all it waits for has ended; None when it can."""
        missing = [name for name in givers(node) if not self.has_status(name, "succeeded")]
        for name in missing:
            if not self.has_status(name, "skipped"):
                return f"it needs {name}", _OMITTED
        for after in node.after:
            if not self.has_status(after.node, after.status):
                wanted = "" if after.status == "succeeded" else f" to be {after.status}"
                return f"it needs {after.node}{wanted}", _OMITTED
        if missing:
            return f"it needs {missing[0]}, which was skipped", _SKIPPED_BEFORE
        return None
