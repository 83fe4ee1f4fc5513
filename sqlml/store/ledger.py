"""The store's SQLite file: one connection that several threads share."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlml.errors import Diagnostic, SqlmlError
from sqlml.store.naming import folder_name
from sqlml.store.schema import MIGRATIONS

Values = Sequence[str | int | float | None]


class Ledger:
    """Reads and transactions on the file. Another process may use the file at the same time."""

    def __init__(self, path: Path, *, busy_seconds: float = 30) -> None:
        """Open the file, make it if need be, and bring its tables up to date.

        busy_seconds: how long to wait for another process to end its transaction.

        Raises:
            SqlmlError: E0506 made by a newer sqlml, E0507 damaged, E0510 cannot be written.
        """
        self.path = path
        self._lock = threading.RLock()
        with self._explained():
            self._connection = sqlite3.connect(
                path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
            )
            # WAL: readers never wait; NORMAL: a crash of the machine may lose the last records,
            # never the file
            self._connection.executescript(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON"
            )
            self._migrate()

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._lock, self._explained():
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Values = ()) -> tuple[Any, ...] | None:
        """The first row of a query, if it has one."""
        with self._lock, self._explained():
            found: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
            return found

    def write(self, sql: str, values: Values = ()) -> None:
        """One statement in a transaction of its own."""
        with self.transaction() as connection:
            connection.execute(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Alone among all writers of all processes; all of it lasts, or nothing does.

        One inside another is part of it.
        """
        with self._lock, self._explained():
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # where the disk is full, SQLite may end it
                    self._connection.execute("ROLLBACK")
                raise

    @property
    def in_transaction(self) -> bool:
        """Whether this thread, which then holds the lock, has begun a transaction."""
        with self._lock:
            return self._connection.in_transaction

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _migrate(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise SqlmlError(
                Diagnostic(
                    "E0506",
                    f"the store `{self.path.parent}` was made by a newer sqlml",
                    label=f"its version is {version}, this sqlml knows {len(MIGRATIONS)}",
                    hint="`pip install --upgrade sqlml`",
                )
            )
        if version == len(MIGRATIONS):
            return
        self._connection.create_function("folder_name", 1, folder_name, deterministic=True)
        with self.transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            for script in MIGRATIONS[version:]:
                for statement in script.split(";\n"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
            raise  # mistakes of ours
        except sqlite3.Error as error:
            raise SqlmlError(self._diagnostic(error)) from error

    def _diagnostic(self, error: sqlite3.Error) -> Diagnostic:
        folder = self.path.parent
        match error.sqlite_errorname.split("_")[1] if hasattr(error, "sqlite_errorname") else "":
            case "BUSY" | "LOCKED":
                message = f"another process keeps the store `{folder}` busy"
                return Diagnostic("E0509", message, hint="wait until it is done, then run again")
            case "FULL":
                hint = "free some space and run again"
                return Diagnostic(
                    "E0606", f"the disk is full: could not write `{self.path}`", hint=hint
                )
            case "READONLY" | "CANTOPEN" | "PERM" | "IOERR":
                hint = "look at the permissions of the folder"
                return Diagnostic(
                    "E0510", f"the store `{folder}` cannot be written", label=str(error), hint=hint
                )
            case _:
                return Diagnostic(
                    "E0507",
                    f"the store's file `{self.path}` is damaged",
                    label=str(error),
                    hint=f"move `{folder}` away: sqlml then begins a new store",
                )
