"""What the rest of sqlml asks of a database."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import pyarrow as pa

from sqlml.databases.remote.copies import Copies


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or query; `type` is the database's own type name, upper case."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A macro or a type. about: what tells it from others of its name. query: a macro's text."""

    name: str
    about: str
    query: str = ""


class Rehearsal(Protocol):
    """The database as it will be while a program runs, without running it. Nothing in it lasts."""

    def describe(self, sql: str) -> tuple[Column, ...] | None:
        """The columns of a query; None where only the run can tell.

        Raises:
            QueryProblem: the database refuses the query.
            NoQuery: it is a change, or several statements.
        """
        ...

    def apply(self, sql: str, *, exists_ok: bool = False) -> None:
        """Let a plain statement's effect on the catalog be seen by later ones (no rows are read).

        exists_ok: creating something that exists replaces it, as for a step that may be reused.

        Raises:
            QueryProblem: the database refuses the statement.
        """
        ...

    def create(self, table: str, columns: tuple[Column, ...]) -> None:
        """Pretend that a table exists from here on.

        Raises:
            QueryProblem: the name is a view's, or its schema does not exist.
        """
        ...

    def tables(self) -> tuple[str, ...]:
        """The names of all tables and views as a statement would write them, unquoted."""
        ...

    def views(self) -> Mapping[str, str]:
        """The names of all views, as in `tables`, to the statements that create them."""
        ...


class QueryProblem(Exception):  # noqa: N818 - it is a finding as often as an error
    """The database refuses a statement.

    offset and length: the characters at fault in the statement; offset is None where nobody knows.
    kind: table, column, function, schema, file, exists (an object of that name does), syntax,
    remote or "". code: of the error that it is; by default, whoever tells of it knows.
    """

    code = ""

    def __init__(
        self,
        message: str,
        offset: int | None = None,
        hint: str = "",
        kind: str = "",
        length: int = 0,
    ) -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint
        self.kind = kind
        self.length = length


class NoQuery(QueryProblem):
    """What stands for a query is none: to look for its rows would do what it says."""

    code = "E0110"

    def __init__(self, kind: str) -> None:
        """kind: of the statement that it is, or empty for several or none."""
        instead = f", not `{kind}`" if kind else ""
        hint = "begin with SELECT, WITH, FROM or VALUES"
        super().__init__(f"a query is needed here{instead}", hint=hint, kind="syntax")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one record. type: the database type of what it gives.

    compute: from records, a STRUCT each, to as many results; may be called from several threads.
    """

    type: str
    compute: Callable[[pa.StructArray], pa.Array]


class Functions(Protocol):
    """Functions that SQL can call, found when it does."""

    spelled: re.Pattern[str]  # finds their calls in SQL; the whole match is the name in quotes

    def find(self, name: str) -> Function | None:
        """The function of that name, without quotes; None when there is none."""
        ...

    def names(self) -> Iterable[str]:
        """The names of those that there are now, as `find` takes them."""
        ...

    def changes(self) -> int:
        """A number that grows whenever functions of the same name may have become others."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a step that must not be done twice leaves with its change. changes: tables it writes.

    ahead: the SQL of the transaction that it begins, which will call the functions of today.
    """

    run: str
    step: str
    changes: tuple[str, ...] = ()
    ahead: str = ""


class Receipts(Protocol):
    """Receipts that lie in the database until their runs have ended."""

    def found(self) -> Mapping[str, tuple[str, ...]]:
        """The steps that have left receipts, by their runs."""
        ...

    def discard(self, runs: Iterable[str]) -> None:
        """Remove the receipts of runs that have ended."""
        ...

    def end(self, run: str) -> None:
        """Remove the receipts of a run that ends here, if it has left some."""
        ...


class Database(Protocol):
    """A database that the driver process owns. Methods may be called from several threads.

    Methods that run SQL raise QueryProblem when the database refuses it, then or while rows are
    read, and SqlmlError (E06xx) when its surroundings are at fault: disk, memory, an interrupt.
    """

    dialect: str

    @property
    def single_connection(self) -> bool:
        """Whether every statement runs on one connection, one at a time.

        Programs that change a connection's state (SET, USE, BEGIN, temporary tables) need that.
        Setting it to True begins with a fresh connection; False ends that one and its state.
        """
        ...

    @single_connection.setter
    def single_connection(self, value: bool) -> None: ...

    @property
    def receipts(self) -> Receipts: ...

    def rehearse(self) -> AbstractContextManager[Rehearsal]:
        """Try statements without lasting effect; nothing else may change the database meanwhile."""
        ...

    def rows(self, sql: str, batch_rows: int = 65536) -> pa.RecordBatchReader:
        """Stream a query's rows; memory stays bounded."""
        ...

    def table(self, sql: str) -> pa.Table: ...

    def execute(self, sql: str, receipt: Receipt | None = None) -> pa.Table | None:
        """Run any statement; the result set, or None when it has none.

        receipt: left in the transaction of the change, where that can be.
        """
        ...

    def replace(
        self,
        table: str,
        data: pa.RecordBatchReader,
        types: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        """Create or atomically replace a table; the old one stays if anything fails.

        types: the database type of columns whose Arrow type would give another one (HUGEINT, UUID,
        ENUM …). An error raised by `data` is raised here. Returns the row count.
        """
        ...

    def create(
        self, tables: Mapping[str, str], files: Mapping[str, Path] = MappingProxyType({})
    ) -> Mapping[str, int]:
        """Create or replace tables, each by its query; all of them, or none.

        files: database files that the queries read from, by the names they go by there. Returns the
        number of rows of each table.
        """
        ...

    def fingerprint(self, table: str, *, ordered: bool = True, fetch: bool = True) -> str | None:
        """A digest of a table's schema and rows; None when there is no such table.

        ordered: the same rows in another order are others. Not so for views that give theirs in
        any order. For a table of a file that is attached read-only, what the system says of the
        file stands for the rows: they are not read.

        fetch: a table of a remote database that has changed is read; otherwise the digest is one
        that no rows have.
        """
        ...

    def attach_copies(self, copies: Copies, password: Callable[[str], str | None]) -> None:
        """Let statements attach remote databases, whose tables are read once while they do not
        change. password: that of a secret, by its name.
        """
        ...

    def holding(self) -> AbstractContextManager[None]:
        """Meanwhile, remote tables stay as they were first read."""
        ...

    def remote_remarks(self, table: str) -> Mapping[str, str]:
        """Whether the tables of remote databases would be read again that a table is, or a view
        reads: in words, by their full names.
        """
        ...

    def definitions(self, text: str) -> Sequence[Definition]:
        """The macros and types that users have defined and a text can use, in a stable order."""
        ...

    def file_fingerprint(self, path: str) -> str | None:
        """A digest of the names and contents of a path's or glob's files; None: unknown.

        Of long files, sizes and times stand for their contents.
        """
        ...

    def attach_tables(self, tables: Mapping[str, Callable[[], pa.Table]]) -> None:
        """Let statements read Arrow tables by these names; each is made when a statement does."""
        ...

    def detach_tables(self, tables: Iterable[str]) -> None:
        """Undo `attach_tables` for these tables."""
        ...

    def attach_functions(self, functions: Functions) -> None:
        """Let statements, and the views that they read, call these functions."""
        ...

    def interrupt(self, thread: int | None = None) -> None:
        """Stop, from another thread, what is running, or what one thread runs."""
        ...

    def close(self) -> None: ...
