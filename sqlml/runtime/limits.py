"""How many steps of a workflow, or of one that it calls, may run at a time."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator


class Limits:
    """Counts the steps that run, by the workflows they belong to: `group.train` is part of `group`.

    The workflow itself goes by the name `""`.
    """

    def __init__(self) -> None:
        self._most: dict[str, int] = {}
        self._running: Counter[str] = Counter()
        self._parked: defaultdict[str, deque[str]] = defaultdict(deque)

    def set(self, workflow: str, most: int | None) -> None:
        """Let at most so many steps of a workflow run at a time."""
        if most is not None:
            self._most[workflow] = most

    def begin(self, step: str) -> bool:
        """Whether a step may start now; if not, `end` will name it when it may."""
        limited = [*self._limited(step)]
        for workflow in limited:
            if self._running[workflow] >= self._most[workflow]:
                self._parked[workflow].append(step)
                return False
        self._running.update(limited)
        return True

    def end(self, step: str) -> list[str]:
        """Note that a step that had begun has ended; gives steps for which there is room now."""
        freed: list[str] = []
        for workflow in self._limited(step):
            self._running[workflow] -= 1
            if self._parked[workflow]:
                freed.append(self._parked[workflow].popleft())
        return freed

    def _limited(self, step: str) -> Iterator[str]:
        if not self._most:
            return
        name, dot = step, "."
        while dot:
            name, dot, _ = name.rpartition(".")
            if name in self._most:
                yield name
