"""Ends the programs of a run when its driver is gone, however that came: by `kill -9`, too.

This file is also the program of a process of its own, which reads what there is to end from the
driver, and does so when the driver's end of the pipe is closed. It imports nothing of sqlml.

Programs are known by a mark in their environment, too, where the system shows that: of one that
was just being started when its driver was killed, nobody has told, nor of what has left its group.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock

_MARK = "SQLML_WARDEN"
_BYE = ".\n"
_PAUSES = (0.0, 0.2, 1.0)  # a program that is being started shows its mark a little later


class Warden:
    """As the driver holds it; the process begins with the first program. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._mark = secrets.token_hex(8)

    def begin(self) -> dict[str, str]:
        """Be there from now on; gives the variable that marks programs."""
        with self._lock:
            self._begin()
        return {_MARK: self._mark}

    def watch(self, what: int | list[str]) -> None:
        """End a group of processes with the driver, or run a command then."""
        self._tell("+", what)

    def forget(self, what: int | list[str]) -> None:
        """Let it be: it has ended, or has been done."""
        self._tell("-", what)

    def close(self) -> None:
        """End what is still watched."""
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                with suppress(BrokenPipeError):
                    os.write(self._begin(), _BYE.encode())
                self._process.stdin.close()
                self._process.wait()
                self._process = None

    def _tell(self, sign: str, what: int | list[str]) -> None:
        line = f"{sign}{json.dumps(what)}\n".encode()
        with self._lock, suppress(BrokenPipeError):  # somebody has ended it: nothing is watched
            os.write(self._begin(), line)

    def _begin(self) -> int:
        """The end of the pipe that is written to."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, self._mark],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        assert self._process.stdin is not None
        return self._process.stdin.fileno()


def main(mark: str) -> None:
    """Read lines until the driver is gone; then end what they name."""
    watched: list[int | list[str]] = []
    line = ""
    for line in sys.stdin:
        if line == _BYE:
            break
        what = json.loads(line[1:])
        if line[0] == "+":
            watched.append(what)
        elif what in watched:
            watched.remove(what)
    for what in watched:
        with suppress(OSError):
            if isinstance(what, int):
                os.killpg(what, signal.SIGKILL)
            else:
                subprocess.run(what, stdin=subprocess.DEVNULL, check=False)
    for pause in _PAUSES if line != _BYE else ():
        time.sleep(pause)
        _kill_marked(f"{_MARK}={mark}".encode())


def _kill_marked(mark: bytes) -> None:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
