"""A worker process, as the driver holds it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from threading import Lock

from sqlml.config import current
from sqlml.runtime.machine import max_resident
from sqlml.runtime.workers.channel import Channel
from sqlml.zoo.models import custom_source

_MODULE = "sqlml.runtime.workers.worker"


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

    def __init__(self, environment: Mapping[str, str], imports: tuple[str, ...]) -> None:
        ours, theirs = socket.socketpair()
        self.environment = environment
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
                env=environment,
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

    def run_out(self) -> None:
        """End the process and all that it started as the system does when memory runs out."""
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


def worker_environment(threads: int) -> dict[str, str]:
    """A worker's environment: it finds the modules that this process finds, and what of the
    settings in force its steps ask for.

    threads: the most that its steps may use. Waiting ones sleep: spinning ones starve the
    neighbours' steps.
    """
    count, settings = str(threads), current()
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        "SQLML_PYTHONPATH": os.environ.get("PYTHONPATH", ""),  # for programs that are not ours
        "OMP_WAIT_POLICY": "PASSIVE",
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "PYTHONUNBUFFERED": "1",
        "SQLML_ZOO": settings.zoo,
        "SQLML_CONTAINERS": settings.containers,
        "SQLML_ADVISOR": settings.advisor,
        "SQLML_ZOO_STATE": custom_source.state(),  # a worker that knows other files is another one
    }
