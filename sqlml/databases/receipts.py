"""Receipts: rows that a step leaves in the database together with what it changes.

A step that must not be done twice (an INSERT) writes its name into a table of its run, in the
transaction of its own change. When the process is killed before it can write down that the step is
done, the receipt says so. The tables are gone when the run has ended.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from threading import Lock

import duckdb

from sqlml.databases import names
from sqlml.databases.database import Receipt
from sqlml.databases.transactions import is_open
from sqlml.quoting import identifier, literal

_SCHEMA = "__sqlml_receipts"
_creating = Lock()


class DuckDBReceipts:
    """Receipts of DuckDB; `root` is a connection of the database's main file."""

    def __init__(self, root: duckdb.DuckDBPyConnection) -> None:
        self._root = root
        with root.cursor() as cursor:
            ((self._catalog,),) = cursor.execute("SELECT current_database()").fetchall()
        self._schema = f"{identifier(self._catalog)}.{identifier(_SCHEMA)}"
        self._begun: set[str] = set()

    def prepare(self, connection: duckdb.DuckDBPyConnection, receipt: Receipt) -> str | None:
        """The statement that leaves a receipt in the transaction of a change.

        None where that cannot be: the change is to another database, or the transaction is the
        user's own.
        """
        if self._is_elsewhere(connection, receipt.changes) or is_open(connection):
            return None
        self._make_room(receipt)
        return self._leave(receipt)

    def accompany(self, connection: duckdb.DuckDBPyConnection, receipt: Receipt) -> None:
        """Leave the receipt of a COMMIT in the user's transaction; to be called just before it.

        Before a BEGIN, room is made for it. A transaction that has not changed the main file is
        left alone: to write there would end it.
        """
        if not is_open(connection):
            self._make_room(receipt)
        elif receipt.changes and not self._is_elsewhere(connection, receipt.changes):
            connection.execute(self._leave(receipt))

    def _make_room(self, receipt: Receipt) -> None:
        if receipt.run not in self._begun:
            with _creating, self._root.cursor() as cursor:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
                cursor.execute(f"CREATE TABLE IF NOT EXISTS {self._table(receipt.run)} (step TEXT)")
            self._begun.add(receipt.run)

    def _leave(self, receipt: Receipt) -> str:
        return f"INSERT INTO {self._table(receipt.run)} VALUES ({literal(receipt.step)})"

    def found(self) -> Mapping[str, tuple[str, ...]]:
        """The steps that have left receipts, by their runs."""
        with self._root.cursor() as cursor:
            runs = cursor.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = ?"
                " AND schema_name = ? ORDER BY ALL",
                (self._catalog, _SCHEMA),
            ).fetchall()
            return {
                run: tuple(step for (step,) in cursor.table(self._table(run)).fetchall())
                for (run,) in runs
            }

    def discard(self, runs: Iterable[str]) -> None:
        """Remove the receipts of runs that have ended, and the schema with the last of them."""
        with _creating, self._root.cursor() as cursor:
            for run in runs:
                cursor.execute(f"DROP TABLE IF EXISTS {self._table(run)}")
                self._begun.discard(run)
            with suppress(duckdb.Error):  # other runs have some
                cursor.execute(f"DROP SCHEMA {self._schema}")

    def end(self, run: str) -> None:
        """Remove the receipts of a run that has ended, if it has left some."""
        if run in self._begun:
            with suppress(duckdb.Error):  # what is left is removed when the file is next opened
                self.discard([run])

    def _table(self, run: str) -> str:
        return f"{self._schema}.{identifier(run)}"

    def _is_elsewhere(self, connection: duckdb.DuckDBPyConnection, changes: Iterable[str]) -> bool:
        """Whether a change is not, or not for certain, one of the main file."""
        ((current, databases),) = connection.execute(
            "SELECT current_database(), list(database_name) FROM duckdb_databases()"
            " WHERE NOT internal"
        ).fetchall()
        first = {names.parts(name)[0] for name in changes if len(names.parts(name)) > 1}
        return current != self._catalog or bool(first & {*databases} - {self._catalog})
