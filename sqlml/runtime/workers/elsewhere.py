"""Columns computed in another process, while the rows they belong to wait here."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread

import pyarrow as pa

from sqlml.runtime.context import Computing, Pairs
from sqlml.runtime.workers.streams import Stream, StreamBroken, write_stream

_WAITING = 2  # batches that may wait for their computed columns
_SECONDS = 0.05


@contextmanager
def computing_elsewhere(uses: Sequence[str], target: int, source: int) -> Iterator[Computing]:
    """Pair batches with columns that the reader of pipe `target` computes and sends by `source`.

    A few batches are under way at a time, so that reading, computing and writing overlap. Both
    pipes are closed in the end, also when it never came to computing.
    """
    unused = [target, source]

    def computing(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Pairs:
        feeder = _Feeder(batches)
        used = pa.schema([schema.field(name) for name in uses])
        unused.clear()
        feeder.start(target, used)
        try:
            with closing(Stream(source)) as stream:
                for computed in stream:
                    yield feeder.take(), computed.columns
            feeder.finish()
        finally:
            feeder.stop()

    try:
        yield computing
    finally:
        for descriptor in unused:
            os.close(descriptor)


class _Feeder:
    """A thread that sends used columns away and keeps the whole batches in a short queue."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._queue: Queue[pa.RecordBatch] = Queue(_WAITING)
        self._stopped = Event()
        self._error: Exception | None = None
        self._thread: Thread | None = None

    def start(self, target: int, used: pa.Schema) -> None:
        self._thread = Thread(target=self._feed, args=(target, used), daemon=True)
        self._thread.start()

    def take(self) -> pa.RecordBatch:
        """The next batch, whose used columns have been sent."""
        return self._queue.get()

    def finish(self) -> None:
        """Check that all has been sent and taken.

        Raises:
            StreamBroken: the other process stopped reading.
        """
        self.stop()
        if self._error is not None:
            raise self._error
        try:
            self._queue.get_nowait()
        except Empty:
            return
        raise StreamBroken

    def stop(self) -> None:
        """End the thread; the pipes' other ends must be closed or closing."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _feed(self, target: int, used: pa.Schema) -> None:
        try:
            write_stream(target, used, self._used_columns(used.names))
        except Exception as error:  # noqa: BLE001 - the thread's outermost edge: `finish` raises it
            self._error = error

    def _used_columns(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            if not self._put(batch):
                return
            yield batch.select(names)

    def _put(self, batch: pa.RecordBatch) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(batch, timeout=_SECONDS)
            except Full:
                continue
            return True
        return False
