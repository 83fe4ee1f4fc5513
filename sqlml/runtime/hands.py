"""Threads that do one piece of work after another: to start one takes longer than many steps."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Lock, Thread

_IDLE_SECONDS = 10.0

Work = Callable[[], None]


class Hands:
    """As many threads as there has been work at a time. They end some time after the last of it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._work: SimpleQueue[Work] = SimpleQueue()
        self._idle = 0  # threads that no work is meant for

    def do(self, work: Work) -> None:
        """Have something done in a thread, at once; it raises nothing."""
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._work.put(work)
                return
        Thread(target=self._serve, args=(work,), name="step", daemon=True).start()

    def _serve(self, work: Work) -> None:
        while True:
            work()
            del work  # and all that it has held
            with self._lock:
                self._idle += 1
            try:
                work = self._work.get(timeout=_IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._work.empty() and self._idle:
                        self._idle -= 1
                        return
                work = self._work.get()
