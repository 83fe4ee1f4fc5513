"""Things to do at a time to come, for a thread that waits for messages."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count


class Alarms:
    """What is due is done when `ring` is called; those who set an alarm ignore it if it is late."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def set(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done so many seconds from now."""
        heappush(self._due, (self._clock() + seconds, next(self._numbers), action))

    @property
    def seconds_left(self) -> float | None:
        """Until the next one is due; None without any."""
        return max(0.0, self._due[0][0] - self._clock()) if self._due else None

    def ring(self) -> None:
        """Do all that is due."""
        while self._due and self._due[0][0] <= self._clock():
            heappop(self._due)[2]()
