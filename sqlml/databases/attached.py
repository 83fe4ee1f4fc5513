"""Arrow tables that SQL can read as if they were in the database."""

import re
from collections.abc import Callable, Iterator, Mapping

import duckdb
import pyarrow as pa


class Attached:
    """Names and the functions that make their tables, called when a statement mentions them."""

    def __init__(self) -> None:
        self._tables: dict[str, Callable[[], pa.Table]] = {}
        self._mentions: re.Pattern[str] | None = None

    def add(self, tables: Mapping[str, Callable[[], pa.Table]]) -> None:
        self._tables |= {name.casefold(): make for name, make in tables.items()}
        names = "|".join(map(re.escape, self._tables))
        self._mentions = re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.I)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def register(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        """Make the tables that `sql` mentions, as they are now, visible on this connection."""
        if self._mentions is not None:
            for name in {found.casefold() for found in self._mentions.findall(sql)}:
                connection.register(name, self._tables[name]())
