"""One of several clients of a database: a connection of its own, and what that keeps to itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb

from sqlml.databases.definitions import Definitions
from sqlml.databases.duckdb import DuckDB
from sqlml.databases.rehearsal import BEGIN, LENIENT, DuckDBRehearsal, Present
from sqlml.databases.statements import parse

_MOST, _LONGEST = 256, 4096  # queries that are remembered, and their characters

Parameters = Sequence[Any] | Mapping[str, Any]


class Client(DuckDB):
    """A database whose statements all run on one connection, one at a time.

    Its settings, temporary tables and transactions are nobody else's, and neither are tables that
    are attached to it; those of the database, and its functions, are there too. Closing it leaves
    that open.
    """

    def __init__(self, database: DuckDB) -> None:
        vars(self).update(vars(database))
        self._attached = database._attached.copy()
        self._connections = database._connections.alone()
        self._definitions = Definitions(shared=database._connections.borrowed)
        self._detached: set[str] = set()  # tables that this connection may still know
        self._parsed: dict[str, Sequence[duckdb.Statement]] = {}

    @property
    def single_connection(self) -> bool:
        return True

    @single_connection.setter
    def single_connection(self, value: bool) -> None:
        """It has no other connection."""

    @contextmanager
    def rehearse(self) -> Iterator[DuckDBRehearsal]:
        """As for every database; no transaction may be open."""
        self._functions.register("")
        with self._connections.use() as connection, self._remote.rehearsing():
            rehearsal = DuckDBRehearsal(connection, self._attached, self._remote)
            try:
                yield rehearsal
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def present(self) -> Iterator[Present]:
        """What is there now, in the middle of a transaction too.

        Raises:
            QueryProblem: the transaction has failed.
        """
        with self._running("") as connection:
            yield Present(connection, self._attached, self._remote)

    def detach_tables(self, tables: Iterable[str]) -> None:
        names = list(tables)
        super().detach_tables(names)
        self._detached.update(names)
        with self._connections.use() as connection, suppress(duckdb.Error):
            for name in list(self._detached):  # in a transaction that has failed, none goes
                connection.unregister(name)
                self._detached.remove(name)

    def parse(self, sql: str) -> Sequence[duckdb.Statement]:
        """The statements of a text.

        Raises:
            QueryProblem: DuckDB cannot read it.
        """
        found = self._parsed.get(sql)
        if found is not None:
            return found
        with self._connections.use() as connection:
            found = parse(connection, sql)
        if len(sql) <= _LONGEST and [each.type.name for each in found] == ["SELECT"]:
            if len(self._parsed) >= _MOST:
                self._parsed.clear()
            self._parsed[sql] = found
        return found

    @contextmanager
    def running(self, sql: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """The connection, while statements of `sql` are begun or their rows read on it.

        Raises:
            QueryProblem: the database refuses them.
            SqlmlError: E06xx: its surroundings are at fault.
        """
        with self._running(sql) as connection:
            yield connection

    def finish(self, *, writing: bool) -> None:
        """Be done with the statement that was begun last. writing: it may change something."""
        with self._connections.use() as connection:
            if writing:
                connection.complete()
            else:
                connection.abort()

    def version(self) -> tuple[int, int]:
        """Another one once a name may stand for something else than before."""
        return self.meanings.number, self._functions.changes()

    def begin(self) -> None:
        """Open a transaction, which a misspelt name does not abort."""
        self.expect_transaction()
        with self._running("") as connection:
            connection.execute(BEGIN)

    def be_lenient(self) -> None:
        """Let a misspelt name not abort the transaction that has just begun."""
        with self._running("") as connection:
            connection.execute(LENIENT)

    def expect_transaction(self) -> None:
        """To be called before one is opened: it finds no function that is registered later."""
        self._functions.register_all()

    def close(self) -> None:
        self._parsed.clear()
        self._connections.leave()

    @contextmanager
    def beside(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Another connection, for what is no statement of this client's."""
        with self._connections.beside() as connection:
            yield connection
