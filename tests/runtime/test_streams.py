import os
from collections.abc import Iterator
from threading import Thread

import pyarrow as pa
import pytest

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.trouble import ForeignBug
from sqlml.runtime.workers.streams import Stream, StreamBroken, open_pipe, write_stream

SCHEMA = pa.schema([("n", pa.int64()), ("t", pa.string())])


def batches(count: int, error: Exception | None = None) -> Iterator[pa.RecordBatch]:
    for number in range(count):
        yield pa.record_batch([[number, number + 1], ["a", None]], schema=SCHEMA)
    if error is not None:
        raise error


def write_aside(target: int, source: Iterator[pa.RecordBatch]) -> tuple[Thread, list[object]]:
    ended: list[object] = []

    def work() -> None:
        try:
            ended.append(write_stream(target, SCHEMA, source))
        except Exception as error:  # noqa: BLE001 - the test looks at it
            ended.append(error)

    thread = Thread(target=work)
    thread.start()
    return thread, ended


def test_rows_arrive_and_both_sides_count_them() -> None:
    source, target = open_pipe()
    thread, ended = write_aside(target, batches(3))
    stream = Stream(source)
    assert stream.schema == SCHEMA
    assert [batch.column("n").to_pylist() for batch in stream] == [[0, 1], [1, 2], [2, 3]]
    thread.join()
    assert ended == [6]


def test_no_rows_at_all_are_a_stream_too() -> None:
    source, target = open_pipe()
    thread, ended = write_aside(target, batches(0))
    assert list(Stream(source)) == []
    thread.join()
    assert ended == [0]


def test_a_batch_can_be_read_before_there_is_another() -> None:
    source, target = open_pipe()
    answered = Thread(target=lambda: None)

    def one_at_a_time() -> Iterator[pa.RecordBatch]:
        for batch in batches(3):
            yield batch
            seen.append("asked for more")

    seen: list[str] = []
    thread, _ = write_aside(target, one_at_a_time())
    stream = iter(Stream(source))
    for _ in range(3):
        assert next(stream).num_rows == 2
    assert list(stream) == []
    thread.join()
    assert not answered.is_alive()


def test_a_users_mistake_on_the_writing_side_is_raised_on_both() -> None:
    source, target = open_pipe()
    mistake = StepError(Diagnostic("E0499", "spoilt", hint="mend it", about="column a"))
    thread, ended = write_aside(target, batches(1, mistake))
    with pytest.raises(StepError) as raised:
        list(Stream(source))
    thread.join()
    assert raised.value.diagnostics == mistake.diagnostics
    assert ended == [mistake]


def test_a_bug_on_the_writing_side_arrives_with_its_traceback() -> None:
    source, target = open_pipe()
    thread, _ = write_aside(target, batches(1, KeyError("missing")))
    with pytest.raises(ForeignBug, match="KeyError: 'missing'"):
        list(Stream(source))
    thread.join()


def test_a_writer_that_dies_between_batches_is_not_taken_for_the_end() -> None:
    source, target = open_pipe()
    with os.fdopen(target, "wb") as file:
        writer = pa.ipc.new_stream(file, SCHEMA)
        for batch in batches(2):
            writer.write_batch(batch)
        file.flush()
    with pytest.raises(StreamBroken):
        list(Stream(source))


def test_a_writer_that_dies_within_a_batch_is_noticed() -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_batch(next(batches(1)))
    source, target = open_pipe()
    os.write(target, sink.getvalue().to_pybytes()[:-40])
    os.close(target)
    with pytest.raises(StreamBroken):
        list(Stream(source))


def test_a_writer_that_dies_at_once_is_noticed() -> None:
    source, target = open_pipe()
    os.close(target)
    with pytest.raises(StreamBroken):
        Stream(source)


def test_a_reader_that_leaves_stops_the_writer() -> None:
    source, target = open_pipe()
    thread, ended = write_aside(target, batches(1_000_000))
    stream = Stream(source)
    assert next(iter(stream)).num_rows == 2
    stream.close()
    thread.join()
    assert isinstance(ended[0], BrokenPipeError)
