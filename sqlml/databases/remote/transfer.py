"""Rows on their way from a database elsewhere into a Parquet file, and how they are seen there."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa

from sqlml.databases.connections import Connections
from sqlml.databases.problems import translate
from sqlml.databases.remote.copies import Copy
from sqlml.databases.remote.server import Look, RemoteColumn, RemoteProblem, RemoteTable
from sqlml.databases.streams import Incoming
from sqlml.quoting import identifier, literal

_ROWS = "__sqlml_remote_rows"
_IN_PARQUET = {"INTERVAL": "VARCHAR"}  # which cuts its microseconds
_DIGEST = (
    "SELECT count(*), coalesce(sum(hash({columns})::HUGEINT), 0)::VARCHAR FROM read_parquet({path})"
)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Columns of a table that is looked at. state: what the look told. earlier: the last copy; what
    has the same rows has the same fingerprint.
    """

    look: Look
    columns: Sequence[RemoteColumn]
    state: str
    earlier: Copy | None

    def write(self, connections: Connections, path: Path) -> Copy:
        """Write the rows to a Parquet file, in bounded memory.

        Raises:
            RemoteProblem: E1063 the rows cannot be had; E1064 they do not fit their types.
            SqlmlError: E06xx the disk is full, or somebody interrupts.
        """
        rows = self.look.rows(self.columns)
        incoming = Incoming(rows, lambda _size: None)
        listed = ", ".join(map(_as_kept, self.columns))
        copied = f"COPY (SELECT {listed} FROM {_ROWS}) TO {literal(str(path))} (FORMAT parquet)"
        try:
            with connections.beside() as connection:
                connection.register(_ROWS, pa.RecordBatchReader.from_batches(rows.schema, incoming))
                connection.execute(copied)
                connection.unregister(_ROWS)
                content = _content(connection, self.columns, path)
        except duckdb.ConversionException as error:
            raise incoming.error or _unfit(error) from error
        except duckdb.Error as error:
            raise incoming.error or translate(error, copied) from error
        return Copy(
            file=str(path),
            columns=tuple(column.name for column in self.columns),
            settled=self.look.settled(),
            state=self.state,
            content=content,
            fingerprint=self._fingerprint(content),
            time=time.time(),
        )

    def _fingerprint(self, content: str) -> str:
        earlier = self.earlier
        if earlier is None:
            return content
        is_same = (self.state and self.state == earlier.state) or content == earlier.content
        return earlier.fingerprint if is_same else content


def view(database: str, table: RemoteTable, copy: Copy | None) -> str:
    """The statement that makes a table what is in its copy; the columns that this lacks are there,
    and refuse to be read.
    """
    name = ".".join(map(identifier, (database, table.schema, table.name)))
    there = set(copy.columns) if copy else set()
    listed = ", ".join(
        f"CAST({identifier(column.name) if column.name in there else _refusal(database, table)}"
        f" AS {column.type}) AS {identifier(column.name)}"
        for column in table.columns
    )
    rows = f"read_parquet({literal(copy.file)})" if copy else "(SELECT 1)"
    where = "" if copy else f" WHERE {_refusal(database, table)} IS NULL"
    return f"CREATE OR REPLACE VIEW {name} AS SELECT {listed} FROM {rows}{where}"


def _refusal(database: str, table: RemoteTable) -> str:
    """An expression that nobody can compute beforehand, nor at all."""
    name = f"{database}.{table.schema}.{table.name}"
    return f"error({literal(UNREAD.format(name))} || left(random()::VARCHAR, 0))"


UNREAD = "`{}` has not been read: a query names it in full, outside of a transaction"


def _as_kept(column: RemoteColumn) -> str:
    kept = column.type.replace("INTERVAL", "VARCHAR")  # Parquet would cut its microseconds
    at = identifier(column.name)
    if kept.endswith("]"):
        at = f"CAST({at} AS JSON)"
    return f"CAST({at} AS {kept}) AS {identifier(column.name)}"


def _content(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[RemoteColumn], path: Path
) -> str:
    """A digest of the rows, in whatever order they are."""
    listed = ", ".join(
        f"{at}, signbit({at})" if column.type in ("FLOAT", "DOUBLE") else at
        for column in columns
        for at in [identifier(column.name)]
    )
    query = _DIGEST.format(columns=listed, path=literal(str(path)))
    told = [
        [(column.name, column.type) for column in columns],
        connection.execute(query).fetchone(),
    ]
    return sha256(repr(told).encode()).hexdigest()


def _unfit(error: duckdb.Error) -> RemoteProblem:
    problem = translate(error, "")
    hint = "read a view of it that casts what does not fit"
    return RemoteProblem("E1064", f"a value is not of its column's type: {problem}", hint)
