"""Ctrl-C and termination, turned into a message for whoever waits."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

_WATCHED = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptions(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` for SIGINT and SIGTERM inside the block, instead of what else they would do.

    Only the main thread hears signals: in others nothing changes. An ignored signal stays ignored.
    """
    if current_thread() is not main_thread():
        yield
        return

    def hear(_number: int, _frame: FrameType | None) -> None:
        tell()

    earlier = {
        number: signal.signal(number, hear)
        for number in _WATCHED
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
