"""A step's surroundings in a worker process: everything is asked of the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlml.runtime.rows import QueryRows, read_file
from sqlml.runtime.trouble import decode
from sqlml.runtime.workers.channel import Channel, Message
from sqlml.runtime.workers.streams import Stream, StreamBroken, write_stream

if TYPE_CHECKING:
    import pyarrow as pa

    from sqlml.zoo.context import Jobs, Models

PROGRESS_SECONDS = 0.05  # more often nobody can read


class WorkerContext:
    """Implements `zoo.context.Context` over a channel. `threads` may change while the step runs."""

    def __init__(self, channel: Channel, folder: Path, threads: int) -> None:
        self.threads = threads
        self.folder = folder
        self._channel = channel
        self._numbers = count(1)
        self._waiting: dict[int, SimpleQueue[Message]] = {}
        self._last_progress = 0.0
        self._streams: list[Stream] = []

    @property
    def models(self) -> Models:
        raise AttributeError("stored models are looked at in the driver only")

    @property
    def jobs(self) -> Jobs:
        raise AttributeError("jobs are looked at in the driver only")

    def rows(self, sql: str, *, stable: bool) -> QueryRows:
        return QueryRows(self, sql, stable=stable)

    def schema(self, sql: str) -> pa.Schema:
        import pyarrow as pa

        return pa.ipc.read_schema(pa.py_buffer(self._ask("schema", sql=sql).body))

    def stream(self, sql: str, *, stable: bool) -> Iterator[pa.RecordBatch]:
        answer = self._ask("rows", sql=sql, stable=stable)
        if not answer.descriptors:
            return read_file(Path(answer.values["path"]))
        stream = Stream(answer.descriptors[0])
        self._streams.append(stream)
        return iter(stream)

    def table(self, sql: str) -> pa.Table:
        return _table(self._ask("table", sql=sql))

    def execute(self, sql: str, *, once: Sequence[str] | None = None) -> pa.Table | None:
        answer = self._ask("execute", sql=sql, once=once)
        return _table(answer) if answer.body else None

    def extend(
        self,
        sql: str,
        *,
        uses: Sequence[str],
        drops: Sequence[str],
        adds: pa.Schema,
        compute: Callable[[pa.RecordBatch], Sequence[pa.Array]],
        into: str | None,
        types: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        import pyarrow as pa

        number = self._request(
            "extend",
            adds.serialize().to_pybytes(),
            sql=sql, uses=uses, drops=drops, into=into, types=dict(types),
        )  # fmt: skip
        source, target = self._answer(number, last=False).descriptors
        # where a pipe ends early, the driver's answer says why
        with suppress(BrokenPipeError, StreamBroken), closing(Stream(source)) as batches:
            computed = (
                pa.RecordBatch.from_arrays(list(compute(batch)), schema=adds) for batch in batches
            )
            write_stream(target, adds, computed)
        return int(self._answer(number).values["rows"])

    def write(self, table: str, data: pa.Table | pa.RecordBatchReader) -> int:
        return self._deliver(data, into=table)

    def create(
        self, tables: Mapping[str, str], files: Mapping[str, Path] = MappingProxyType({})
    ) -> Mapping[str, int]:
        paths = {name: str(path) for name, path in files.items()}
        counts: dict[str, int] = self._ask("create", tables=dict(tables), files=paths).values[
            "rows"
        ]
        return counts

    def result(self, data: pa.Table | pa.RecordBatchReader) -> None:
        self._deliver(data, into=None)

    def model(self, reference: str) -> Path:
        return Path(self._ask("model", reference=reference).values["folder"])

    def publish(self, name: str, folder: Path, manifest: Mapping[str, Any]) -> str:
        answer = self._ask("publish", name=name, folder=str(folder), manifest=manifest)
        return str(answer.values["reference"])

    def lasting(self, file_name: str) -> Path:
        return Path(self._ask("lasting", file_name=file_name).values["path"])

    def progress(self, done: int, total: int, unit: str, **values: float) -> None:
        now = monotonic()
        if done >= total or now - self._last_progress >= PROGRESS_SECONDS:
            self._last_progress = now
            self._channel.send("progress", done=done, total=total, unit=unit, values=values)

    def note(self, message: str, about: str = "") -> None:
        self._channel.send("note", message=message, about=about)

    def close(self) -> None:
        """Read no more, also of rows that the step has not read to their end."""
        for stream in self._streams:
            stream.close()

    def hear(self, message: Message) -> None:
        """Take in what the driver sends while the step runs; called by the listening thread."""
        if message.kind == "threads":
            self.threads = message.values["threads"]
        elif (waiting := self._waiting.get(message.values["number"])) is not None:
            waiting.put(message)

    def _deliver(self, data: pa.Table | pa.RecordBatchReader, into: str | None) -> int:
        number = self._request("deliver", into=into)
        target = self._answer(number, last=False).descriptors[0]
        batches = iter(data.to_batches()) if hasattr(data, "to_batches") else iter(data)
        with suppress(BrokenPipeError):
            write_stream(target, data.schema, batches)
        return int(self._answer(number).values["rows"])

    def _ask(self, kind: str, **values: Any) -> Message:
        return self._answer(self._request(kind, **values))

    def _request(self, kind: str, body: bytes = b"", **values: Any) -> int:
        number = next(self._numbers)
        self._waiting[number] = SimpleQueue()
        self._channel.send(kind, body=body, number=number, **values)
        return number

    def _answer(self, number: int, *, last: bool = True) -> Message:
        """The next answer to a request; some have two (first the pipes, at the end the result)."""
        answer = self._waiting[number].get()
        if last or answer.kind == "refused":
            del self._waiting[number]
        if answer.kind == "refused":
            raise decode(answer.values["error"])
        return answer


def _table(message: Message) -> pa.Table:
    import pyarrow as pa

    return pa.ipc.open_stream(pa.py_buffer(message.body)).read_all()
