"""The columns of a query, found by name in any case, as far as they are known before it runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from sqlml.databases.database import Column
from sqlml.errors import did_you_mean


@dataclass(frozen=True)
class Schema:
    """Columns in the query's order and spelling.

    open: beginnings of the names of columns that may be there besides, which only the run can tell;
    `""` stands for any name. Empty: these columns are all. is_wrong: the query, or what makes its
    tables, is wrong, which has been told: nothing is known.
    """

    columns: tuple[Column, ...]
    open: tuple[str, ...] = ()
    is_wrong: bool = False

    @property
    def is_complete(self) -> bool:
        return not self.open

    def known(self, name: str) -> Column | None:
        """The column of that name, if it is surely there."""
        return self._by_name.get(name.casefold())

    def find(self, name: str) -> Column | None:
        """The column of that name; one of an unknown type (`""`) where only the run can tell."""
        found = self.known(name)
        if found is None and may_be_there(name, self.open):
            return Column(name, "")
        return found

    def is_ambiguous(self, name: str) -> bool:
        """Whether several columns have that name."""
        return name.casefold() in self._duplicates

    def did_you_mean(self, name: str) -> str:
        """A hint: the nearest column, else the columns."""
        names = [column.name for column in self.columns]
        return did_you_mean(name, names) or f"columns: {listed(names)}"

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name.casefold(): column for column in reversed(self.columns)}

    @cached_property
    def _duplicates(self) -> frozenset[str]:
        if len(self._by_name) == len(self.columns):
            return frozenset()
        seen: set[str] = set()
        names = (column.name.casefold() for column in self.columns)
        return frozenset(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def is_null(kind: str) -> bool:
    """Whether a database type is that of a column which is NULL throughout."""
    return kind.upper() in ('"NULL"', "NULL")


UNKNOWN = Schema((), ("",))
WRONG = Schema((), ("",), is_wrong=True)


def may_be_there(name: str, beginnings: Iterable[str]) -> bool:
    """Whether a column of that name can turn up among those whose names begin like that."""
    return name.casefold().startswith(tuple(beginnings))


def listed(names: Iterable[str], most: int = 10) -> str:
    """Names in backticks, the first `most` of them."""
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown[:most]) + (" …" if len(shown) > most else "")
