"""The rows of a query as steps see them, and files for those that cannot be asked for twice."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Protocol

import pyarrow as pa

from sqlml.quoting import select_from

BATCH_ROWS = 65_536


class RowSource(Protocol):
    """Where rows come from: the database in the driver, the driver in a worker."""

    def schema(self, sql: str) -> pa.Schema:
        """The columns of a query, without its rows."""
        ...

    def stream(self, sql: str, *, stable: bool) -> Iterator[pa.RecordBatch]:
        """The rows of a query: the same in the same order each time."""
        ...


class QueryRows:
    """Implements `zoo.context.Rows`: what is not asked for is not read."""

    def __init__(self, source: RowSource, sql: str, *, stable: bool) -> None:
        self.sql = sql
        self._source = source
        self._stable = stable
        self._schema: pa.Schema | None = None

    @property
    def schema(self) -> pa.Schema:
        if self._schema is None:
            self._schema = self._source.schema(self.sql)
        return self._schema

    def select(self, expressions: str) -> "QueryRows":
        return QueryRows(self._source, select_from(expressions, self.sql), stable=self._stable)

    def batches(self) -> Iterator[pa.RecordBatch]:
        return self._source.stream(self.sql, stable=self._stable)


class Spools:
    """Queries' rows kept in Arrow stream files of a folder; each query is executed once."""

    def __init__(self, folder: Path, read: Callable[[str], pa.RecordBatchReader]) -> None:
        self._folder = folder
        self._read = read
        self._paths: dict[str, Path] = {}
        self._writing = Lock()

    def path(self, sql: str) -> Path:
        """The file with the rows of a query, which is executed if it has not been yet."""
        with self._writing:
            if sql not in self._paths:
                path = self._folder / f"rows-{len(self._paths) + 1}.arrows"
                write_file(path, self._read(sql))
                self._paths[sql] = path
            return self._paths[sql]


def write_file(path: Path, reader: pa.RecordBatchReader) -> int:
    """Write rows to an Arrow stream file; returns their number."""
    rows = 0
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def read_file(path: Path) -> Iterator[pa.RecordBatch]:
    """Stream an Arrow stream file; memory stays bounded."""
    with pa.OSFile(str(path), "rb") as file:
        yield from pa.ipc.open_stream(file)


def file_reader(path: Path) -> pa.RecordBatchReader:
    """As `read_file`, as a reader."""
    with pa.OSFile(str(path), "rb") as file:
        schema = pa.ipc.open_stream(file).schema
    return pa.RecordBatchReader.from_batches(schema, read_file(path))


def map_file(path: Path) -> pa.Table:
    """The rows of an Arrow stream file, mapped into memory."""
    return pa.ipc.open_stream(pa.memory_map(str(path))).read_all()
