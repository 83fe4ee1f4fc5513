"""Worker processes: started ahead of need, lent to one step at a time, ended without ceremony."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from threading import Lock

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.channel import Channel, ChannelClosed
from sqlml.runtime.machine import core_count, max_resident

_MODULE = "sqlml.runtime.worker"


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended. code: its exit code, or minus the signal that killed it.

    peak_memory: bytes it has held at most. output: what it printed outside of any step.
    """

    code: int
    peak_memory: int
    output: str


class Worker:
    """One worker process, the leader of its own process group, so that Ctrl-C does not reach it."""

    def __init__(self, threads: int, imports: tuple[str, ...]) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours)
        self.killed = False
        self._output = TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        self._death: Death | None = None
        self._ending = Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, "--channel", str(theirs.fileno()), *imports],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=_environment(threads),
            )

    @property
    def process(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._death is None and self._wait(os.WNOHANG) is None

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        self.killed = True
        self._kill_group()

    def death(self) -> Death:
        """Wait for the process to be gone, and say how it went."""
        if self._death is None:
            self._wait(0)
        self._kill_group()
        with self._ending:
            if self._death is None:
                _, status, usage = os.wait4(self._process.pid, 0)
                code = self._process.returncode = os.waitstatus_to_exitcode(status)
                self._output.seek(0)
                said = self._output.read().decode(errors="replace")
                self._output.close()
                self.channel.close()
                self._death = Death(code, max_resident(usage), said)
            return self._death

    def _wait(self, flags: int) -> object:
        """Wait for the process's end, but leave its id and figures for `death` to take."""
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | flags)
        except ChildProcessError:
            return True

    def _kill_group(self) -> None:
        with self._ending, suppress(ProcessLookupError, PermissionError):
            if self._death is None:
                os.killpg(self._process.pid, signal.SIGKILL)


class Pool:
    """The worker processes of a run. threads: the most that a step in one of them may use."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or core_count()
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
                with suppress(ChannelClosed):
                    self._idle[-1].channel.send("import", names=imports)

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
        """Take back a worker whose step has ended well."""
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
        """Kill all workers, busy or not, and wait until they are gone."""
        with self._lock:
            self._closed = True
            workers, self._all, self._idle = self._all, [], []
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.death()

    def _start(self, imports: tuple[str, ...]) -> Worker:
        worker = Worker(self._threads, imports)
        self._all.append(worker)
        return worker


def _environment(threads: int) -> dict[str, str]:
    """The worker's environment: it finds the modules that this process finds.

    Waiting threads sleep: spinning ones starve the neighbours' steps.
    """
    count = str(threads)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        "SQLML_PYTHONPATH": os.environ.get("PYTHONPATH", ""),  # for programs that are not ours
        "OMP_WAIT_POLICY": "PASSIVE",
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "PYTHONUNBUFFERED": "1",
    }
