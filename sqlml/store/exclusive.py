"""A lock that one process at a time can hold, and that ends with it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path


class Held(Exception):  # noqa: N818 - the caller says whether that is an error
    """Another process holds the lock. process: its number, as far as it is known."""

    def __init__(self, process: str) -> None:
        super().__init__(process)
        self.process = process


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock that is the file at `path`, made if need be.

    Raises:
        Held: another process has it.
    """
    with path.open("a+", encoding="ascii") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise Held(file.read().strip()) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
