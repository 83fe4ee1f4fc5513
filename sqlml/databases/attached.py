"""Arrow tables that SQL can read as if they were in the database."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock

import duckdb
import pyarrow as pa

Tables = Mapping[str, Callable[[], pa.Table]]


class Attached:
    """Names and the functions that make their tables, called when a statement mentions them.

    Any thread may add and remove while others register: they see all of a change, or nothing.
    """

    def __init__(self) -> None:
        self._tables: Tables = {}
        self._mentions = _mentions(())
        self._changing = Lock()

    def copy(self) -> "Attached":
        """The same tables, to which others can be added."""
        own = Attached()
        own.add(self._tables)
        return own

    def add(self, tables: Tables) -> None:
        with self._changing:
            self._change({**self._tables, **{name.casefold(): tables[name] for name in tables}})

    def remove(self, names: Iterable[str]) -> None:
        gone = {name.casefold() for name in names}
        with self._changing:
            self._change({name: make for name, make in self._tables.items() if name not in gone})

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def register(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        """Make the tables that `sql` mentions, as they are now, visible on this connection."""
        mentioned = {found.casefold() for found in self._mentions.findall(sql)}
        for name, make in self._tables.items():
            if name in mentioned:
                connection.register(name, make())

    def _change(self, tables: Tables) -> None:
        self._tables, self._mentions = tables, _mentions(tables)


def _mentions(names: Iterable[str]) -> re.Pattern[str]:
    """What finds the names in SQL; without any it finds nothing."""
    listed = "|".join(map(re.escape, names))
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)" if listed else r"(?!)", re.IGNORECASE)
