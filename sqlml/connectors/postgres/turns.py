"""Who runs next: statements take turns in the order in which they come, and short ones wait little.

Python runs one thread at a time. Were all of a hundred statements begun at once, each would wait
for the others at every step, and none would end soon.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_AT_ONCE = max(2, os.cpu_count() or 1)
_SHORT = 0.05  # seconds


class Turns:
    """Runs work in threads, as much at once as there are cores; who comes first is served first.

    What takes longer than a short statement goes on, but the next one begins beside it: it computes
    outside of Python, or waits for something.
    """

    def __init__(self, threads: int) -> None:
        """threads: the most that there are, for work that takes long."""
        self._threads = ThreadPoolExecutor(threads, "client")
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def run(self, work: Callable[[], T]) -> T:
        """What the work gives, once it is done."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        turn = _Turn(self._free)
        timer = loop.call_later(_SHORT, turn.end)
        try:
            return await loop.run_in_executor(self._threads, work)
        finally:
            timer.cancel()
            turn.end()

    def close(self) -> None:
        """Wait until all has ended."""
        self._threads.shutdown(wait=True)


class _Turn:
    """Ends once."""

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._is_over = False

    def end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._free.release()
