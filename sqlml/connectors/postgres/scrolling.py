"""Cursors that may go back: their rows in a file, any of which can be given again."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from tempfile import TemporaryFile, gettempdir

import pyarrow as pa

from sqlml.databases.streams import check_room

_CHECKED = 64  # batches, after which the room on the disk is looked at again


class Scrolled:
    """The rows of a cursor, and where it stands: 0 is before the first of them."""

    def __init__(self, rows: Iterator[pa.RecordBatch]) -> None:
        """Raises:
        StepError: E0606 the disk is nearly full.
        """
        self.place = 0
        self._file = TemporaryFile()  # noqa: SIM115 - see `close`
        self._ends = list[int]()  # how many rows there are up to the end of each batch
        first = next(rows, None)
        if first is None:
            return
        with pa.ipc.new_file(self._file, first.schema) as writer:
            for batch in chain([first], rows):
                if len(self._ends) % _CHECKED == 0:
                    check_room(gettempdir())
                writer.write_batch(batch)
                self._ends.append(self.count + batch.num_rows)
        self._file.seek(0)
        self._reader = pa.ipc.open_file(self._file)

    @property
    def count(self) -> int:
        return self._ends[-1] if self._ends else 0

    def go(self, direction: str, number: int) -> Iterator[pa.RecordBatch]:
        """The rows that FETCH gives: at a place, from where it stands, or all on the way there."""
        if direction == "ABSOLUTE":
            self._stand(number if number >= 0 else self.count + 1 + number)
        elif direction == "RELATIVE":
            self._stand(self.place + number)
        elif number:
            return self._walk(number)
        return self._between(self.place, self.place)

    def close(self) -> None:
        self._file.close()

    def _stand(self, place: int) -> None:
        self.place = min(max(place, 0), self.count + 1)

    def _walk(self, steps: int) -> Iterator[pa.RecordBatch]:
        before = self.place
        self._stand(before + steps)
        if steps > 0:
            return self._between(before + 1, min(self.place, self.count))
        return self._backwards(max(self.place, 1), before - 1)

    def _between(self, first: int, last: int) -> Iterator[pa.RecordBatch]:
        """The rows with these numbers, which count from 1."""
        at, last = max(first, 1), min(last, self.count)
        while at <= last:
            index = bisect_right(self._ends, at - 1)
            begin = self._ends[index - 1] if index else 0
            batch = self._reader.get_batch(index).slice(at - 1 - begin, last - at + 1)
            yield batch
            at += batch.num_rows

    def _backwards(self, first: int, last: int) -> Iterator[pa.RecordBatch]:
        at = min(last, self.count)
        while at >= first:
            index = bisect_right(self._ends, at - 1)
            begin = self._ends[index - 1] if index else 0
            low = max(first - 1, begin)
            batch = self._reader.get_batch(index).slice(low - begin, at - low)
            yield batch.take(pa.array(range(batch.num_rows - 1, -1, -1), pa.int64()))
            at = low
