"""The macros and types that users have defined in DuckDB."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import duckdb

from sqlml.databases.database import Definition

Asking = Callable[[str], AbstractContextManager[duckdb.DuckDBPyConnection]]

_MACROS = (
    "SELECT function_name, macro_definition, database_name, schema_name, parameters"
    " FROM duckdb_functions() WHERE NOT internal AND macro_definition IS NOT NULL ORDER BY ALL"
)
_TYPES = (
    "SELECT type_name, '', database_name, schema_name, logical_type, labels"
    " FROM duckdb_types() WHERE NOT internal ORDER BY ALL"
)
_MAY_DEFINE = re.compile(
    r"\b(ABORT|ATTACH|CALL|COMMIT|DATABASE|DETACH|EXECUTE|FUNCTION|LOAD|MACRO|PRAGMA|ROLLBACK|SCHEMA"
    r"|TYPE)\b|(?:^|;)\s*END\b",
    re.IGNORECASE,
)
_CALL = re.compile(r"[\w\"]\s*\(")


class _Changes:
    """Those that statements of this process may have made, in whichever database."""

    count = 0


@contextmanager
def noticed(sql: str) -> Iterator[None]:
    """What a statement runs in, so that definitions which it changes are asked for again."""
    defines = _MAY_DEFINE.search(sql) is not None
    _Changes.count += defines
    try:
        yield
    finally:
        _Changes.count += defines


class Definitions:
    """Those that a database or one of its clients sees, asked for when they may have changed.

    To list a few macros, DuckDB goes through the thousands of functions that it has itself: 10 ms.
    """

    def __init__(self, *, shared: bool) -> None:
        """shared: others in this process have the database open, and may change it."""
        self._shared = shared
        self._seen = -1
        self._known: dict[str, Sequence[Definition]] = {}  # by query

    def usable_in(self, text: str, asking: Asking) -> Sequence[Definition]:
        """Types, and macros where the text calls anything, in a stable order."""
        now = _Changes.count
        if self._shared or now != self._seen:
            self._known, self._seen = {}, now
        known = self._known  # what another thread begins meanwhile is another one
        macros = self._list(_MACROS, known, asking) if _CALL.search(text) else ()
        return [*macros, *self._list(_TYPES, known, asking)]

    @staticmethod
    def _list(
        query: str, known: dict[str, Sequence[Definition]], asking: Asking
    ) -> Sequence[Definition]:
        if query not in known:
            with asking(query) as connection:
                rows = connection.execute(query).fetchall()
            known[query] = [Definition(name, repr(rest), text) for name, text, *rest in rows]
        return known[query]
