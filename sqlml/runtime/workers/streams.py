"""Rows on their way through a pipe: an Arrow IPC stream, then a line that says how it ended."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fcntl import fcntl
from typing import Any

import pyarrow as pa

from sqlml.runtime.trouble import decode, encode

_PIPE_BYTES = 1 << 20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, named in the fcntl module on Linux only


class StreamBroken(Exception):  # noqa: N818 - it names what happened to the stream
    """The writer has gone before it was done."""


def open_pipe() -> tuple[int, int]:
    """A pipe (read end, write end) that holds as much as an unprivileged process may ask for."""
    ends = os.pipe()
    with suppress(OSError):
        fcntl(ends[1], _SET_PIPE_SIZE, _PIPE_BYTES)
    return ends


def write_stream(descriptor: int, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches and how they ended, and close the descriptor; returns the number of rows.

    An error of `batches` is told to the reader, and raised here.

    Raises:
        BrokenPipeError: the reader has gone.
    """
    rows = 0
    ending: dict[str, Any] = {}
    file = os.fdopen(descriptor, "wb")
    try:
        writer = pa.ipc.new_stream(file, schema)
        try:
            for batch in batches:
                writer.write_batch(batch)
                file.flush()  # the reader may have to answer before there is another batch
                rows += batch.num_rows
        except BrokenPipeError:
            raise
        except Exception as error:
            ending = encode(error)
            raise
        finally:
            with suppress(BrokenPipeError):
                writer.close()
                file.write(json.dumps({"rows": rows, **ending}).encode())
                file.flush()
    finally:
        with suppress(BrokenPipeError):
            file.close()
    return rows


class Stream:
    """The reading end. To be iterated once; leaving early closes the pipe, which stops the writer.

    Raises:
        StreamBroken: the writer has gone before it was done.
        StepError, ForeignBug: what the writer met, as it told it.
    """

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "rb")
        try:
            self._reader = pa.ipc.open_stream(self._file)
        except (pa.ArrowInvalid, OSError) as error:
            self._file.close()
            raise StreamBroken from error
        self.schema: pa.Schema = self._reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        rows = 0
        try:
            for batch in self._batches():
                yield batch
                rows += batch.num_rows
            self._check_ending(rows)
        finally:
            self.close()

    def close(self) -> None:
        self._file.close()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._reader
        except (pa.ArrowInvalid, OSError) as error:
            raise StreamBroken from error

    def _check_ending(self, rows: int) -> None:
        told = self._file.read()
        if not told:
            raise StreamBroken
        ending = json.loads(told)
        if len(ending) > 1:
            raise decode(ending)
        if ending["rows"] != rows:
            raise StreamBroken
