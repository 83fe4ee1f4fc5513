"""Idle worker processes that wait for the next run: a new one imports libraries for seconds."""

import atexit
import os
from collections.abc import Mapping
from threading import Lock, Timer
from time import monotonic

from sqlml.runtime.machine import peak_memory_of
from sqlml.runtime.workers.process import Worker

MOST = 4
SECONDS = 60.0  # that a worker waits at most
LARGEST = 2**30  # bytes: a worker whose last step held more is not kept


class Reserve:
    """The workers that runs of this process leave to each other, whatever their sessions."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, Worker]] = []  # since when; the latest is the last
        self._lock = Lock()
        self._has_begun = False

    def take(self, environment: Mapping[str, str]) -> Worker | None:
        """The worker that came last of those with the same environment, if there is one."""
        with self._lock:
            for entry in reversed(self._waiting):
                worker = entry[1]
                if worker.environment == environment and worker.is_alive:
                    self._waiting.remove(entry)
                    return worker
        return None

    def put(self, worker: Worker) -> None:
        """Keep a worker that has nothing to do, or end it."""
        if not _is_worth_keeping(worker):
            _end([worker])
            return
        with self._lock:
            if not self._has_begun:
                self._has_begun = True
                atexit.register(self.close)
                os.register_at_fork(after_in_child=self._waiting.clear)
            self._waiting.append((monotonic(), worker))
            surplus = self._waiting[:-MOST]
            del self._waiting[:-MOST]
        _end([worker for _, worker in surplus])
        timer = Timer(SECONDS, self.close, [SECONDS])
        timer.daemon = True
        timer.start()

    def close(self, seconds: float = 0.0) -> None:
        """End the workers that have been waiting for so long."""
        latest = monotonic() - seconds
        with self._lock:
            ended = [entry for entry in self._waiting if entry[0] <= latest]
            for entry in ended:
                self._waiting.remove(entry)
        _end([worker for _, worker in ended])


RESERVE = Reserve()


def _is_worth_keeping(worker: Worker) -> bool:
    return worker.is_alive and peak_memory_of(worker.process) <= LARGEST


def _end(workers: list[Worker]) -> None:
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.death()
