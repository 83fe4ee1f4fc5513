"""Stands by a worker process while it runs a step, and does what it asks for."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pyarrow as pa

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.call import StepCall, outcome_from_json
from sqlml.runtime.context import DriverContext
from sqlml.runtime.machine import memory_of_tree, peak_memory_of, working_folder
from sqlml.runtime.trouble import decode, encode, out_of_memory
from sqlml.runtime.workers.channel import ChannelClosed, Message
from sqlml.runtime.workers.elsewhere import computing_elsewhere
from sqlml.runtime.workers.process import Death, Worker
from sqlml.runtime.workers.streams import Stream, open_pipe, write_stream
from sqlml.zoo.steps.outcome import Outcome

_KILLED = (-9, 137)
_LOOK_SECONDS = 0.1


class Interrupted(Exception):  # noqa: N818 - nothing went wrong: the user wanted it so
    """The step's worker was ended because the run is being interrupted."""


@dataclass(frozen=True, slots=True)
class Finished:
    outcome: Outcome
    peak_memory: int


class StepFailure(Exception):  # noqa: N818 - a carrier
    """A step failed in its worker. `error` is why, `peak_memory` what the worker had held.

    is_refusal: the step itself said no, and its worker is as sound as before.
    """

    def __init__(self, error: Exception, peak_memory: int, *, is_refusal: bool = False) -> None:
        super().__init__(error)
        self.error = error
        self.peak_memory = peak_memory
        self.is_refusal = is_refusal


class Attendant:
    """Serves one worker for one step. Requests are answered in threads of their own."""

    def __init__(self, worker: Worker, context: DriverContext) -> None:
        self._worker = worker
        self._channel = worker.channel
        self._context = context
        self._answering: list[Thread] = []
        self._answers: Mapping[str, Callable[[Message], None]] = {
            "schema": self._schema,
            "rows": self._rows,
            "table": self._table,
            "execute": self._execute,
            "extend": self._extend,
            "deliver": self._deliver,
            "create": self._create,
            "model": self._model,
            "publish": self._publish,
            "lasting": self._lasting,
        }

    def attend(self, call: StepCall, log: Path, memory: int | None = None) -> Finished:
        """Have the worker run a step; what it prints goes to `log`. memory: bytes it may hold.

        Raises:
            StepFailure: the step failed, or the worker died.
            Interrupted: the worker was killed by us.
        """
        watch = _MemoryWatch(self._worker, memory)
        try:
            with log.open("ab") as file:
                self._channel.send(
                    "step",
                    descriptors=[file.fileno()],
                    call=call.to_json(),
                    folder=str(self._context.folder),
                    working_folder=working_folder(),
                    threads=self._context.threads,
                )
            last = self._converse()
        except ChannelClosed:
            raise self._died(log, watch.peak) from None
        finally:
            watch.stop()
            for thread in self._answering:
                thread.join()
        peak = max(last.values["peak_memory"], watch.seen)
        if last.kind == "failed":
            error, is_refusal = decode(last.values["error"]), last.values["is_refusal"]
            raise StepFailure(error, peak, is_refusal=is_refusal)
        return Finished(outcome_from_json(last.values["outcome"]), peak)

    def kill(self) -> None:
        """End the worker, and with it the step."""
        self._worker.kill()

    def give_threads(self, threads: int) -> None:
        """Let the running step use more threads, or fewer."""
        self._context.threads = threads
        with suppress(ChannelClosed):
            self._channel.send("threads", threads=threads)

    def _converse(self) -> Message:
        while True:
            message = self._channel.receive()
            values = message.values
            match message.kind:
                case "done" | "failed":
                    return message
                case "progress":
                    self._context.progress(
                        values["done"], values["total"], values["unit"], **values["values"]
                    )
                case "note":
                    self._context.note(values["message"], values["about"])
                case _:
                    thread = Thread(target=self._answer, args=(message,), daemon=True)
                    self._answering.append(thread)
                    thread.start()

    def _answer(self, message: Message) -> None:
        with suppress(ChannelClosed):
            try:
                self._answers[message.kind](message)
            except ChannelClosed:
                raise
            except Exception as error:  # noqa: BLE001 - it is the worker that asked: it is told
                self._channel.send("refused", number=message.values["number"], error=encode(error))

    def _reply(
        self, to: Message, body: bytes = b"", descriptors: Sequence[int] = (), **values: Any
    ) -> None:
        number = to.values["number"]
        self._channel.send("answer", body=body, descriptors=descriptors, number=number, **values)

    def _schema(self, asked: Message) -> None:
        schema = self._context.schema(asked.values["sql"])
        self._reply(asked, schema.serialize().to_pybytes())

    def _rows(self, asked: Message) -> None:
        sql, stable = asked.values["sql"], asked.values["stable"]
        path = self._context.spool(sql, stable=stable)
        if path is not None:
            self._reply(asked, path=str(path))
            return
        with closing(self._context.reader(sql, stable=stable)) as reader:
            source, target = open_pipe()
            reply = partial(self._reply, asked, descriptors=[source])
            _hand_over(reply, ours=[target], theirs=[source])
            with suppress(BrokenPipeError):
                write_stream(target, reader.schema, reader)

    def _table(self, asked: Message) -> None:
        self._reply(asked, _stream_bytes(self._context.table(asked.values["sql"])))

    def _execute(self, asked: Message) -> None:
        found = self._context.execute(asked.values["sql"], once=asked.values["once"])
        self._reply(asked, b"" if found is None else _stream_bytes(found))

    def _extend(self, asked: Message) -> None:
        values = asked.values
        uses_source, uses_target = open_pipe()
        adds_source, adds_target = open_pipe()
        reply = partial(self._reply, asked, descriptors=[uses_source, adds_target])
        _hand_over(reply, ours=[uses_target, adds_source], theirs=[uses_source, adds_target])
        with computing_elsewhere(values["uses"], uses_target, adds_source) as computing:
            rows = self._context.extend_by(
                values["sql"],
                drops=values["drops"],
                adds=pa.ipc.read_schema(pa.py_buffer(asked.body)),
                computing=computing,
                into=values["into"],
                types=values["types"],
            )
        self._reply(asked, rows=rows)

    def _deliver(self, asked: Message) -> None:
        source, target = open_pipe()
        reply = partial(self._reply, asked, descriptors=[target])
        _hand_over(reply, ours=[source], theirs=[target])
        with closing(Stream(source)) as stream:
            rows = self._context.deliver(stream.schema, iter(stream), asked.values["into"])
        self._reply(asked, rows=rows)

    def _create(self, asked: Message) -> None:
        files = {name: Path(path) for name, path in asked.values["files"].items()}
        self._reply(asked, rows=self._context.create(asked.values["tables"], files))

    def _model(self, asked: Message) -> None:
        self._reply(asked, folder=str(self._context.model(asked.values["reference"])))

    def _publish(self, asked: Message) -> None:
        values = asked.values
        folder = Path(values["folder"])
        reference = self._context.publish(values["name"], folder, values["manifest"])
        self._reply(asked, reference=reference)

    def _lasting(self, asked: Message) -> None:
        self._reply(asked, path=str(self._context.lasting(asked.values["file_name"])))

    def _died(self, log: Path, peak: int) -> Exception:
        death = self._worker.death()
        if self._worker.killed:
            return Interrupted()
        with log.open("a") as file:
            file.write(death.output)
        peak = peak or death.peak_memory
        return StepFailure(StepError(_diagnose_death(death, peak)), peak)


class _MemoryWatch:
    """Looks at a worker's memory now and then: of a dead process the system tells it no more.

    One that holds more than `most` is killed. peak: the most that it was seen with, and what it
    says itself. seen: with what it has started.
    """

    def __init__(self, worker: Worker, most: int | None) -> None:
        self.peak = self.seen = 0
        self._most = most
        self._worker = worker
        self._stopped = Event()
        Thread(target=self._look, daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _look(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            now = memory_of_tree(self._worker.process)
            self.seen = max(self.seen, now)
            self.peak = max(self.peak, now, peak_memory_of(self._worker.process))
            if self._most is not None and now > self._most:
                self._worker.run_out()
                return


def _hand_over(send: Callable[[], None], *, ours: Sequence[int], theirs: Sequence[int]) -> None:
    """Send descriptors away; then theirs are closed here, and ours too if it failed."""
    try:
        send()
    except BaseException:
        for descriptor in ours:
            os.close(descriptor)
        raise
    finally:
        for descriptor in theirs:
            os.close(descriptor)


def _stream_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _diagnose_death(death: Death, peak: int) -> Diagnostic:
    if death.code in _KILLED:
        return out_of_memory(peak, killed=True)
    return Diagnostic(
        "E0621",
        f"the step's process ended with {_ending(death.code)}",
        hint="the step's log may say why: `sqlml log`",
    )


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {-code} ({signal.Signals(-code).name})"
