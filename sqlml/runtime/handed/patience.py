"""Calls that are made again where nothing is known of them, or the other side is busy."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from sqlml.runtime.retry import wait
from sqlml.workflow.ir import Backoff

BUSY = frozenset({429, 500, 502, 503, 504})

_BACKOFF = Backoff(0.5, 2.0, 30.0)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on with a server that does not answer, and how long for one answer.

    total, connect, answer: seconds. first: as total, of one that has never answered.
    """

    total: float = 120.0
    connect: float = 10.0
    answer: float = 60.0
    first: float = 10.0


class Unanswered(Exception):  # noqa: N818 - part of the protocol, told to nobody
    """A call that may be made again. pause: seconds that the server asks to wait; None where it has
    said nothing at all."""

    def __init__(self, reason: Exception, pause: float | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.pause = pause


class Caller:
    """Makes the calls of one client."""

    def __init__(
        self,
        patience: Patience | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.patience = patience or Patience()
        self.sleep = sleep
        self.clock = clock
        self._has_answered = False

    @property
    def timeout(self) -> float:
        """Seconds to wait for one answer, where reaching a server cannot be told from it."""
        return self.patience.answer if self._has_answered else self.patience.connect

    def call(
        self, do: Callable[[], Answer], given_up: Callable[[Exception, int], Exception]
    ) -> Answer:
        """Call until there is an answer. given_up: what is raised, after so many attempts."""
        began = self.clock()
        for attempt in count(1):
            try:
                answer = do()
            except Unanswered as none:
                self._has_answered |= none.pause is not None
                pause = max(pause_after(attempt), none.pause or 0.0)
                patience = self.patience.total if self._has_answered else self.patience.first
                if self.clock() + pause > began + patience:
                    raise given_up(none.reason, attempt) from none.reason
                self.sleep(pause)
            else:
                self._has_answered = True
                return answer
        raise AssertionError


def pause_after(attempt: int) -> float:
    """Seconds to wait after attempt number `attempt`, in part left to chance."""
    return wait(_BACKOFF, attempt, random.random())
