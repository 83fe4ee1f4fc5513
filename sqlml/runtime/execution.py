"""One step from its inputs to its end: what the thread that stands behind a step does."""

import shutil
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

from sqlml.errors import located
from sqlml.optimizer.reuse import Reuse, Reused
from sqlml.quoting import select_from
from sqlml.runtime.allocation import Facts
from sqlml.runtime.attendant import Attendant, Interrupted, StepFailure
from sqlml.runtime.call import StepCall, step_kind
from sqlml.runtime.context import DriverContext, Surroundings, model_is_gone
from sqlml.runtime.pool import Pool
from sqlml.runtime.report import ResultSet, StepReport
from sqlml.runtime.trouble import ForeignBug, bug, diagnose
from sqlml.source import Span
from sqlml.workflow.ir import (
    Constant,
    Input,
    Item,
    Json,
    ModelReference,
    Node,
    Output,
    Outputs,
    Parameter,
    Relation,
    Run,
    RunId,
    is_function,
)
from sqlml.zoo.steps.outcome import Outcome

_DATABASE_STEPS = frozenset({"query", "manage", "alter"})

Locate = Callable[[str, str], Span | None]


def is_light(node: Node) -> bool:
    """Whether a step runs in the driver, beside the database, which does all the work."""
    match node.operation:
        case Run(ready_made=ready_made):
            return ready_made
        case operation:
            return step_kind(operation) in _DATABASE_STEPS


@dataclass(frozen=True, slots=True)
class Prepared:
    """A step whose inputs are known. `reused` is set when it need not run."""

    node: Node
    call: StepCall
    models: Mapping[str, str]
    facts: Facts = field(default_factory=Facts)
    reused: Reused | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    node: Node
    report: StepReport


class Execution:
    """Prepares and runs the steps of one run, each in the thread that calls. Nothing is raised."""

    def __init__(
        self,
        shared: Surroundings,
        pool: Pool,
        parameters: Mapping[str, Json],
        *,
        reuse: Reuse | None,
        locate: Locate,
        scratch: Path,
    ) -> None:
        """scratch: an empty folder, removed after the run."""
        self._shared = shared
        self._pool = pool
        self._parameters = parameters
        self._reuse = reuse
        self._locate = locate
        self._folders = scratch / "steps"
        self._logs = scratch / "logs"
        self._logs.mkdir()
        self._reusing = Lock()
        self._attendants: dict[str, Attendant] = {}
        self._threads: dict[str, int] = {}  # of running steps whose share has changed

    def prepare(self, node: Node, outputs: Mapping[str, Mapping[str, str]]) -> Prepared | Ended:
        """Find a step's inputs and whether it is needed. outputs: of the steps before it."""
        try:
            if done := self._done_with_what_is_gone(node, outputs):
                return Prepared(node, StepCall.of(node.operation, {}), {}, Facts(), done)
            values = {name: self._value(value, outputs) for name, value in node.inputs.items()}
            models = {
                name: str(values[name])
                for name, value in node.inputs.items()
                if isinstance(value, Output | ModelReference)
            }
            parameters = {
                name: values[name]
                for name, value in node.inputs.items()
                if isinstance(value, Outputs)
            }
            call = StepCall.of(node.operation, values, _functions(node, models))
            reused = self._lookup(node, models, parameters)
            facts = Facts() if reused else self._facts(call)
            return Prepared(node, call, models, facts, reused)
        except Exception as error:  # noqa: BLE001 - a step's outermost edge: it becomes its report
            return Ended(node, self._failed(node, error, 0.0, 0))

    def run_here(self, prepared: Prepared) -> Ended:
        """Run a step in this thread, beside the database."""

        def work(context: DriverContext) -> tuple[Outcome, int]:
            return prepared.call.settled(context.settle).run(context), 0

        return self._run(prepared, 1, work)

    def run_in_worker(self, prepared: Prepared, threads: int) -> Ended:
        """Have a worker process run a step, and serve it until it is done."""
        name = prepared.node.name

        def work(context: DriverContext) -> tuple[Outcome, int]:
            call = prepared.call.settled(context.settle)
            worker = self._pool.lease()
            attendant = self._attendants[name] = Attendant(worker, context)
            context.threads = self._threads.get(name, threads)
            is_sound = False
            try:
                finished = attendant.attend(call, self.log(prepared.node))
                is_sound = True
            except StepFailure as failure:
                is_sound = failure.is_refusal
                raise
            finally:
                del self._attendants[name]
                (self._pool.give_back if is_sound else self._pool.discard)(worker)
            return finished.outcome, finished.peak_memory

        return self._run(prepared, threads, work)

    def give_threads(self, step: str, threads: int) -> None:
        """Let a step that is running in a worker use more threads, or fewer."""
        self._threads[step] = threads
        attendant = self._attendants.get(step)
        if attendant is not None:
            attendant.give_threads(threads)

    def log(self, node: Node) -> Path:
        """The file for what a step prints."""
        return self._logs / f"{node.name}.log"

    def _run(
        self,
        prepared: Prepared,
        threads: int,
        work: Callable[[DriverContext], tuple[Outcome, int]],
    ) -> Ended:
        node = prepared.node
        began = monotonic()
        folder = self._folders / node.name
        folder.mkdir(parents=True)
        locate = partial(self._locate, node.name)
        context = DriverContext(self._shared, node.name, folder, threads, locate)
        try:
            outcome, peak = work(context)
            outcome = _with_result(outcome, context.kept)
            self._remember(node, outcome)
            report = StepReport(
                "succeeded",
                outcome,
                context.kept,
                seconds=monotonic() - began,
                peak_memory=peak,
            )
        except Interrupted:
            report = StepReport("interrupted", seconds=monotonic() - began)
        except StepFailure as failure:
            seconds = monotonic() - began
            report = self._failed(node, failure.error, seconds, failure.peak_memory)
        except Exception as error:  # noqa: BLE001 - a step's outermost edge: it becomes its report
            report = self._failed(node, error, monotonic() - began, 0)
        finally:
            context.close()
            shutil.rmtree(folder, ignore_errors=True)
        return Ended(node, report)

    def _failed(self, node: Node, error: Exception, seconds: float, peak: int) -> StepReport:
        diagnostics = diagnose(error)
        if diagnostics is None:
            told = str(error) if isinstance(error, ForeignBug) else traceback_of(error)
            with self.log(node).open("a") as file:
                file.write(told)
            diagnostics = (bug(told),)
        else:
            diagnostics = tuple(
                located(diagnostic, self._locate(node.name, diagnostic.about))
                for diagnostic in diagnostics
            )
        return StepReport("failed", diagnostics=diagnostics, seconds=seconds, peak_memory=peak)

    def _lookup(
        self, node: Node, models: Mapping[str, str], parameters: Mapping[str, Any]
    ) -> Reused | None:
        if self._reuse is None:
            return None
        with self._reusing:
            return self._reuse.lookup(node, models, parameters)

    def _done_with_what_is_gone(
        self, node: Node, outputs: Mapping[str, Mapping[str, str]]
    ) -> Reused | None:
        """What the resumed run did with a model that it has renamed or dropped since."""
        if self._reuse is None or not any(
            self._is_gone(value, outputs) for value in node.inputs.values()
        ):
            return None
        with self._reusing:
            return self._reuse.done_before(node)

    def _is_gone(self, value: Input, outputs: Mapping[str, Mapping[str, str]]) -> bool:
        """Whether an input is a model that is not stored any more."""
        match value:
            case ModelReference(name=name, version=version):
                return self._shared.store.models.find(name, version) is None
            case Output(node=node, name=output):
                name, _, number = outputs[node][output].rpartition("@")
                return self._shared.store.models.find(name, int(number)) is None
            case _:
                return False

    def _remember(self, node: Node, outcome: Outcome) -> None:
        if self._reuse is not None:
            with self._reusing:
                self._reuse.finished(node, self._shared.run, outcome)

    def _value(self, value: Input, outputs: Mapping[str, Mapping[str, str]]) -> Json | Relation:
        match value:
            case Relation():
                return value
            case Constant(value=constant):
                return constant
            case Parameter(name=name):
                return self._parameters[name]
            case Output(node=node, name=name):
                return outputs[node][name]
            case Outputs(nodes=nodes, name=name):
                return tuple(outputs[node][name] for node in nodes)
            case RunId():
                return self._shared.run
            case Item():
                raise TypeError("an item without a loop")
            case ModelReference(name=name, version=version):
                found = self._shared.store.models.find(name, version)
                if found is None:
                    raise model_is_gone(name if version is None else f"{name}@{version}")
                return f"{found.name}@{found.number}"

    def _facts(self, call: StepCall) -> Facts:
        relation = call.rows.get("rows")
        if relation is None or call.is_ready_made:
            return Facts()
        database = self._shared.database
        columns = len(database.table(f"{select_from('*', relation.sql)} LIMIT 0").schema)
        if not relation.stable:  # counting a join or a sample costs as much as reading it
            return Facts(None, columns)
        counted = database.table(select_from("count(*)", relation.sql))
        return Facts(counted.column(0)[0].as_py(), columns)


def _functions(node: Node, models: Mapping[str, str]) -> tuple[str, ...]:
    """The versions that plain names of models stand for in a step's SQL."""
    return tuple(
        models[name]
        for name, value in node.inputs.items()
        if is_function(name) and (isinstance(value, Output) or _is_newest(value))
    )


def _is_newest(value: Input) -> bool:
    return isinstance(value, ModelReference) and value.version is None


def _with_result(outcome: Outcome, kept: ResultSet | None) -> Outcome:
    """The outcome with its result set's file among its outputs, so that it can be found again."""
    if kept is None or kept.path is None:
        return outcome
    return replace(outcome, outputs={**outcome.outputs, "result": kept.path.name})


def traceback_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
