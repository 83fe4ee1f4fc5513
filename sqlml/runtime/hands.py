"""Threads that do one piece of work after another: to start one takes longer than many steps."""

from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from threading import Lock, Thread

_LONGEST_WAIT = 5.0  # seconds, for a thread that has told how its step has ended
Work = Callable[[], None]


class Hands:
    """As many threads as there has been work at a time, until `close`; one thread uses it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._work: SimpleQueue[Work | None] = SimpleQueue()  # None: there will be no more
        self._threads: list[Thread] = []
        self._idle = 0  # threads that no work is meant for

    def do(self, work: Work) -> None:
        """Have something done in a thread, at once; it raises nothing."""
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._work.put(work)
                return
        thread = Thread(
            target=copy_context().run, args=(self._serve, work), name="step", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Let the threads end, and wait for them; all work is done."""
        for _ in self._threads:
            self._work.put(None)
        while self._threads:
            self._threads.pop().join(_LONGEST_WAIT)

    def _serve(self, first: Work) -> None:
        work: Work | None = first
        del first
        while work is not None:
            work()
            del work  # and all that it has held
            with self._lock:
                self._idle += 1
            work = self._work.get()
