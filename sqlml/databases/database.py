"""What the rest of sqlml asks of a database."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or query; `type` is the database's own type name, upper case."""

    name: str
    type: str


class Rehearsal(Protocol):
    """The database as it will be while a program runs, without running it. Nothing in it lasts."""

    def describe(self, sql: str) -> tuple[Column, ...] | None:
        """The columns of a query; None where only the run can tell.

        Raises:
            QueryProblem: the database refuses the query.
        """
        ...

    def apply(self, sql: str) -> None:
        """Let a plain statement's effect on the catalog be seen by later ones (no rows are read)."""
        ...

    def create(self, table: str, columns: tuple[Column, ...]) -> None:
        """Pretend that a table exists from here on."""
        ...

    def tables(self) -> tuple[str, ...]: ...


class QueryProblem(Exception):
    """The database refuses a statement. offset: character offset in the statement, or None."""

    def __init__(
        self, message: str, offset: int | None = None, hint: str = "", kind: str = ""
    ) -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint
        self.kind = kind  # table, column, function, syntax or ""


class Database(Protocol):
    """A database that the driver process owns. Methods may be called from several threads."""

    dialect: str

    def rehearse(self) -> AbstractContextManager[Rehearsal]: ...

    def rows(self, sql: str, batch_rows: int = 65536) -> pa.RecordBatchReader:
        """Stream a query's rows; memory stays bounded."""
        ...

    def table(self, sql: str) -> pa.Table: ...

    def execute(self, sql: str) -> pa.Table | None:
        """Run any statement; the result set, or None when it has none."""
        ...

    def replace(self, table: str, data: pa.RecordBatchReader) -> int:
        """Create or atomically replace a table; the old one stays if anything fails. Returns the row count."""
        ...

    def fingerprint(self, table: str) -> str | None:
        """A digest of a table's schema and rows that changes when they do; None when there is no such table."""
        ...

    def attach_tables(self, tables: "Iterator[tuple[str, pa.Table]]") -> None:
        """Make Arrow tables visible to queries under these names (sqlml_models, sqlml_runs …)."""
        ...

    def interrupt(self) -> None:
        """Stop what is running, from another thread."""
        ...

    def close(self) -> None: ...
