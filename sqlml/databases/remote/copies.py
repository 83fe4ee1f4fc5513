"""The copies of remote tables that are kept here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The rows of a table as they were at one moment: a Parquet file.

    columns: those that it has. settled, state: what a `Look` told then. content: a digest of what
    is in it. fingerprint: stays the same while nothing is known to have changed. time: when it was
    last known to be right, in seconds since the epoch.
    """

    file: str
    columns: tuple[str, ...]
    settled: str
    state: str
    content: str
    fingerprint: str
    time: float


class Copies(Protocol):
    """Keeps copies, at most one of a table. Methods may be called from several threads."""

    def latest(self, table: str) -> Copy | None:
        """The copy of a table, undamaged; it stays until `close`. None: there is none."""
        ...

    def keep(self, table: str, name: str, write: Callable[[Path], Copy]) -> Copy:
        """Have a copy written to a file, and keep it in place of the last one.

        name: what people call the table. Where it is not worth keeping, it stays until `close`.
        """
        ...

    def close(self) -> None:
        """Nobody reads any copy any more; may be said again."""
        ...

    def note(self, table: str, copy: Copy) -> None:
        """Note what is new about a copy that is kept: it has been found to be right."""
        ...
