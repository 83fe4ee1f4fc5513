"""COPY … FROM STDIN: rows from a client into a table, in one statement."""

from collections.abc import Awaitable, Callable
from tempfile import SpooledTemporaryFile

import duckdb
import pyarrow as pa

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres import lines, packed
from sqlml.connectors.postgres.copying import Copy, target
from sqlml.connectors.postgres.failures import CANCELED, Refused
from sqlml.connectors.postgres.messages import Body, ProtocolViolation
from sqlml.connectors.postgres.together import Runner
from sqlml.databases import streams
from sqlml.quoting import identifier

Receive = Callable[[], Awaitable[tuple[bytes, Body]]]

_IN_MEMORY = 8 << 20  # bytes of what comes; more of it goes to a file
_ROWS = "__sqlml_copied"


class Incoming:
    """The rows of one COPY, kept until all of them are there."""

    def __init__(self, connection: Connection, copy: Copy) -> None:
        """Raises:
        Error: there is no such table or column.
        """
        self._connection = connection
        self._copy = copy
        listed = ", ".join(copy.columns) or "*"
        with connection.execute(f"SELECT {listed} FROM {copy.table} LIMIT 0") as cursor:
            told = cursor.description or ()
            self._names = [name for name, *_ in told]
            self._types = [str(code) for _, code, *_ in told]
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - see `close`

    @property
    def columns(self) -> int:
        return len(self._types)

    @property
    def is_binary(self) -> bool:
        return self._copy.form == "binary"

    def add(self, content: bytes) -> None:
        self._file.write(content)

    def insert(self) -> int:
        """Insert all rows, or none; how many they are."""
        found = self._read()
        stream = streams.Incoming(found, lambda _size: None)
        reader = pa.RecordBatchReader.from_batches(found.schema, stream)
        value = _cast if self.is_binary else _read
        read = ", ".join(value(f"c{i}", kind) for i, kind in enumerate(self._types))
        connection = self._connection
        with connection.reporting(), connection.client.running("") as own:
            connection.settle()
            connection.expect_change()
            own.register(_ROWS, reader)
            try:
                statement = f"INSERT INTO {target(self._copy)} SELECT {read} FROM {_ROWS}"
                ((count,),) = own.execute(statement).fetchall()
            except duckdb.Error as error:
                told, stream.error = stream.error, None  # whose traceback holds the stream
                raise told or error from error
            finally:
                own.unregister(_ROWS)
        return int(count)

    def _read(self) -> pa.RecordBatchReader:
        """The rows, as text or, if they came in binary, as what they are."""
        if self.is_binary:
            return packed.reader(self._file, self._types)
        schema = pa.schema([(f"c{i}", pa.string()) for i in range(self.columns)])
        return pa.RecordBatchReader.from_batches(
            schema, lines.rows(self._file, self._names, self._copy)
        )

    def close(self) -> None:
        self._file.close()


async def take(receive: Receive, run: Runner, incoming: Incoming) -> str:
    """Take the rows of a client, up to its word that they are all; what is to be said then.

    Raises:
        Refused: it has given up.
        ProtocolViolation: it sends something else.
    """
    try:
        while True:
            kind, body = await receive()
            match kind:
                case b"d":
                    incoming.add(body.rest())
                case b"c":
                    return f"COPY {await run(incoming.insert)}"
                case b"f":
                    raise Refused(CANCELED, f"COPY from stdin failed: {body.text()}")
                case b"H" | b"S":
                    pass
                case _:
                    raise ProtocolViolation(f"there is no message {kind!r} within COPY")
    finally:
        incoming.close()


def _cast(name: str, kind: str) -> str:
    return f"CAST({identifier(name)} AS {kind})"


def _read(name: str, kind: str) -> str:
    """A value that PostgreSQL writes so as one of DuckDB's type."""
    column = identifier(name)
    if kind == "BLOB":
        return f"unhex(substr({column}, 3))"
    if kind.endswith("]"):
        column = _with_square_brackets(column)
    return f"CAST({column} AS {kind})"


def _with_square_brackets(column: str) -> str:
    """The text of an array, whose curly brackets outside of quotes are DuckDB's square ones."""
    backslash, quote = "chr(1)", "chr(2)"
    marked = f"replace(replace({column}, '\\\\', {backslash}), '\\\"', {quote})"
    turned = "CASE WHEN i % 2 = 1 THEN translate(x, '{}', '[]') ELSE x END"
    parts = f"list_transform(string_split({marked}, '\"'), lambda x, i: {turned})"
    joined = f"array_to_string({parts}, '\"')"
    return f"replace(replace({joined}, {quote}, '\\\"'), {backslash}, '\\\\')"
