"""Runs one step outside of any run, as an engine's task does."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlml.config import current
from sqlml.databases.database import Database
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import Diagnostic, SqlmlError, StepError
from sqlml.optimizer.cache.inputs import Inputs
from sqlml.runtime import local
from sqlml.runtime.events import Listener
from sqlml.runtime.functions import ModelFunctions
from sqlml.runtime.programs.means import Means
from sqlml.runtime.report import RunReport, StepReport
from sqlml.runtime.supply import Supply
from sqlml.store.depot import Depot
from sqlml.store.store import Store
from sqlml.workflow.graph import SLOTS
from sqlml.workflow.ir import (
    After,
    Constant,
    Input,
    ModelReference,
    Node,
    Output,
    Outputs,
    Query,
    Workflow,
    is_function,
)
from sqlml.workflow.serial import decode

_LONGEST_WAIT = 3600.0  # seconds, for another step to let go of the database


@dataclass(frozen=True, slots=True)
class Data:
    """Where a step's data lie: in a DuckDB file `db`, or in an artifact store at a URL."""

    db: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True)
class _Opened:
    database: Database
    store: Store
    depot: Depot
    supply: Supply | None


def run_step(
    text: str,
    *,
    run: str,
    data: Data,
    outputs: Path | None = None,
    listener: Listener = lambda _event: None,
    threads: int | None = None,
) -> RunReport:
    """Run the step that `codegen.programs` wrote as JSON, and keep what it gives for later steps.

    run: what the engine calls the run. outputs: the folder that its output parameters are written
    to, one file each.

    Raises:
        SqlmlError: its data cannot be had, or an earlier step of the run has left nothing.
    """
    told = json.loads(text)
    node: Node = decode(Node, told["node"])
    session: tuple[Query, ...] = decode(tuple[Query, ...], told.get("session", []))
    if data.db:  # there, what a statement defines stays
        session = tuple(query for query in session if query.session)
    with _opened(data) as opened:
        node = replace(node, inputs=_resolved(node, run, opened.depot))
        if opened.supply is not None:
            opened.supply.bring(node, session)
        report = local.run(
            _workflow(node, session),
            opened.database,
            opened.store,
            listeners=(listener,),
            threads=threads,
            means=Means("process"),  # TO RUN of an image: we are in it
        )
        step = report.steps[node.name]
        if report.outcome == "succeeded":
            _keep(opened, run, node, step, outputs)
    return report


def _workflow(node: Node, session: tuple[Query, ...]) -> Workflow:
    """The step, after the statements whose effects last for a connection."""
    before = [Node(f"session-{n}", query) for n, query in enumerate(session, 1)]
    ordered = [
        replace(one, after=(After(before[n - 1].name),) if n else ())
        for n, one in enumerate(before)
    ]
    after = (After(before[-1].name),) if before else ()
    return Workflow(node.name, (*ordered, replace(node, after=after)))


@contextmanager
def _opened(data: Data) -> Iterator[_Opened]:
    with ExitStack() as closing:
        database = _patiently(data.db) if data.db else DuckDB.open()
        closing.callback(database.close)
        store = Store.open(Path(f"{data.db}.sqlml") if data.db else None)
        closing.callback(store.close)
        database.attach_tables(store.tables())
        database.attach_functions(ModelFunctions(store, current()))
        inputs = Inputs(store, current().cache_policy, current().cache_size)
        closing.callback(inputs.close)  # before the store
        database.attach_copies(inputs, Means.of(current()).password)
        if data.db:
            yield _Opened(database, store, Depot(str(store.folder / "engines")), None)
            return
        depot = Depot(data.store)
        scratch = Path(closing.enter_context(TemporaryDirectory(prefix="sqlml-")))
        yield _Opened(database, store, depot, Supply(depot, database, store, scratch))


def _patiently(
    path: str,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> DuckDB:
    """The database, as soon as no other step holds it: a DuckDB file has one writer at a time."""
    deadline, pause = clock() + _LONGEST_WAIT, 0.05
    while True:
        try:
            return DuckDB.open(path)
        except SqlmlError as error:
            if error.diagnostics[0].code != "E0601" or clock() > deadline:
                raise
        wait(pause)
        pause = min(2 * pause, 1.0)


def _resolved(node: Node, run: str, depot: Depot) -> dict[str, Input]:
    """The inputs of a node, those from earlier steps by what these have left."""
    return {name: _value(node, name, value, run, depot) for name, value in node.inputs.items()}


def _value(node: Node, name: str, value: Input, run: str, depot: Depot) -> Input:
    match value:
        case Output(source, output):
            found = _given(depot, run, source)[output]
            slot = SLOTS[type(node.operation)].get(name)
            if is_function(name) or (slot is not None and slot.kind == "model"):
                model, _, number = found.rpartition("@")
                return ModelReference(model, int(number))
            return Constant(found)
        case Outputs(sources, output):
            return Constant(tuple(_given(depot, run, source)[output] for source in sources))
        case _:
            return value


def _given(depot: Depot, run: str, step: str) -> Mapping[str, Any]:
    told = depot.recorded(run, step)
    if told is None:
        hint = "steps of one run share `--run` and the place of their data"
        message = f"step `{step}` has left nothing in run `{run}`"
        raise StepError(Diagnostic("E0756", message, hint=hint))
    outputs: Mapping[str, Any] = told["outputs"]
    return outputs


def _keep(opened: _Opened, run: str, node: Node, step: StepReport, folder: Path | None) -> None:
    """Leave what the step gave where later steps, the engine and the user find it."""
    outcome, supply = step.outcome, opened.supply
    given = dict(outcome.outputs)
    if supply is not None:
        supply.keep(node)
        supply.drop(node)
        for output in node.outputs:
            if output.kind == "model" and output.name in given:
                given[output.name] = supply.publish(given[output.name])
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for output in node.outputs:
            if output.kind == "parameter":
                value = given.get(output.name, outcome.metrics.get(output.name, ""))
                (folder / output.name).write_text(str(value), "utf-8")
    told = {
        "outputs": given,
        "metrics": dict(outcome.metrics),
        "summary": outcome.summary,
        "rows": outcome.rows,
    }
    with TemporaryDirectory(prefix="sqlml-") as scratch:
        opened.depot.record(run, node.name, told, _result(step, Path(scratch)))


def _result(step: StepReport, scratch: Path) -> Path | None:
    """The Arrow file of a step's result set."""
    if step.result is None or step.result.path is not None:
        return step.result.path if step.result else None
    import pyarrow as pa

    path = scratch / "result.arrow"
    table = step.result.read()
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return path
