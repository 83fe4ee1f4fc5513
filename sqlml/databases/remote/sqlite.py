"""SQLite files.

A file's header counts its changes (bytes 24 to 28), and so does that of its write-ahead log. With
what the system tells of the files, they say whether anything has changed in the database. Where a
file was written a moment ago, its times do not tell: then nothing is believed.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pyarrow as pa

from sqlml.databases.remote.adbc import Connection, check_installed, connected
from sqlml.databases.remote.server import RemoteColumn, RemoteProblem, RemoteTable
from sqlml.errors import did_you_mean
from sqlml.quoting import identifier, literal

_DRIVER = "adbc_driver_sqlite"
_TABLES = (
    "SELECT '' AS name UNION ALL SELECT name FROM sqlite_master"
    " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_HEADERS = {"": 100, "-journal": 0, "-wal": 32, "-shm": 48}  # of each file, the bytes that count
_MOMENT = 2 * 10**9  # nanoseconds in which a change may leave a file's times as they were
# By a part of the declared type, as SQLite itself reads it: DuckDB's type, and a value of the kind
# that is sent for it.
_TYPES = (
    ("INT", "BIGINT", "0"),
    ("CHAR", "VARCHAR", "''"),
    ("CLOB", "VARCHAR", "''"),
    ("TEXT", "VARCHAR", "''"),
    ("BLOB", "BLOB", "x''"),
    ("REAL", "DOUBLE", "0.0"),
    ("FLOA", "DOUBLE", "0.0"),
    ("DOUB", "DOUBLE", "0.0"),
    ("DEC", "DOUBLE", "0.0"),
    ("NUM", "DOUBLE", "0.0"),
    ("BOOL", "BOOLEAN", "0"),
    ("TIME", "TIMESTAMP", "''"),
    ("DATE", "DATE", "''"),
    ("", "VARCHAR", "''"),
)
_KINDS = {kind: value for _, kind, value in _TYPES}


class SQLite:
    """A file, by an address as `sqlite:///file.db`; with one slash more, from the root."""

    default_schema = "main"

    def __init__(self, url: str, password: str = "") -> None:
        check_installed(_DRIVER)
        told = urlsplit(url)
        self._path = Path(unquote(told.path[1:]))
        if told.netloc or not self._path.name:
            hint = "`sqlite:///file.db` is in this folder, `sqlite:////data/file.db` is not"
            raise RemoteProblem("E1061", "the address names no file", hint)

    def tables(self) -> Sequence[RemoteTable]:
        with self._connected() as connection:
            names = [row["name"] for row in connection.rows(_TABLES)[1:]]
            return [RemoteTable("main", name, _columns(connection, name)) for name in names]

    @contextmanager
    def look(self, table: RemoteTable) -> Iterator["_Look"]:
        with self._connected() as connection:
            yield _Look(connection, table, self._path)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        where = f"the file `{self._path}`"
        if not self._path.is_file():
            raise RemoteProblem("E1060", f"there is no file `{self._path}`", _near(self._path))
        place = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        with connected(_DRIVER, place, where) as connection:
            yield connection


class _Look:
    def __init__(self, connection: Connection, table: RemoteTable, path: Path) -> None:
        self._connection = connection
        self._table = table
        self._path = path
        self._facts = _facts(path, table)

    def settled(self) -> str:
        return self._facts if self._facts == _facts(self._path, self._table) else ""

    def state(self) -> str:
        return ""

    def rows(self, columns: Sequence[RemoteColumn]) -> pa.RecordBatchReader:
        """The rows. The driver takes a column's type from its first value: one of ours goes first,
        and is dropped.
        """
        names = [identifier(column.name) for column in columns]
        typed = zip(columns, names, strict=True)
        first = ", ".join(f"{_KINDS[column.type]} AS {name}" for column, name in typed)
        table = identifier(self._table.name)
        reader = self._connection.stream(
            f"SELECT {first} UNION ALL SELECT {', '.join(names)} FROM {table}"
        )
        return pa.RecordBatchReader.from_batches(reader.schema, _behind_first(reader))


def _behind_first(batches: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    skipped = 1
    for batch in batches:
        yield batch.slice(skipped)
        skipped = 0


def _columns(connection: Connection, table: str) -> tuple[RemoteColumn, ...]:
    listed = f"SELECT name, type FROM pragma_table_xinfo({literal(table)}) WHERE hidden <> 1"
    asked = f"SELECT '' AS name, '' AS type UNION ALL {listed}"  # all types may be empty
    return tuple(
        RemoteColumn(row["name"], _type(row["type"]), identifier(row["name"]))
        for row in connection.rows(asked)[1:]
    )


def _type(declared: str) -> str:
    return next(kind for part, kind, _ in _TYPES if part in declared.upper())


def _facts(path: Path, table: RemoteTable) -> str:
    """What tells of changes of a database; empty: it was changed just now."""
    told: list[object] = [[column.name, column.type] for column in table.columns]
    now = time.time_ns()
    for beside, count in _HEADERS.items():
        with suppress(OSError), open(f"{path}{beside}", "rb") as file:
            stat, header = os.fstat(file.fileno()), file.read(count)
            if beside == "-shm":  # its times change with whoever reads
                told.append(header.hex())
                continue
            if not stat.st_size:  # so is a log that reading has made
                break
            if now - stat.st_mtime_ns < _MOMENT and not _counts(beside, header):
                return ""
            told.append([stat.st_size, stat.st_mtime_ns, stat.st_ino, header.hex()])
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _counts(beside: str, header: bytes) -> bool:
    """Whether each change counts up in the header: not where a log is written ahead."""
    return not beside and header[18:20] == b"\x01\x01"


def _near(path: Path) -> str:
    with suppress(OSError):
        return did_you_mean(path.name, [one.name for one in path.parent.iterdir()])
    return f"there is no folder `{path.parent}`"
