"""The rows that a statement gives, as tuples or as Arrow."""

import re
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import count, islice
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from sqlml.connectors.dbapi.errors import InterfaceError
from sqlml.connectors.dbapi.types import ColumnDescription, described
from sqlml.databases.client import Client, Parameters
from sqlml.databases.problems import translate
from sqlml.databases.streams import Outgoing, spooled
from sqlml.errors import Diagnostic
from sqlml.quoting import identifier

Row = tuple[Any, ...]
_LOSSY = re.compile(r"(?:TIME WITH TIME ZONE|BIT)((?:\[\d*\])*)")  # Arrow would have less of them
_BUFFERED = 256  # rows that are taken at once where one is wanted


class Rows(Protocol):
    """What there is to fetch; what has been fetched is gone."""

    description: Sequence[ColumnDescription]

    def fetch(self, most: int | None) -> list[Row]:
        """The next rows, all that are left for None."""
        ...

    def table(self) -> pa.Table: ...

    def batches(self, batch_rows: int) -> pa.RecordBatchReader:
        """All rows as a stream."""
        ...


class Live(Protocol):
    """What a connection still reads from."""

    def settle(self) -> None:
        """Let go of the connection, which is wanted for another statement."""
        ...


class Running:
    """The rows of a statement that its connection has begun, read while it runs.

    They are fetched either as tuples or as Arrow.
    """

    def __init__(
        self,
        client: Client,
        statement: duckdb.Statement,
        parameters: Parameters | None,
        show: Callable[[Live], None],
    ) -> None:
        """show: called with what reads from the connection from then on."""
        self._client = client
        self._show = show
        self._statement = statement
        self._parameters = parameters
        self._buffer: deque[Row] = deque()
        self._is_fetched = False
        self._is_settled = False
        with client.running("") as connection:
            self.description: Sequence[ColumnDescription] = [
                described(name, str(code)) for name, code, *_ in connection.description
            ]
        show(self)

    def fetch(self, most: int | None) -> list[Row]:
        buffer = self._buffer
        self._is_fetched = True
        if most is None or most > len(buffer):
            self._fill(None if most is None else max(most - len(buffer), _BUFFERED))
        if most is None or most >= len(buffer):
            rows = list(buffer)
            buffer.clear()
            return rows
        return [buffer.popleft() for _ in range(most)]

    def _fill(self, most: int | None) -> None:
        """Take so many more rows, if there are, into memory."""
        if self._is_settled:
            return
        with self._client.running("") as connection:
            rows = connection.fetchall() if most is None else connection.fetchmany(most)
        self._buffer.extend(rows)
        self._is_settled = most is None or len(rows) < most

    def table(self) -> pa.Table:
        self._check_untouched()
        self._is_settled = True
        with self._client.running("") as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that it is a copy
            return connection.to_arrow_table()

    def batches(self, batch_rows: int) -> pa.RecordBatchReader:
        """A query is begun again: only then its rows come without being collected first."""
        if self._statement.type.name != "SELECT":
            return self.table().to_reader(batch_rows)
        self._check_untouched()
        with self._client.running("") as connection:
            connection.abort()  # what was begun
            relation = connection.sql(self._statement, params=self._parameters)
            stream = _Stream(self._client, relation.to_arrow_reader(batch_rows))
        self._is_settled = True
        self._show(stream)
        return pa.RecordBatchReader.from_batches(stream.schema, stream)

    def settle(self) -> None:
        self._fill(None)

    def _check_untouched(self) -> None:
        if self._is_fetched or self._is_settled:
            raise InterfaceError(
                Diagnostic(
                    "E0883",
                    "the rows can no longer be fetched as Arrow",
                    hint="ask for Arrow before any row is fetched, and before another cursor of the"
                    " connection runs a statement",
                )
            )


class Bound:
    """The rows of a query that begins once they are wanted, tuples or Arrow: it runs once."""

    def __init__(
        self,
        client: Client,
        statement: duckdb.Statement,
        parameters: Parameters | None,
        show: Callable[[Live], None],
    ) -> None:
        """show: called with what reads from the connection from the first row on."""
        self._client = client
        self._show = show
        with client.running(statement.query) as connection:
            self._relation = connection.sql(statement, params=parameters)
        types = map(str, self._relation.types)
        self.description: Sequence[ColumnDescription] = list(
            map(described, self._relation.columns, types)
        )
        if any(_LOSSY.fullmatch(code) for _, code, *_ in self.description):
            self._relation = self._relation.project(
                ", ".join(map(_held, count(1), self.description))
            )
        self._begun: Taken | None = None

    def fetch(self, most: int | None) -> list[Row]:
        if self._begun is None:
            self._begun = Taken(self._client, self.table())
        return self._begun.fetch(most)

    def table(self) -> pa.Table:
        with self._client.running(""):
            return self._relation.to_arrow_table()

    def batches(self, batch_rows: int) -> pa.RecordBatchReader:
        with self._client.running(""):
            stream = _Stream(self._client, self._relation.to_arrow_reader(batch_rows))
        self._show(stream)
        return pa.RecordBatchReader.from_batches(stream.schema, stream)


def _held(number: int, column: ColumnDescription) -> str:
    """A column, by its number, as Arrow can hold all of it."""
    lossy = _LOSSY.fullmatch(column[1])
    own = f"CAST(#{number} AS VARCHAR{lossy[1]})" if lossy else f"#{number}"
    return f"{own} AS {identifier(column[0])}"


class _Stream:
    """The batches of a running query, which go into a file once the connection is wanted."""

    def __init__(self, client: Client, reader: pa.RecordBatchReader) -> None:
        self.schema = reader.schema
        self._client = client
        batches = Outgoing(reader, ExitStack(), lambda error: translate(error, ""), _uncounted)
        self._reader = pa.RecordBatchReader.from_batches(reader.schema, batches)
        self._is_settled = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        with self._client.running(""):
            return self._reader.read_next_batch()

    def settle(self) -> None:
        if not self._is_settled:
            self._reader = spooled(self._reader)
            self._is_settled = True


def _uncounted(_size: int) -> None:
    pass


class Taken:
    """The rows of a table in memory."""

    def __init__(self, client: Client, table: pa.Table) -> None:
        self._table = table
        self._rows: Iterator[Row] | None = None
        with client.beside() as connection:
            relation = connection.from_arrow(table)
            types = [str(kind) for kind in relation.types]
        self._client = client
        self.description: Sequence[ColumnDescription] = [
            described(name, code) for name, code in zip(table.column_names, types, strict=True)
        ]

    def fetch(self, most: int | None) -> list[Row]:
        if self._rows is None:
            self._rows = self._converted()
        return list(islice(self._rows, most))

    def table(self) -> pa.Table:
        return self._table

    def batches(self, batch_rows: int) -> pa.RecordBatchReader:
        return self._table.to_reader(batch_rows)

    def _converted(self) -> Iterator[Row]:
        """The rows with values as those of every other statement."""
        with self._client.beside() as connection:
            yield from connection.from_arrow(self._table).iter_rows()
