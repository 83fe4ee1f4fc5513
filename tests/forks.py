"""Programs that are killed again and again: forked from a process that has their imports."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

_SERVE = """
import os, sys
for line in sys.stdin:
    child = os.fork()
    if not child:
        try:
            print(os.getpid(), flush=True)
            work(*line.split())
        finally:
            os._exit(1)
    os.waitpid(child, 0)
    print("\\ngone", flush=True)  # the killed one may not have come to the end of its line
"""


class Forks:
    """code: has a function `work`, which prints numbers, the first before it does anything."""

    def __init__(self, code: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", code + _SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def killed(self, *arguments: object, seconds: float) -> list[int]:
        """What a child printed that was killed so long after its first number."""
        given, told = self._process.stdin, self._process.stdout
        assert given is not None
        assert told is not None
        print(*arguments, file=given, flush=True)
        child, first = int(told.readline()), int(told.readline())
        time.sleep(seconds)
        with suppress(ProcessLookupError):  # it may have come to its end
            os.kill(child, signal.SIGKILL)
        lines = iter(lambda: told.readline().strip(), "gone")
        return [first, *map(int, filter(None, lines))]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        with self._process:  # closes its pipes, and waits
            pass
