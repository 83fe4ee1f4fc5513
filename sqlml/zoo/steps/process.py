"""A program in a process: what it prints goes to the step's log, and how it ends is told."""

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence

from sqlml.errors import Diagnostic, StepError

_TAIL_BYTES = 8192
_SHOWN_LINES = 8
_LOOK_SECONDS = 0.1
_STANDARD_ERROR = 2


def run_process(name: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a program to its end; returns the last line that it printed.

    It belongs to this process's group, so that whoever ends the step ends the program, too.

    Raises:
        StepError: it cannot be started, or does not end with exit code 0.
    """
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        message = f"`{name}` cannot be started: {(error.strerror or str(error)).lower()}"
        hint = "a script begins with `#!` and its interpreter, or is run by it: TO RUN sh CMD '…'"
        raise StepError(Diagnostic("E0543", message, hint=hint)) from error
    with process:
        tail = _pass_on(process)
    lines = [line for line in tail.decode(errors="replace").splitlines() if line.strip()]
    if process.returncode:
        raise program_failed(name, process.returncode, lines)
    return lines[-1].strip() if lines else ""


def _pass_on(process: subprocess.Popen[bytes]) -> bytes:
    """Copy what a process prints to standard error until it ends; returns the end of it.

    Something that it has left running may hold the pipe; that is not waited for.
    """
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    tail = b""
    while True:
        readable, _, _ = select.select([pipe], [], [], _LOOK_SECONDS)
        if not readable:
            if process.poll() is not None:
                return tail
            continue
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            return tail
        tail = (tail + chunk)[-_TAIL_BYTES:]
        while chunk:
            chunk = chunk[os.write(_STANDARD_ERROR, chunk) :]


def program_failed(name: str, code: int, said: Sequence[str]) -> StepError:
    """How to tell that a program failed. code: -n for signal n. said: the lines it has written."""
    lines = said[-_SHOWN_LINES:]
    ending = f"exit code {code}" if code > 0 else f"signal {-code} ({signal.Signals(-code).name})"
    if -code == signal.SIGKILL:
        ending += ", most likely for lack of memory"
    last = "".join(f"\n    {line}" for line in lines)
    hint = (
        f"the last that it wrote:{last}\n  all of it: `sqlml log`" if last else "it wrote nothing"
    )
    return StepError(Diagnostic("E0540", f"`{name}` ended with {ending}", hint=hint))
