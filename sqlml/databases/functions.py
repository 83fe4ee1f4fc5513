"""Functions in Python that SQL can call: registered with DuckDB when a statement mentions them.

They compute in threads of Python's: TensorFlow's first operation in one of DuckDB's ends the
process, or never ends.
"""

import re
from collections.abc import Callable, Set
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

from sqlml.databases.database import Function, Functions

_FAILURE = re.compile(r"sqlml failure (\d+)")
_VIEWS = "SELECT sql FROM duckdb_views() WHERE NOT internal AND contains(sql, ?)"
_MARK = "sqlml_"


class RegisteredFunctions:
    """The functions that one database knows. Threads take turns to change them.

    Views that an earlier session made call functions that no statement mentions: all of those are
    registered from the start.
    """

    def __init__(self, root: duckdb.DuckDBPyConnection) -> None:
        self._root = root
        self._functions: Functions | None = None
        self._known: dict[str, Function] = {}  # by folded name
        self._wanted: set[str] = set()
        self._seen = -1
        self._all_seen = -1
        self._changing = Lock()
        self._failures: dict[int, Exception] = {}
        self._threads = ThreadPoolExecutor(thread_name_prefix="sqlml function")

    def attach(self, functions: Functions) -> None:
        self._functions = functions
        views = self._root.cursor().execute(_VIEWS, [_MARK]).fetchall()
        for (sql,) in views:
            self.register(sql)

    def changes(self) -> int:
        """A number that another one takes the place of when a model changes."""
        return 0 if self._functions is None else self._functions.changes()

    def register(self, sql: str) -> None:
        """Make the functions that `sql` mentions callable, as they are now."""
        if self._functions is None:
            return
        self._want({_unquoted(name) for name in _calls(self._functions.spelled, sql)})

    def register_all(self) -> None:
        """Make all functions callable: a transaction sees none that come after it has begun."""
        changes = self.changes()
        if self._functions is not None and changes != self._all_seen:
            self._want({name.casefold() for name in self._functions.names()})
            self._all_seen = changes

    def _want(self, names: Set[str]) -> None:
        assert self._functions is not None
        changes = self._functions.changes()
        if changes == self._seen and names <= self._wanted:
            return
        with self._changing:
            wanted = self._wanted | names
            for name in wanted:
                self._update(name, self._functions.find(name))
            self._wanted, self._seen = wanted, changes  # from now on others need not wait

    def failure(self, error: BaseException) -> Exception | None:
        """What a function raised, if it is that which made a statement fail."""
        found = _FAILURE.search(str(error))
        return self._failures.pop(int(found[1]), None) if found else None

    def close(self) -> None:
        """Let go of the functions, so that nothing keeps the models alive."""
        with self._changing:
            for name in list(self._known):
                self._update(name, None)
        self._threads.shutdown(wait=False)

    def _update(self, name: str, function: Function | None) -> None:
        known = self._known.get(name)
        if known is not None and (function is None or function.type != known.type):
            self._root.remove_function(name)
            del self._known[name]
        if function is not None and name not in self._known:
            self._root.create_function(
                name,
                _guarded(function.compute, self._threads, self._failures),
                None,
                function.type,
                type="arrow",
                null_handling="special",
            )
            self._known[name] = function


def _guarded(
    compute: Callable[[pa.StructArray], pa.Array],
    threads: ThreadPoolExecutor,
    failures: dict[int, Exception],
) -> Callable[[Any], pa.Array]:
    """DuckDB tells of an error in words only: the error itself is kept under a number.

    What is returned knows nothing of the connection, which could not be freed otherwise.
    """

    def call(records: pa.ChunkedArray) -> pa.Array:
        try:
            return threads.submit(compute, records.combine_chunks()).result()
        except Exception as error:
            failures[id(error)] = error
            raise RuntimeError(f"sqlml failure {id(error)}") from error

    return call


def _calls(spelled: re.Pattern[str], sql: str) -> list[str]:
    return [match[0] for match in spelled.finditer(sql)]


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"').casefold()
