"""Statements that count together, and database files that are open while they run."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from sqlml.quoting import identifier, literal


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that is done inside happens, or nothing; part of a transaction that is open already."""
    if is_open(connection):  # to begin another one would abort it
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> Iterator[None]:
    """Another database file, to be read under a name by all connections.

    The connection is not in a transaction: none could let go of the file before its end.
    """
    connection.execute(f"ATTACH {literal(str(path))} AS {identifier(name)} (READ_ONLY)")
    try:
        yield
    finally:
        connection.execute(f"DETACH {identifier(name)}")


def is_open(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a transaction has been begun: otherwise each statement is one of its own."""
    first, second = (connection.execute("SELECT txid_current()").fetchall() for _ in range(2))
    return bool(first == second)
