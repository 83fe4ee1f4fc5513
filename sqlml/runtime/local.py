"""Runs a workflow here: each step as soon as what it needs is there, within the machine's means."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Literal

from sqlml.databases.database import Database
from sqlml.errors import SqlmlError
from sqlml.optimizer.reuse import Reuse
from sqlml.runtime.context import Surroundings
from sqlml.runtime.crew import Rules
from sqlml.runtime.events import Event, Listener, RunStarted
from sqlml.runtime.execution import Execution, Locate
from sqlml.runtime.expansion import last_nodes
from sqlml.runtime.foresight import Foresight
from sqlml.runtime.inputs import Inputs
from sqlml.runtime.journal import Journal
from sqlml.runtime.machine import core_count, memory_limit
from sqlml.runtime.programs.check import check
from sqlml.runtime.programs.means import Means
from sqlml.runtime.programs.runner import Programs
from sqlml.runtime.report import RunOutcome, RunReport, closing
from sqlml.runtime.schedule import Inbox, Interruption, Scheduler
from sqlml.runtime.scratch import scratch_folder
from sqlml.runtime.signals import interruptions
from sqlml.runtime.stop import Stop
from sqlml.runtime.workers.pool import Pool
from sqlml.source import Span
from sqlml.store.store import Store
from sqlml.workflow.ir import Json, Query, Workflow
from sqlml.workflow.parameters import bind
from sqlml.workflow.parts import as_run


def no_place(_node: str, _about: str) -> Span | None:
    return None


def run(
    workflow: Workflow,
    database: Database,
    store: Store,
    *,
    listeners: Sequence[Listener] = (),
    on_error: Literal["stop", "continue"] = "continue",
    reuse: Reuse | None = None,
    resume: str | None = None,
    threads: int | None = None,
    parameters: Mapping[str, Json] | None = None,
    means: Means | None = None,
    locate: Locate = no_place,
    scratch: Path | None = None,
    pool: Pool | None = None,
    stop: Stop | None = None,
    program: str = "",
    statements: int = 0,
) -> RunReport:
    """Run a verified workflow to its end. Failed steps are told in the report, not raised.

    listeners: called in this thread. on_error: whether steps that do not need a failed one still
    start. reuse: says what need not run. resume: the run that this one goes on from.
    threads: cores to use. parameters: values of the workflow's. means: what runs containers, and
    where secrets are. locate: the place of a part (`about`) of a node's statement. scratch: the
    folder for what lasts as long as the run. pool: workers that were started ahead; closed here.
    stop: ends the run from another thread.
    program and statements: the text that the workflow comes from, and how many statements it has.
    """
    workflow = replace(workflow, on_exit=last_nodes(workflow))
    values = bind(workflow, parameters or {})
    means = means or Means()
    check(workflow, means, locate)
    began = monotonic()
    cores = threads or core_count()
    workers = pool or Pool(cores)
    inbox: Inbox = Inbox()
    nodes = as_run(workflow).nodes
    serial = any(isinstance(n.operation, Query) and n.operation.session for n in nodes)

    def clock() -> float:
        return monotonic() - began

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    def interrupt() -> None:
        workers.close()
        database.interrupt()
        programs.processes.interrupt()

    with ExitStack() as ending:
        ending.callback(workers.close)
        ending.enter_context(interruptions(lambda: inbox.put(Interruption())))
        ending.enter_context((stop or Stop()).heard_by(lambda: inbox.put(Interruption())))
        ending.enter_context(database.holding())
        if serial:
            ending.enter_context(_single_connection(database))
        journal = Journal(store, workflow, reuse=reuse, program=program, resume=resume)
        ending.push(partial(_end_receipts, database, journal.run))  # after all is written down
        ending.enter_context(journal)
        folder = ending.enter_context(
            scratch_folder(scratch or store.folder / "scratch", journal.run)
        )
        shared = Surroundings(
            database, store, journal.run, inbox.put, clock, serial, Foresight(nodes, store)
        )
        programs = Programs(workflow, store, journal.run, means, folder)
        ending.callback(programs.processes.close)
        execution = Execution(
            shared,
            workers,
            Inputs(store, journal.run, values),
            programs,
            reuse=reuse,
            locate=locate,
            scratch=folder,
            nodes=nodes,
        )
        ending.callback(execution.close)
        rules = Rules(cores, memory_limit(), on_error == "stop", serial)
        scheduler = Scheduler(
            workflow,
            execution,
            journal,
            inbox,
            rules,
            tell=tell,
            clock=clock,
            interrupt=interrupt,
        )
        steps = tuple(node.name for node in (*nodes, *workflow.on_exit))
        with _abandoning(scheduler, journal):
            tell(RunStarted(clock(), journal.run, workflow.name, steps, statements))
            scheduler.run()
        report = _report(workflow, journal.run, clock(), scheduler)
        journal.finish(report.outcome)
        if reuse is not None and report.outcome == "succeeded":
            reuse.succeeded()
    tell(closing(report))
    return report


@contextmanager
def _abandoning(scheduler: Scheduler, journal: Journal) -> Iterator[None]:
    """End all steps when the run breaks off; an error says how to go on, as the journal cannot."""
    try:
        yield
    except SqlmlError as error:
        journal.lose()
        scheduler.abandon()
        first, *others = error.diagnostics
        hints = (first.hint, f"`--resume {journal.run}` then goes on from what was done")
        told = replace(first, hint="; ".join(filter(None, hints)))
        raise type(error)(told, *others) from error
    except BaseException:
        scheduler.abandon()
        raise


def _end_receipts(
    database: Database,
    run: str,
    _kind: type[BaseException] | None,
    error: BaseException | None,
    _trace: TracebackType | None,
) -> None:
    if not isinstance(error, SqlmlError):  # it could not be written down
        database.receipts.end(run)


@contextmanager
def _single_connection(database: Database) -> Iterator[None]:
    """Let all statements share one connection and its state, for the length of a run."""
    database.single_connection = True
    try:
        yield
    finally:
        database.single_connection = False


def _report(workflow: Workflow, run: str, seconds: float, scheduler: Scheduler) -> RunReport:
    steps = scheduler.reports
    failed = scheduler.ran_out or any(step.status == "failed" for step in steps.values())
    outcome: RunOutcome = "failed" if failed else "succeeded"
    outputs = {
        name: steps[output.node].outcome.outputs[output.name]
        for name, output in workflow.outputs.items()
        if output.name in steps[output.node].outcome.outputs
    }
    outcome = "interrupted" if scheduler.interrupted else outcome
    return RunReport(run, outcome, seconds, steps, outputs)
