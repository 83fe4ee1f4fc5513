"""A connection as PEP 249 has it: one transaction at a time, shared by its cursors."""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, ClassVar, Self

import duckdb

from sqlml.config import load_settings
from sqlml.connectors.dbapi import errors
from sqlml.connectors.dbapi.cursor import Cursor
from sqlml.connectors.dbapi.rows import Live
from sqlml.connectors.dbapi.shared import Planned, Shared
from sqlml.connectors.dbapi.transaction import Transaction
from sqlml.connectors.remembered import Kept
from sqlml.databases.client import Client
from sqlml.databases.database import QueryProblem
from sqlml.databases.meanings import may_change
from sqlml.databases.transactions import is_open
from sqlml.errors import Diagnostic, SqlmlError
from sqlml.grammar.tokens import scan
from sqlml.runtime.events import Listener
from sqlml.session import Session

# Statements before which a transaction begins; others see what is committed when they run.
_WRITING = frozenset(
    {"ALTER", "COPY", "CREATE", "DELETE", "DROP", "EXECUTE", "INSERT", "MERGE_INTO", "UPDATE"}
)


class Connection:
    """A connection to a database. Threads may not share it, except to cancel what it runs.

    A transaction begins with the first statement that changes something, and ends with `commit` or
    `rollback`. As a context manager it commits, or rolls back after an error, and is closed.

    session: the compiler over the same database. listener: told what happens while a model is
    trained or applied (`sqlml.runtime.events`). streams: whether queries begin once it is known
    how their rows are wanted; right for who always takes Arrow, and to the end.
    """

    Warning: ClassVar = errors.Warning
    Error: ClassVar = errors.Error
    InterfaceError: ClassVar = errors.InterfaceError
    DatabaseError: ClassVar = errors.DatabaseError
    DataError: ClassVar = errors.DataError
    OperationalError: ClassVar = errors.OperationalError
    IntegrityError: ClassVar = errors.IntegrityError
    InternalError: ClassVar = errors.InternalError
    ProgrammingError: ClassVar = errors.ProgrammingError
    NotSupportedError: ClassVar = errors.NotSupportedError

    def __init__(
        self,
        session: Session,
        end: Callable[[], None],
        *,
        autocommit: bool,
        listener: Listener | None,
        planned: Planned,
    ) -> None:
        """session: over a Client, which nobody else uses. end: called when it is closed.

        planned: for all connections to the database.
        """
        client = session.database
        assert isinstance(client, Client)
        self.session = session
        self.client = client
        self.listener = listener
        self.streams = False
        self.turn = RLock()
        self._planned_for_all = planned
        self._planned: Planned = Kept()
        self._autocommit = autocommit
        self._transaction: Transaction | None = None
        self._is_writing = False
        self._has_own_names = False  # may have: temporary tables, or some that nobody else sees yet
        self._live: weakref.ref[Live] | None = None
        self._end = weakref.finalize(self, _close, client, end)

    # --- PEP 249 ---

    def cursor(self) -> Cursor:
        self.check_open()
        return Cursor(self)

    def commit(self) -> None:
        """Make what the transaction has changed last."""
        self._finish("COMMIT")

    def rollback(self) -> None:
        """Undo what the transaction has changed."""
        self._finish("ROLLBACK")

    def close(self) -> None:
        """Roll back and let go of the database. A closed connection may be closed again."""
        with self.turn:
            self._live = None
            self._transaction = None
            self._end()

    @property
    def autocommit(self) -> bool:
        """Whether each statement is a transaction of its own. Setting it to True commits."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if value:
            self.commit()
        self._autocommit = value

    # --- beyond it ---

    def execute(self, operation: str, parameters: Any = None) -> Cursor:
        """A new cursor with the rows of a statement."""
        return self.cursor().execute(operation, parameters)

    @property
    def in_transaction(self) -> bool:
        return self._transaction is not None

    @property
    def sees_what_all_see(self) -> bool:
        """Whether all names stand for what they do to a connection that is made now."""
        open_ = self._transaction
        is_now = open_ is None or open_.version == self.client.version()
        return is_now and not self._has_own_names

    @property
    def closed(self) -> bool:
        return not self._end.alive

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self.closed:
                return
            if kind is None:
                self.commit()
            else:
                with suppress(errors.Error):
                    self.rollback()
        finally:
            self.close()

    # --- for its cursors ---

    def check_open(self) -> None:
        if self.closed:
            raise errors.InterfaceError(Diagnostic("E0884", "the connection is closed"))

    @property
    def planned(self) -> Planned:
        """Queries that call models, as the database gets them."""
        return self._planned_for_all if self.sees_what_all_see else self._planned

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """One thread at a time, and errors of the kinds that PEP 249 names."""
        with self.turn:
            self.check_open()
            try:
                yield
            except errors.Error:
                raise
            except QueryProblem as problem:
                told = Diagnostic(problem.code or "E0303", str(problem), hint=problem.hint)
                raise errors.raised(problem, told) from problem
            except SqlmlError as error:
                raise errors.raised(error) from error

    def run(
        self, sql: str, statement: duckdb.Statement, parameters: Any
    ) -> duckdb.DuckDBPyConnection:
        """Begin a statement of the text `sql`, in a transaction where it needs one."""
        self.settle()
        kind, version = statement.type.name, self.client.version()
        if kind in _WRITING and self._transaction is None and not self._autocommit:
            self.client.begin()
            self._transaction = Transaction("", version, is_bound=True)
        elif kind == "TRANSACTION":
            self.client.expect_transaction()
        self._is_writing = kind != "SELECT"
        with self.client.running(sql) as connection, self._defining(may_change(kind)):
            connection.execute(statement, parameters)
        if kind == "TRANSACTION":
            words = [token.keyword for token in scan(statement.query)]
            self._ended()
            if words[0] in ("BEGIN", "START"):
                self._transaction = Transaction(statement.query, version, is_bound="ONLY" in words)
                self.client.be_lenient()
        return connection

    @contextmanager
    def _defining(self, is_so: bool) -> Iterator[None]:
        """Names may stand for something else from now on; for others from the commit on."""
        try:
            yield
        finally:
            if is_so:
                self._has_own_names = True
                self.client.meanings.change()
                if self._transaction is not None:
                    self._transaction.has_defined = True

    def redefine(self) -> None:
        """Names stand for something else from now on."""
        with self._defining(True):
            pass

    def _ended(self) -> None:
        """No transaction is open any more."""
        over, self._transaction = self._transaction, None
        if over is not None and over.has_defined:
            self.client.meanings.change()

    def expect_change(self) -> None:
        """What comes next may change something."""
        if self._transaction is not None:
            self._transaction.is_bound = True

    @contextmanager
    def between_transactions(self) -> Iterator[None]:
        """One that has changed nothing ends before, and another begins behind.

        Raises:
            ProgrammingError: E0880, one is open that has changed something, or may only read.
        """
        before = self._transaction
        if before is None:
            yield
            return
        if before.is_bound:
            message = "a transaction is open, and programs run between transactions"
            hint = "`commit()` first, or `rollback()`, or connect with `autocommit=True`"
            raise errors.ProgrammingError(Diagnostic("E0880", message, hint=hint))
        self.commit()
        try:
            yield
        finally:
            self.execute(before.begun_by).close()

    def end_left_open(self) -> None:
        """Roll back what a program has begun and not ended."""
        with self.reporting(), self.client.running("") as connection:
            if self._transaction is None and is_open(connection):
                connection.execute("ROLLBACK")

    def show(self, live: Live) -> None:
        """This reads from the connection now, as long as somebody has it."""
        self._live = weakref.ref(live)

    def settle(self) -> None:
        """Make the connection free for a statement: rows that are still wanted are kept."""
        live = self._live() if self._live else None
        self._live = None
        if live is not None:
            live.settle()
        self.client.finish(writing=self._is_writing)
        self._is_writing = False

    def _finish(self, how: str) -> None:
        with self.reporting():
            if self._transaction is None:
                return
            self.settle()
            try:
                with self.client.running(how) as connection:
                    connection.execute(how)
            finally:
                self._ended()  # a commit that fails has undone everything


def _close(client: Client, end: Callable[[], None]) -> None:
    client.close()
    end()


def connect(
    database: str | Path | None = None,
    *,
    autocommit: bool = False,
    listener: Listener | None = None,
    **settings: Any,
) -> Connection:
    """Connect to a DuckDB file, made if need be, or to `:memory:`.

    database: by default what `sqlml.toml` says. autocommit: as the attribute. listener: is told of
    the progress of TO TRAIN and the like. settings: as in `sqlml.toml`.

    Raises:
        OperationalError, ProgrammingError: the file cannot be opened, a setting is wrong.
    """
    try:
        chosen = load_settings(db=database, **settings)
        shared = Shared.use(chosen)
    except SqlmlError as error:
        raise errors.raised(error) from error
    try:
        session = shared.client(chosen)
    except BaseException:
        shared.leave()
        raise
    return Connection(
        session, shared.leave, autocommit=autocommit, listener=listener, planned=shared.planned
    )
