"""When what names stand for may have changed: tables, views, functions, settings."""

from itertools import count
from typing import Final

_KEEP: Final = frozenset(
    {"SELECT", "EXPLAIN", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "TRANSACTION"}
)


class Meanings:
    """Counts the changes that the clients of one database make.

    What was found out about a text holds as long as the number does, but for what a program that
    still runs has made by now.
    """

    def __init__(self) -> None:
        self._numbers = count(1)
        self.number = 0

    def change(self) -> None:
        self.number = next(self._numbers)


def may_change(kind: str) -> bool:
    """Whether statements of a kind, as DuckDB calls it, may change what names stand for."""
    return kind not in _KEEP
