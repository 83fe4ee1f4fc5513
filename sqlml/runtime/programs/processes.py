"""The processes that steps run, so that each can be ended with all that it has started."""

import os
import select
import signal
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import TypeVar

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.machine import memory_of_tree, peak_memory_of
from sqlml.runtime.programs.warden import Warden
from sqlml.runtime.workers.attendant import Interrupted

Answer = TypeVar("Answer")

_LOOK_SECONDS = 0.05
_GRACE_SECONDS = 2.0  # between the request to end and the end


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended. code: -n for signal n. peak_memory: bytes it was seen with."""

    code: int
    peak_memory: int


@dataclass(frozen=True, slots=True)
class Launch:
    """A process to be. log: what it prints is added there. stop: is set when it is to end.

    memory: bytes that it may hold with all that it starts; None: as much as there is.
    """

    step: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    stop: Event
    memory: int | None = None


class Processes:
    """All programs of a run. Steps are stopped by their names, from another thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stops: dict[str, Event] = {}
        self._closed = False
        self._at_the_end: list[Callable[[], None]] = []
        self._claims: defaultdict[str, Lock] = defaultdict(Lock)
        self.warden = Warden()

    @contextmanager
    def step(self, name: str) -> Iterator[Event]:
        """The time in which a step can be stopped: the event is set then.

        Raises:
            Interrupted: the run is ending.
        """
        with self._lock:
            if self._closed:
                raise Interrupted
            stop = self._stops[name] = Event()
        try:
            yield stop
        finally:
            with self._lock:
                del self._stops[name]

    def stop(self, name: str) -> None:
        """End what a step runs."""
        with self._lock:
            if name in self._stops:
                self._stops[name].set()

    def interrupt(self) -> None:
        """End what all steps run, and let none begin."""
        with self._lock:
            self._closed = True
            for stop in self._stops.values():
                stop.set()

    def close(self) -> None:
        """End the programs that were to serve others until the end."""
        while self._at_the_end:
            self._at_the_end.pop()()
        self.warden.close()

    def at_the_end(self, action: Callable[[], None]) -> None:
        """Have something done when the run has ended."""
        self._at_the_end.append(action)

    @contextmanager
    def claimed(self, paths: Iterable[str]) -> Iterator[None]:
        """The time in which no other step may use these files of the machine."""
        with self._lock:
            claims = [self._claims[path] for path in sorted(set(paths))]
        with ExitStack() as claimed:
            for claim in claims:
                claimed.enter_context(claim)
            yield

    def run(self, launch: Launch, output: Path) -> Exit:
        """Run a program to its end. What it prints on standard output goes to `output`, too.

        Raises:
            StepError: E0543 it cannot be started. Interrupted: the step was stopped.
        """
        with launch.log.open("ab") as log, output.open("wb") as printed:
            process = self._start(launch, log.fileno(), subprocess.PIPE)
            try:
                peak = _copy(process, (log.fileno(), printed.fileno()), launch)
                return Exit(_wait(process, launch.stop), peak)
            finally:
                _end(process)
                self.warden.forget(process.pid)
                if process.stdout is not None:
                    process.stdout.close()

    def leave_running(self, launch: Launch) -> None:
        """Start a program that serves other steps, until the run has ended.

        Raises:
            StepError: E0543 it cannot be started, E0540 it has ended at once.
        """
        with launch.log.open("ab") as log:
            process = self._start(launch, log.fileno(), log.fileno())
        launch.stop.wait(_GRACE_SECONDS / 4)
        if _has_ended(process):
            _end(process)
            message = f"`{launch.step}` was to serve other steps, and has ended at once"
            raise StepError(Diagnostic("E0540", message, hint="its log: `sqlml log`"))
        self.at_the_end(partial(_end, process))

    def _start(self, launch: Launch, errors: int, output: int) -> subprocess.Popen[bytes]:
        mark = self.warden.begin()
        process = _start(
            replace(launch, environment={**launch.environment, **mark}), errors, output
        )
        self.warden.watch(process.pid)
        return process

    @staticmethod
    def call(function: Callable[[], Answer], stop: Event) -> Answer:
        """What a function returns or raises; it is not waited for when the step is stopped.

        Raises:
            Interrupted: the step was stopped.
        """
        from concurrent.futures import Future

        answer: Future[Answer] = Future()

        def work() -> None:
            try:
                answer.set_result(function())
            except Exception as error:  # noqa: BLE001 - the other thread raises it
                answer.set_exception(error)

        Thread(target=work, daemon=True).start()
        while not answer.done():
            if stop.wait(_LOOK_SECONDS):
                raise Interrupted
        return answer.result()


def _start(launch: Launch, errors: int, output: int) -> subprocess.Popen[bytes]:
    """A process that leads a group of its own, so that Ctrl-C does not reach it."""
    try:
        return subprocess.Popen(
            launch.command,
            env=launch.environment,
            cwd=launch.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"`{launch.step}` cannot start `{launch.command[0]}`: {reason.lower()}"
        hint = "is the program installed, and on the search path?"
        raise StepError(Diagnostic("E0543", message, hint=hint)) from error


def _copy(process: subprocess.Popen[bytes], targets: Sequence[int], launch: Launch) -> int:
    """Copy what a process prints until it ends; returns the most memory that it was seen with.

    What it has left running is not waited for. It is killed when it holds more than it may.
    """
    peak = 0
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    while True:
        if launch.stop.is_set():
            return peak
        readable, _, _ = select.select([pipe], [], [], _LOOK_SECONDS)
        peak = max(peak, memory_of_tree(process.pid), peak_memory_of(process.pid))
        if launch.memory is not None and peak > launch.memory:
            _signal(process, signal.SIGKILL)
        if not readable:
            if _has_ended(process):
                return peak
            continue
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            return peak
        for target in targets:
            _write(target, chunk)


def _write(target: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(target, chunk) :]


def _wait(process: subprocess.Popen[bytes], stop: Event) -> int:
    while not _has_ended(process):
        if stop.wait(_LOOK_SECONDS / 5):
            raise Interrupted
    if stop.is_set():
        raise Interrupted
    return process.wait()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, if it runs, and all that it has started."""
    if process.returncode is None and not _has_ended(process):
        _signal(process, signal.SIGTERM)
        latest = monotonic() + _GRACE_SECONDS
        while not _has_ended(process) and monotonic() < latest:
            Event().wait(_LOOK_SECONDS / 5)
    _signal(process, signal.SIGKILL)
    if process.returncode is None:
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
