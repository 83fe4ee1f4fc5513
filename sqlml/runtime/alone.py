"""Runs one step outside of any run, as an engine's task does: JSON in, events as JSON lines out."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TextIO

from sqlml.config import load_settings
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import render
from sqlml.runtime.call import StepCall
from sqlml.runtime.context import DriverContext, Surroundings
from sqlml.runtime.events import Event, StepFailed, StepFinished, StepStarted
from sqlml.runtime.machine import core_count, peak_memory
from sqlml.runtime.trouble import diagnose
from sqlml.store.store import Store


def run_alone(arguments: list[str], output: TextIO = sys.stdout) -> int:
    """Run the step in the file that the arguments name (`-`: standard input); 0 when it succeeded.

    The file holds what `StepCall.to_json` gives: `{"kind": …, "arguments": {…}, "rows": {…}}`.
    A bug is not caught: its traceback is what an engine's log should hold.
    """
    parser = ArgumentParser("python -m sqlml.runtime.worker", description="Run one step.")
    parser.add_argument("step", help="a file with the step as JSON, or - for standard input")
    parser.add_argument("--db", help="the DuckDB file; the store lies beside it")
    parser.add_argument("--name", default="step", help="the step's name in events")
    parser.add_argument("--run", default="alone", help="the run that models are recorded under")
    given = parser.parse_args(arguments)
    text = sys.stdin.read() if given.step == "-" else Path(given.step).read_text("utf-8")
    call = StepCall.from_json(json.loads(text))
    settings = load_settings(db=given.db)
    began = monotonic()

    def clock() -> float:
        return monotonic() - began

    def tell(event: Event) -> None:
        output.write(json.dumps(event.to_json(), ensure_ascii=False) + "\n")
        output.flush()

    database = DuckDB.open(settings.db)
    store = Store.open(Path(f"{settings.db}.sqlml"))
    threads = settings.threads or core_count()
    shared = Surroundings(database, store, given.run, tell, clock)
    try:
        with TemporaryDirectory(prefix="sqlml-") as folder:
            context = DriverContext(shared, given.name, Path(folder), threads)
            tell(StepStarted(clock(), given.name, call.kind, call.kind, threads))
            outcome = call.settled(context.settle).run(context)
    except Exception as error:
        diagnostics = diagnose(error)
        if diagnostics is None:
            raise
        tell(StepFailed(clock(), given.name, call.kind, call.kind, clock(), diagnostics))
        sys.stderr.write("\n\n".join(render(diagnostic) for diagnostic in diagnostics) + "\n")
        return 1
    finally:
        store.close()
        database.close()
    tell(
        StepFinished(
            clock(),
            given.name,
            call.kind,
            call.kind,
            clock(),
            outcome.summary,
            outcome.metrics,
            peak_memory(),
        )
    )
    return 0
