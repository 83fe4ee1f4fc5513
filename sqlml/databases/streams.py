"""Rows on their way out of the database and into it."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from sqlml.errors import Diagnostic, StepError

_CHECKED = 64  # batches between two looks at the disk
_LEFT = 0.02  # of it

Convert = Callable[[Exception], Exception]
Count = Callable[[int], None]


class Outgoing:
    """The batches of a running query. `resources` are closed when they end or are dropped."""

    def __init__(
        self, reader: pa.RecordBatchReader, resources: ExitStack, convert: Convert, count: Count
    ) -> None:
        self._reader = reader
        self._resources = resources
        self._convert = convert
        self._count = count

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        try:
            batch = self._reader.read_next_batch()
        except StopIteration:
            self._resources.close()
            raise
        except (OSError, pa.ArrowException) as error:  # how Arrow passes the database's errors on
            self._resources.close()
            raise self._convert(error) from error
        self._count(batch.nbytes)
        return batch

    def __del__(self) -> None:
        self._resources.close()


class Incoming:
    """The batches of somebody's reader, for the database to read; keeps the error that ended them.

    The database tells of such an error as text only.
    """

    def __init__(self, reader: pa.RecordBatchReader, count: Count) -> None:
        self._reader = reader
        self._count = count
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        try:
            batch = self._reader.read_next_batch()
        except StopIteration:
            raise
        except BaseException as error:
            self.error = error
            raise
        self._count(batch.nbytes)
        return batch

    def parts(self, rows: int) -> Iterator[pa.RecordBatchReader]:
        """The rows as readers of `rows` rows, the last of fewer, to be read in turn; at least one.

        Nothing is copied.
        """
        batches = _cut(self, rows)
        batch = next(batches, None)
        while True:
            yield pa.RecordBatchReader.from_batches(
                self._reader.schema, _beginning(batch, batches, rows)
            )
            batch = next(batches, None)
            if batch is None:
                return


def _cut(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The batches, cut wherever another `rows` rows are full."""
    left = rows
    for batch in batches:
        start = 0
        while batch.num_rows - start > left:
            yield batch.slice(start, left)
            start, left = start + left, rows
        yield batch.slice(start)
        left -= batch.num_rows - start
        left = left or rows


def _beginning(
    first: pa.RecordBatch | None, others: Iterator[pa.RecordBatch], rows: int
) -> Iterator[pa.RecordBatch]:
    """The first batch and so many others that there are `rows` rows or more, if there are."""
    batch = first
    while batch is not None:
        yield batch
        rows -= batch.num_rows
        batch = next(others, None) if rows > 0 else None


def spooled(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same batches, read to the end now and kept in a file that goes away with its reader."""
    with ExitStack() as resources:
        folder = resources.enter_context(TemporaryDirectory(prefix="sqlml-rows-"))
        path = str(Path(folder, "rows.arrow"))
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            pa.OSFile(path, "wb") as sink,
            pa.ipc.new_stream(sink, reader.schema, options=options) as out,
        ):
            for number, batch in enumerate(reader):
                if number % _CHECKED == 0:
                    check_room(folder)
                out.write_batch(batch)
        source = resources.enter_context(pa.OSFile(path, "rb"))
        stream = pa.ipc.open_stream(source)
        batches = Outgoing(stream, resources.pop_all(), _as_it_is, lambda _size: None)
        return pa.RecordBatchReader.from_batches(reader.schema, batches)


def check_room(folder: str) -> None:
    """Leave some of the disk to others: rows that nobody reads could fill all of it.

    Raises:
        StepError: E0606.
    """
    room = shutil.disk_usage(folder)
    if room.free < room.total * _LEFT:
        hint = "read the rows of one query before the next, or take fewer: LIMIT"
        message = f"the disk is nearly full: rows that are still wanted do not fit in `{folder}`"
        raise StepError(Diagnostic("E0606", message, hint=hint))


def _as_it_is(error: Exception) -> Exception:
    return error
