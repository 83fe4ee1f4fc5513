"""One step from its inputs to its end: what the thread that stands behind a step does."""

import shutil
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock, get_ident
from time import monotonic
from typing import Any

from sqlml.errors import Diagnostic, SqlmlError, located
from sqlml.optimizer.reuse import Reuse, Reused
from sqlml.runtime.allocation import Facts
from sqlml.runtime.call import StepCall
from sqlml.runtime.context import DriverContext, Surroundings
from sqlml.runtime.events import StepNote
from sqlml.runtime.inputs import Given, Inputs
from sqlml.runtime.once import run_call
from sqlml.runtime.outputs import declared, with_result
from sqlml.runtime.prepared import Ended, Prepared, call_of, facts_of, needs_folder
from sqlml.runtime.programs.runner import Programs, is_program
from sqlml.runtime.report import StepReport
from sqlml.runtime.same import DoneSteps
from sqlml.runtime.sharing import Sharing
from sqlml.runtime.trouble import ForeignBug, bug, diagnose
from sqlml.runtime.workers.attendant import Attendant, Interrupted, StepFailure
from sqlml.runtime.workers.pool import Pool
from sqlml.source import Span
from sqlml.workflow.graph import takes_model
from sqlml.workflow.ir import Input, ModelReference, Node, Output, Outputs, Parameter
from sqlml.zoo.steps.outcome import Outcome

Locate = Callable[[str, str], Span | None]


class Execution:
    """Prepares and runs the steps of a run, each in the thread that calls; `failed` ends others."""

    def __init__(
        self,
        shared: Surroundings,
        pool: Pool,
        inputs: Inputs,
        programs: Programs,
        *,
        reuse: Reuse | None,
        locate: Locate,
        scratch: Path,
        nodes: Iterable[Node] = (),
    ) -> None:
        """scratch: an empty folder, removed after the run. nodes: of the run."""
        self._shared = shared
        self._pool = pool
        self.inputs = inputs
        self._programs = programs
        self._reuse = reuse
        self._locate = locate
        self._folders = scratch / "steps"
        self._sharing = Sharing(scratch / "shared", shared.database, nodes)
        self._logs = scratch / "logs"
        self._logs.mkdir()
        self._printing: set[str] = set()  # steps that may have printed something
        self._reusing = Lock()
        self._attendants: dict[str, Attendant] = {}
        self._threads: dict[str, int] = {}  # of running steps whose share has changed
        self._at_work: dict[str, int] = {}  # the threads of steps that run beside the database
        self._stopped: set[str] = set()
        self._done = DoneSteps()

    @property
    def limits_memory(self) -> bool:
        """Whether steps are ended that hold more memory than they ask for."""
        return self._programs.limits_memory

    def prepare(self, node: Node, outputs: Given) -> Prepared:
        """Find a step's inputs and whether it is needed. outputs: of the steps before it."""
        self._stopped.discard(node.name)
        if done := self._done_with_what_is_gone(node, outputs):
            self._done.add_reused(node, done)
            return Prepared(node, StepCall.of(node.operation, {}), {}, Facts(), done)
        values = {n: self.inputs.value(value, outputs) for n, value in node.inputs.items()}
        files = {
            name: Path(str(self.inputs.value(file.source, outputs)))
            for name, file in node.files.items()
            if isinstance(file.source, Output)
        }
        call, models = call_of(node, values)
        taken = Output | Outputs | Parameter
        parameters = {
            name: value
            for name, value in values.items()
            if name not in models and isinstance(node.inputs[name], taken)
        }
        reused = self._lookup(node, models, parameters | files)
        if reused:
            self._done.add_reused(node, reused)
        source = self._sharing.begin(node) or self._shared.database
        facts = Facts() if reused or node.same_as else facts_of(call, source)
        return Prepared(node, call, models, facts, reused, values, files)

    def run_here(self, prepared: Prepared) -> Ended:
        """Run a step in this thread, beside the database."""
        if is_program(prepared.node):
            return self._run_program(prepared, 1)
        name = prepared.node.name

        def work(context: DriverContext) -> tuple[Outcome, int]:
            self._at_work[name] = get_ident()
            try:
                if prepared.node.same_as:
                    return self._done.take(prepared.node, context), 0
                call = prepared.call.settled(context.settle)
                return run_call(call, prepared.node, context, self._shared), 0
            finally:
                del self._at_work[name]

        return self._run(prepared, 1, work)

    def run_there(self, prepared: Prepared, threads: int) -> Ended:
        """Have a process of its own run a step."""
        if is_program(prepared.node) or self._programs.has_container(prepared.node):
            return self._run_program(prepared, threads)
        return self._run_in_worker(prepared, threads)

    def _run_program(self, prepared: Prepared, threads: int) -> Ended:
        node = prepared.node

        def work(context: DriverContext) -> tuple[Outcome, int]:
            values, files, log = prepared.values, prepared.files, self.log(node)
            if not is_program(node):
                return self._programs.run_image(node, prepared.call, context, log), 0
            done = self._programs.run(node, values, files, context, log)
            return Outcome(done.summary, outputs=done.outputs), done.peak_memory

        return self._run(prepared, threads, work)

    def _run_in_worker(self, prepared: Prepared, threads: int) -> Ended:
        """Have a worker process run a step, and serve it until it is done."""
        name = prepared.node.name

        def work(context: DriverContext) -> tuple[Outcome, int]:
            call = prepared.call.settled(context.settle)
            worker = self._pool.lease()
            attendant = self._attendants[name] = Attendant(worker, context)
            context.threads = self._threads.get(name, threads)
            is_sound = False
            try:
                finished = attendant.attend(
                    call, self.log(prepared.node), self._programs.limit(prepared.node)
                )
                is_sound = True
            except StepFailure as failure:
                is_sound = failure.is_refusal
                raise
            finally:
                del self._attendants[name]
                (self._pool.give_back if is_sound else self._pool.discard)(worker)
            return finished.outcome, finished.peak_memory

        return self._run(prepared, threads, work)

    def failed(self, node: Node, error: Exception) -> Ended:
        """The end of a step that nobody else could report."""
        return Ended(node, self._failed(node, error, 0.0, 0))

    def done_by_parts(self, node: Node) -> None:
        """Note that a step has ended that does nothing itself: its parts did, or nobody."""
        if self._reuse is not None:
            with self._reusing:
                self._reuse.done_by_parts(node)

    def give_threads(self, step: str, threads: int) -> None:
        """Let a step that is running in a worker use more threads, or fewer."""
        self._threads[step] = threads
        attendant = self._attendants.get(step)
        if attendant is not None:
            attendant.give_threads(threads)

    def close(self) -> None:
        """Forget what steps have shared."""
        self._sharing.close()

    def stop(self, step: str) -> None:
        """End a step that is running, whatever it does."""
        self._stopped.add(step)
        self._programs.processes.stop(step)
        attendant = self._attendants.get(step)
        if attendant is not None:
            attendant.kill()
        thread = self._at_work.get(step)
        if thread is not None:
            self._shared.database.interrupt(thread)

    def log_text(self, node: Node) -> str:
        """What a step has printed, secrets left out."""
        if node.name not in self._printing:
            return ""
        try:
            return self._programs.masked(self.log(node).read_text("utf-8", errors="replace"))
        except OSError:
            return ""

    def log(self, node: Node) -> Path:
        """The file for what a step prints."""
        self._printing.add(node.name)
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
        if needs_folder(node):
            folder.mkdir(parents=True)
        locate = partial(self._locate, node.name)
        answers = self._sharing.begin(node)
        rows = self._sharing.rows(node)
        context = DriverContext(
            self._shared, node.name, folder, threads, locate, answers=answers, shared_rows=rows
        )
        try:
            if node.name in self._stopped:
                raise Interrupted
            outcome, peak = work(context)
            if not is_program(node):
                outcome = declared(node, with_result(outcome, context.kept), context.kept)
            self._remember(node, outcome, monotonic() - began)
            self._done.add(node, outcome, context.kept)
            report = StepReport(
                "succeeded",
                outcome,
                context.kept,
                source=self._shared.run if node.same_as else "",
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
            self._sharing.end(node)
            shutil.rmtree(folder, ignore_errors=True)
        return Ended(node, report)

    def _failed(self, node: Node, error: Exception, seconds: float, peak: int) -> StepReport:
        diagnostics = diagnose(error)
        if diagnostics is None:
            told = str(error) if isinstance(error, ForeignBug) else traceback_of(error)
            with suppress(OSError), self.log(node).open("a") as file:
                file.write(told)
            diagnostics = (bug(told),)
        else:
            diagnostics = tuple(self._placed(node, diagnostic) for diagnostic in diagnostics)
        return StepReport("failed", diagnostics=diagnostics, seconds=seconds, peak_memory=peak)

    def _placed(self, node: Node, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic at its place in the user's text or program, secrets left out."""
        masked = self._programs.masked
        shown = replace(
            diagnostic, message=masked(diagnostic.message), hint=masked(diagnostic.hint)
        )
        found = located(shown, self._locate(node.name, diagnostic.about))
        if found.span is None and not found.label and node.place is not None:
            place = node.place
            return replace(found, label=f"at {place.file}:{place.line}:{place.column}")
        return found

    def _lookup(
        self, node: Node, models: Mapping[str, str], parameters: Mapping[str, Any]
    ) -> Reused | None:
        if self._reuse is None:
            return None
        with self._reusing:
            found = self._reuse.lookup(node, models, parameters)
        if remark := self._reuse.remark(node):
            self._shared.tell(StepNote(self._shared.clock(), node.name, remark))
        return found

    def _done_with_what_is_gone(self, node: Node, outputs: Given) -> Reused | None:
        """What the resumed run did with a model that it has renamed or dropped since."""
        if self._reuse is None or not any(
            takes_model(node, name) and self._is_gone(value, outputs)
            for name, value in node.inputs.items()
        ):
            return None
        with self._reusing:
            return self._reuse.done_before(node)

    def _is_gone(self, value: Input, outputs: Given) -> bool:
        """Whether an input is a model that is not stored any more."""
        match value:
            case ModelReference(name=name, version=version):
                return self._shared.store.models.find(name, version) is None
            case Output(node=node, name=output):
                name, _, number = outputs[node][output].rpartition("@")
                return self._shared.store.models.find(name, int(number)) is None
            case _:
                return False

    def _remember(self, node: Node, outcome: Outcome, seconds: float) -> None:
        if self._reuse is not None:
            with self._reusing, suppress(SqlmlError):  # not being remembered undoes nothing
                self._reuse.finished(node, self._shared.run, outcome, seconds)


def traceback_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
