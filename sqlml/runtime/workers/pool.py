"""The worker processes of a run: started ahead of need, lent to one step at a time."""

from contextlib import suppress
from threading import Lock

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.machine import core_count
from sqlml.runtime.workers.channel import ChannelClosed
from sqlml.runtime.workers.process import Worker, worker_environment
from sqlml.runtime.workers.reserve import RESERVE, Reserve


class Pool:
    """Lends workers to a run's steps. threads: the most that a step in one of them may use.

    reserve: where workers come from that an earlier run has left, and where idle ones go.
    """

    def __init__(self, threads: int | None = None, reserve: Reserve = RESERVE) -> None:
        self._environment = worker_environment(threads or core_count())
        self._reserve = reserve
        self._idle: list[Worker] = []
        self._all: list[Worker] = []
        self._lock = Lock()
        self._closed = False

    def prewarm(self, *imports: str) -> None:
        """Have an idle worker import modules; `module:function` also calls a function.

        The first call starts a process, later ones send it more names; nothing is waited for.
        """
        with self._lock:
            if self._closed:
                return
            if not self._idle:
                self._idle.append(self._start(imports))
            elif imports:
                _send_imports(self._idle[-1], imports)

    def lease(self) -> Worker:
        """An idle worker, or a new one.

        Raises:
            StepError: the pool is closed, because the run is being interrupted.
        """
        with self._lock:
            if self._closed:
                raise StepError(Diagnostic("E0625", "the run is ending: no worker is started"))
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    return worker
            return self._start(())

    def give_back(self, worker: Worker) -> None:
        """Take back a worker that is as sound as before its step."""
        with self._lock:
            if not self._closed:
                self._idle.append(worker)

    def discard(self, worker: Worker) -> None:
        """End a worker that may no longer be sound."""
        worker.kill()
        worker.death()
        with self._lock:
            if worker in self._all:
                self._all.remove(worker)

    def close(self) -> None:
        """Leave idle workers to the next run, kill busy ones, and wait until those are gone."""
        with self._lock:
            self._closed = True
            idle, busy = self._idle, [worker for worker in self._all if worker not in self._idle]
            self._all, self._idle = [], []
        for worker in busy:
            worker.kill()
        for worker in busy:
            worker.death()
        for worker in idle:
            self._reserve.put(worker)

    def _start(self, imports: tuple[str, ...]) -> Worker:
        worker = self._reserve.take(self._environment)
        if worker is None:
            worker = Worker(self._environment, imports)
        elif imports:
            _send_imports(worker, imports)
        self._all.append(worker)
        return worker


def _send_imports(worker: Worker, names: tuple[str, ...]) -> None:
    with suppress(ChannelClosed):
        worker.channel.send("import", names=names)
