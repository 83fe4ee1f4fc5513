"""A program's run on an engine: what it needs is put into its store, then it is handed over."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from sqlml.codegen import ENGINES
from sqlml.codegen.call_ends import is_end
from sqlml.codegen.engine import Options, render
from sqlml.codegen.flatten import flatten
from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.secrets import without_secrets
from sqlml.results import Result
from sqlml.runtime.cluster import CLUSTER_ENGINES
from sqlml.runtime.cluster.engine import ClusterEngine
from sqlml.runtime.cluster.run import ClusterSubmitter
from sqlml.runtime.events import Listener
from sqlml.runtime.handed.follow import follow
from sqlml.runtime.handed.run import EngineRun, Scheduler, Submitter
from sqlml.runtime.journal import Journal
from sqlml.runtime.report import ResultSet, RunReport
from sqlml.runtime.servers import SERVER_ENGINES
from sqlml.runtime.supply import Supply
from sqlml.session import Compiled, Session
from sqlml.store.depot import Depot
from sqlml.workflow.ir import Json, Workflow
from sqlml.workflow.operations import PROGRAMS
from sqlml.workflow.parameters import bind
from sqlml.workflow.parts import joined
from sqlml.workflow.serial import thaw

_RUN_ID = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an engine. run: empty for a new one. parameters: the workflow's."""

    engine: str
    target: Options
    run: str = ""
    parameters: Mapping[str, Json] = field(default_factory=dict)


def run_on(
    session: Session, compiled: Compiled, asked: Asked, listener: Listener
) -> tuple[RunReport, Iterable[Result]]:
    """Hand a program to an engine, and follow its run; where that is there already, only follow.

    Gives the report, and the result sets that its steps leave.

    Raises:
        ProgramError: E0780 nothing can be handed to that engine, E0781 the run cannot have that id,
            E0782 there is no store, and what the engine, the store and its place raise.
    """
    engine, target = asked.engine, with_whole_path(asked.target)
    _check_run(session, asked.run, engine)
    workflow = with_values(compiled.workflow, asked.parameters)
    values = {name: thaw(workflow.parameters[name].default) for name in asked.parameters}
    submitter = submitter_of(engine)
    _check_unscheduled(workflow)
    files = render(compiled.workflow if submitter.takes_values else workflow, engine, target)
    check_store(compiled.workflow, target)
    offer = submitter.offer(files, target.settings, target.namespace, values)
    followed = told_of(workflow, engine)
    run = _recorded(session, compiled, asked.run)
    try:
        session.store.placements.put(offer.place(run))
        handed = offer.find(run)
        if handed is None:
            supply(session, compiled, target.worker.store)
            handed = offer.submit(run, lambda text: click.echo(text, err=True))
    except BaseException:
        session.store.runs.finish(run, "interrupted")
        raise
    journal = Journal(session.store, followed, run=run)
    try:
        report = follow(handed, followed, journal, listeners=[listener])
    except KeyboardInterrupt:
        note = f"run {run} goes on as {handed.title}; to stop it: sqlml cancel {run}"
        click.echo(note, err=True)
        raise
    return report, _results(followed, target.worker.store, handed.inside)


def _check_unscheduled(workflow: Workflow) -> None:
    """Raises: ProgramError: E0780, it would be run again and again."""
    if workflow.schedule is not None:
        message = f"workflow `{workflow.name}` has a schedule, and is to be run now"
        hint = "leave it out; or write its files: sqlml render --engine NAME --to FOLDER"
        raise ProgramError(Diagnostic("E0780", message, hint=hint))


def told_of(workflow: Workflow, engine: str) -> Workflow:
    """The workflow whose steps an engine tells of: those of the whole, where it is in parts; for an
    engine without calls, those of what is called."""
    if ENGINES.load(engine).support["sub-workflow"].support == "native":
        return joined(workflow)
    flat = flatten(joined(workflow), is_told=True)
    return replace(flat, nodes=tuple(node for node in flat.nodes if not is_end(node)))


def with_values(workflow: Workflow, given: Mapping[str, Json]) -> Workflow:
    """The workflow with those values for its parameters.

    Raises:
        ProgramError: E0681, with each that is missing, unknown or of another type.
    """
    values = bind(workflow, given)
    parameters = {
        name: replace(declared, default=values[name], required=False)
        for name, declared in workflow.parameters.items()
    }
    return replace(workflow, parameters=parameters)


def _results(workflow: Workflow, store: str, run: str) -> Iterator[Result]:
    if not store:
        return
    depot = Depot(store)
    with TemporaryDirectory(prefix="sqlml-") as scratch:
        for node in workflow.nodes:
            path = Path(scratch) / f"{node.name}.arrow"
            if depot.result(run, node.name, path):
                yield Result(node.name, ResultSet(path=path).read())


def _recorded(session: Session, compiled: Compiled, run: str) -> str:
    """The id of the run, of which there is a record from now on."""
    name = compiled.workflow.name
    program = without_secrets(compiled.text, session.settings.dialect)
    if not run:
        return session.store.runs.start(name, program)
    session.store.runs.begin(run, name, program)
    return run


def _check_run(session: Session, run: str, engine: str) -> None:
    if run and not _RUN_ID.fullmatch(run):
        message = f"`{run}` cannot be the id of a run"
        hint = "up to 40 small letters, digits and hyphens, such as `nightly-2026-05-01`"
        raise ProgramError(Diagnostic("E0781", message, hint=hint))
    if run and session.store.runs.find(run) is not None:
        place = session.store.placements.find(run)
        if place is None or place.engine != engine:
            where = f"on engine `{place.engine}`" if place else "here"
            hint = "choose another --run-id"
            raise ProgramError(Diagnostic("E0781", f"run `{run}` was done {where}", hint=hint))


def with_whole_path(target: Options) -> Options:
    """A store that is a folder by its whole path: steps work in folders of their own."""
    store = target.worker.store
    if not store or "://" in store:
        return target
    return replace(target, worker=replace(target.worker, store=str(Path(store).absolute())))


def check_store(workflow: Workflow, target: Options) -> None:
    """Raises: ProgramError: E0782, the steps need a store and there is none."""
    nodes = joined(workflow).nodes
    has_sql = any(not isinstance(node.operation, PROGRAMS) for node in nodes)
    if has_sql and not (target.worker.store or target.worker.db):
        message = "an engine's steps need a store, through which tables and models move"
        hint = "name one that they reach: --store s3://bucket/folder"
        raise ProgramError(Diagnostic("E0782", message, hint=hint))


def submitter_of(name: str) -> Submitter:
    """What hands runs to the engine of that name.

    Raises:
        ProgramError: E0780, it takes files; there is no such engine.
    """
    ENGINES.load(name)
    if name in SERVER_ENGINES:
        return SERVER_ENGINES.load(name)
    return ClusterSubmitter(name, cluster_engine(name))


def cluster_engine(name: str) -> ClusterEngine:
    """The engine of that name, as one that runs on a cluster.

    Raises:
        ProgramError: E0780, it takes files.
    """
    if name in CLUSTER_ENGINES:
        return CLUSTER_ENGINES.load(name)
    raise _takes_files(name, "a run")


def scheduler_of(name: str) -> Scheduler | ClusterEngine:
    """What lets the engine of that name run programs at given times.

    Raises:
        ProgramError: E0780, it takes files.
    """
    if name not in SERVER_ENGINES:
        return cluster_engine(name)
    submitter = SERVER_ENGINES.load(name)
    if isinstance(submitter, Scheduler):
        return submitter
    raise _takes_files(name, "a program with times of its own")


def _takes_files(engine: str, what: str) -> ProgramError:
    message = f"{what} cannot be handed to engine `{engine}`: it takes files"
    hint = f"write them: sqlml render --engine {engine} --to FOLDER"
    return ProgramError(Diagnostic("E0780", message, hint=hint))


def supply(session: Session, compiled: Compiled, url: str) -> None:
    """Put what the program needs of the database into the engine's store."""
    if url:
        with TemporaryDirectory(prefix="sqlml-") as scratch:
            depot = Depot(url)
            needs = Supply(depot, session.database, session.store, Path(scratch))
            needs.put_needs(joined(compiled.workflow))


def placed(session: Session, run: str) -> EngineRun | None:
    """A run as its engine has it; None for one done here.

    Raises:
        ProgramError: the engine's place is not known.
    """
    place = session.store.placements.find(run)
    return None if place is None else submitter_of(place.engine).find(place)
