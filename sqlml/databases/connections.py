"""Which connection a statement runs on, and what is running."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


class Connections:
    """One cursor per statement; when `single`, one connection for all, a statement at a time."""

    def __init__(self, root: duckdb.DuckDBPyConnection, *, borrowed: bool) -> None:
        self._root = root
        self.borrowed = borrowed
        self._shared: duckdb.DuckDBPyConnection | None = None
        self._turn = threading.RLock()
        self._running: dict[duckdb.DuckDBPyConnection, int] = {}
        # Streams that are dropped end whenever the garbage collector runs: while registering, too.
        self._registering = threading.RLock()

    @property
    def single(self) -> bool:
        return self._shared is not None

    @single.setter
    def single(self, value: bool) -> None:
        with self._turn:
            if self._shared is not None:
                self._shared.close()
            self._shared = self.open() if value else None

    def open(self) -> duckdb.DuckDBPyConnection:
        """A fresh connection, for the caller to close."""
        connection = self._root.cursor()
        if self.borrowed:  # somebody else's settings rule; errors with places are ours to ask for
            connection.execute("SET errors_as_json = true")
        return connection

    @contextmanager
    def use(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The connection for one statement."""
        if self._shared is not None:
            with self._turn, self._interruptible(self._shared):
                yield self._shared
            return
        with self.beside() as connection:
            yield connection

    @contextmanager
    def beside(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that is part of nobody's transaction."""
        connection = self.open()
        try:
            with self._interruptible(connection):
                yield connection
        finally:
            connection.close()

    @contextmanager
    def _interruptible(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        with self._registering:
            self._running[connection] = threading.get_ident()
        try:
            yield
        finally:
            with self._registering:
                self._running.pop(connection, None)

    @property
    def users(self) -> int:
        """How many threads have statements that run now."""
        with self._registering:
            return len(set(self._running.values()))

    def interrupt(self, thread: int | None = None) -> None:
        """Stop every statement that runs now, or that of one thread."""
        with self._registering:
            for connection, owner in dict(self._running).items():
                if thread in (None, owner):
                    connection.interrupt()

    def alone(self) -> "Connections":
        """One connection to the same database, that shares none of its state with these."""
        other = Connections(self._root, borrowed=self.borrowed)
        other.single = True
        return other

    def leave(self) -> None:
        """End what runs, and leave the database open to others."""
        self.interrupt()
        self.single = False

    def close(self) -> None:
        self.leave()
        self._root.close()
