"""How another thread ends a run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock


class Stop:
    """Call it, from any thread, to end the run that it was given to: before it begins, too."""

    def __init__(self) -> None:
        self._tell: Callable[[], None] | None = None
        self._is_asked = False
        self._changing = Lock()

    def __call__(self) -> None:
        with self._changing:
            self._is_asked = True
            if self._tell is not None:
                self._tell()

    @contextmanager
    def heard_by(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call `tell` when the run shall end; at once where that has been asked for already."""
        with self._changing:
            self._tell = tell
            if self._is_asked:
                tell()
        try:
            yield
        finally:
            with self._changing:
                self._tell = None
