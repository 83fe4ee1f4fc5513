"""Processes, told apart from others that get the same number later."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_STATUS = Path("/proc")
_BEGAN = 19  # proc(5), stat: the place of `starttime` behind the program's name
_ENDED = ("Z", "X")  # its states when nobody has asked yet how it ended


@dataclass(frozen=True, slots=True)
class Process:
    """began: a number that the system gives to the time when it began; 0 where it gives none."""

    host: str
    number: int
    began: int

    @classmethod
    def own(cls) -> "Process":
        """This process."""
        return cls(socket.gethostname(), os.getpid(), _began(os.getpid()))

    @property
    def is_elsewhere(self) -> bool:
        """Whether it belongs to another machine, where it cannot be looked at."""
        return self.host != socket.gethostname()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended; of one elsewhere, that is taken for granted."""
        if self.is_elsewhere:
            return True
        return is_running(self.number) and _began(self.number) == self.began


def is_running(process: int) -> bool:
    """Whether a process of this machine has not ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _began(process: int) -> int:
    try:
        status = (_STATUS / str(process) / "stat").read_text()
    except OSError:
        return 0
    facts = status.rpartition(")")[2].split()
    return -1 if facts[0] in _ENDED else int(facts[_BEGAN])
