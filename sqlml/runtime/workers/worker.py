"""The one step runner, as the driver's worker: `python -m sqlml.runtime.workers.worker`."""

import gc
import os
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, NoReturn

from sqlml.errors import SqlmlError
from sqlml.runtime.call import StepCall, outcome_to_json
from sqlml.runtime.machine import forget_peak_memory, peak_memory
from sqlml.runtime.workers.channel import Channel, ChannelClosed, Message
from sqlml.runtime.workers.remote import WorkerContext

_ALWAYS_NEEDED = (
    "numpy",
    "sqlml.runtime.workers.streams",
    "sqlml.runtime.workers.worker:hide_pandas",
)


def main(arguments: list[str]) -> NoReturn:
    """Serve a driver: `--channel DESCRIPTOR [IMPORT …]`."""
    connection = socket.socket(fileno=int(arguments[1]))
    Worker(Channel(connection)).serve((*_ALWAYS_NEEDED, *arguments[2:]))


class Worker:
    """Runs the steps that a driver sends, one after the other, until the driver has gone."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._tasks: SimpleQueue[Message] = SimpleQueue()
        self._context: WorkerContext | None = None

    def serve(self, imports: tuple[str, ...]) -> NoReturn:
        Thread(target=self._listen, daemon=True).start()
        _import_all(imports)
        while True:
            task = self._tasks.get()
            if task.kind == "import":
                _import_all(task.values["names"])
            else:
                self._run_step(task)

    def _listen(self) -> NoReturn:
        """Hand on messages until the driver closes the channel or dies; then end at once."""
        try:
            while True:
                message = self._channel.receive()
                if message.kind == "step":
                    self._context = self._make_context(message)
                    self._tasks.put(message)
                elif message.kind == "import":
                    self._tasks.put(message)
                elif self._context is not None:
                    self._context.hear(message)
        except ChannelClosed:
            _end_at_once()

    def _make_context(self, task: Message) -> WorkerContext:
        return WorkerContext(self._channel, Path(task.values["folder"]), task.values["threads"])

    def _run_step(self, task: Message) -> None:
        from sqlml.runtime.trouble import encode

        _print_to(task.descriptors[0])
        _work_in(task.values["working_folder"])
        forget_peak_memory()
        context = self._context
        assert context is not None, "a context comes with every step"
        try:
            try:
                outcome = StepCall.from_json(task.values["call"]).run(context)
            finally:
                context.close()
            self._finish("done", outcome=outcome_to_json(outcome))
        except Exception as error:  # noqa: BLE001 - the outermost edge of a worker: the driver is told
            is_refusal = isinstance(error, SqlmlError)
            self._finish("failed", error=encode(error), is_refusal=is_refusal)

    def _finish(self, kind: str, **values: Any) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._channel.send(kind, peak_memory=peak_memory(), **values)
        gc.collect()


def hide_pandas() -> None:
    """Let pyarrow believe that pandas is not installed.

    It would import it, at 0.2 s and 50 MB, with the first array that it makes of anything.
    """
    import pyarrow as pa

    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(_NoPandas)


class _NoPandas:
    """Answers the search for one module."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _import_all(names: tuple[str, ...]) -> None:
    """Import modules, which stay: going through them after every step would take 30 ms, and 250 ms
    where Keras is.
    """
    for name in names:
        module, _, function = name.partition(":")
        with suppress(
            ImportError, SqlmlError
        ):  # it is a guess ahead of need; the step will say what it misses
            loaded = import_module(module)
            if function:
                getattr(loaded, function)()
    gc.freeze()


def _print_to(descriptor: int) -> None:
    """Let this process's output, that of native libraries included, go to an open file."""
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _work_in(folder: str) -> None:
    """Let this process's relative paths mean what they mean in the driver."""
    with suppress(FileNotFoundError):  # it may have been removed
        os.chdir(folder)


def _end_at_once() -> NoReturn:
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
