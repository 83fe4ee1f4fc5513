"""The whole compiler: text → syntax tree → logical plan → workflow → run."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from os.path import exists
from pathlib import Path
from typing import Any, Self

from sqlml.config import Settings, in_force, load_settings
from sqlml.databases import DATABASES
from sqlml.databases.database import Database
from sqlml.errors import Diagnostic, StepError
from sqlml.grammar.ast import Program
from sqlml.grammar.parser import parse_files
from sqlml.grammar.secrets import without_secrets
from sqlml.grammar.variables import substitute, unfilled_told
from sqlml.optimizer.cache.inputs import Inputs
from sqlml.optimizer.forecast import Forecast, forecast
from sqlml.optimizer.history import History, StoredHistory
from sqlml.optimizer.pipeline import pipeline
from sqlml.optimizer.reuse import Reuse
from sqlml.planner.author import Author, authored
from sqlml.planner.collector import collector_paused
from sqlml.planner.live_catalog import LiveCatalog
from sqlml.planner.locate import locate
from sqlml.planner.logical_plan import LogicalPlan
from sqlml.planner.lower import lower
from sqlml.planner.models_before import Changes
from sqlml.planner.nested import flat
from sqlml.planner.program import plan as make_plan
from sqlml.results import Results
from sqlml.runtime import local, recovery
from sqlml.runtime.events import Listener
from sqlml.runtime.functions import ModelFunctions
from sqlml.runtime.given import results_of
from sqlml.runtime.machine import memory_limit
from sqlml.runtime.programs.means import Means
from sqlml.runtime.report import RunReport
from sqlml.runtime.shelf import Shelf
from sqlml.runtime.stop import Stop
from sqlml.runtime.workers.ahead import started_ahead
from sqlml.runtime.workers.pool import Pool
from sqlml.source import Source, Span
from sqlml.store.store import Store
from sqlml.workflow.ir import Json, Workflow
from sqlml.workflow.parts import as_run, joined
from sqlml.workflow.text import parse_workflow
from sqlml.workflow.verification import verify

TEXT_FORM = ".workflow"  # how names of files end that hold a workflow's text form


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program at every stage. stages: the workflow as lowered, then after each pass."""

    program: Program
    plan: LogicalPlan
    stages: tuple[tuple[str, Workflow], ...]

    @property
    def workflow(self) -> Workflow:
        """The workflow that runs, here or on an engine."""
        return self.stages[-1][1]

    @property
    def whole(self) -> Workflow:
        """The workflow in one piece, where a pass has made parts of it."""
        return joined(self.workflow)

    @property
    def text(self) -> str:
        """The program's text, that of all its files."""
        sources = dict.fromkeys(one.span.source.written for one in self.program.statements)
        return "\n".join(source.text for source in sources)


@dataclass(frozen=True, slots=True)
class Execution:
    """A run that has ended, well or not, and the results it gave."""

    report: RunReport
    results: Results


class Session:
    """A database, the store beside it, and the compiler over both, under settings of its own; a
    context manager.
    """

    def __init__(self, database: Database, store: Store, settings: Settings) -> None:
        self.database = database
        self.store = store
        self.settings = settings
        self.history: History = StoredHistory(database, store)
        self.models = Shelf(store, database, settings)

    @classmethod
    def open(cls, settings: Settings | None = None, *, creates: bool = True, **given: Any) -> Self:
        """Open the database that the settings name, and its store.

        creates: make them where they are not there; otherwise empty ones in memory stand for them.

        Raises:
            SqlmlError: the database is locked, damaged or cannot be made.
        """
        settings = settings or load_settings(**given)
        if not creates and not exists(settings.db):
            settings = replace(settings, db=":memory:")
        memory = memory_limit() // 2  # the rest is for the steps
        database = DATABASES.load("duckdb").open(settings.db, memory=memory)
        try:
            store = recovery.opened(database, settings.db)
        except BaseException:
            database.close()
            raise
        database.attach_tables(store.tables())
        database.attach_functions(ModelFunctions(store, settings))
        inputs = Inputs(store, settings.cache_policy, settings.cache_size)
        database.attach_copies(inputs, Means.of(settings).password)
        return cls(database, store, settings)

    def compile(
        self,
        sources: Sequence[Source] | Author,
        variables: Mapping[str, str] | None = None,
        *,
        resume: str | None = None,
    ) -> Compiled:
        """Parse, check and plan a program; nothing runs.

        resume: the run that will be gone on from, whose work the program may find done.

        Raises:
            ProgramError: with every fault found, up to ten; there is no run `resume`.
        """
        done = None
        if resume is not None:
            recovery.recover(self.database, self.store)
            done = self.store.chains.changes_of_models(resume)
        with in_force(self.settings), collector_paused(), unfilled_told():
            return self._compile(sources, variables or {}, done)

    def _compile(
        self, given: Sequence[Source] | Author, variables: Mapping[str, str], done: Changes | None
    ) -> Compiled:
        author = None if isinstance(given, Sequence) else given
        sources = given if isinstance(given, Sequence) else given.sources
        if len(sources) == 1 and sources[0].name.endswith(TEXT_FORM):
            return self._compile_text_form(sources[0])
        dialect, texts = self.settings.dialect, [substitute(one, variables) for one in sources]
        program = parse_files(flat(texts, dialect, self.store), dialect=dialect)
        with self.database.rehearse() as rehearsal:
            catalog = LiveCatalog(rehearsal, self.store, self.database.dialect, done)
            plan = make_plan(program, catalog, dialect=dialect)
        workflow = lower(plan, ", ".join(Path(source.name).name for source in sources))
        if author is not None:
            workflow = author.workflow(plan, workflow)
        return Compiled(program, plan, self.stages(workflow))

    def _compile_text_form(self, source: Source) -> Compiled:
        """A workflow that is written out: it has no statements."""
        program = Program(span=Span(source, 0, len(source.text)), statements=())
        return Compiled(program, LogicalPlan(()), self.stages(parse_workflow(source)))

    def stages(self, workflow: Workflow) -> tuple[tuple[str, Workflow], ...]:
        """The workflow, checked, and after each pass."""
        verify(workflow)
        stages = [("workflow", workflow)]
        for name, improve in pipeline(self.settings.passes, self.history):
            workflow = improve(workflow)
            stages.append((name, workflow))
        return tuple(stages)

    def forecast(self, compiled: Compiled) -> Forecast:
        """What running a compiled program now would do."""
        with in_force(self.settings), closing(self.reuse(compiled.whole, runs=False)) as reuse:
            return forecast(compiled.whole, reuse, self.history)

    def reuse(self, workflow: Workflow, resume: str | None = None, *, runs: bool = True) -> Reuse:
        """What of a workflow need not run. runs: it is going to run."""
        with in_force(self.settings):
            given = (workflow, self.database, self.store, self.settings)
            return Reuse(*given, resume=resume, runs=runs)

    def execute(
        self,
        compiled: Compiled,
        listeners: Iterable[Listener] = (),
        *,
        parameters: Mapping[str, Json] | None = None,
        resume: str | None = None,
        pool: Pool | None = None,
        stop: Stop | None = None,
    ) -> Execution:
        """Run a compiled program to its end. Failed steps are told in the report, not raised.

        parameters: values of its workflow's, as text or as they are. pool: worker processes that
        were started ahead; they are ended with the run. stop: ends it from another thread.

        Raises:
            ProgramError: as `execute_workflow` does.
        """
        statements = compiled.plan.statements_by_node()

        def place(node: str, about: str) -> Span | None:
            steps = [step for step in node.split(".") if step in statements]
            return locate(statements[steps[0]], about) if steps else None

        return self.execute_workflow(
            compiled.workflow,
            listeners,
            parameters=parameters,
            resume=resume,
            written=compiled.stages[0][1],
            locate=place,
            pool=pool,
            stop=stop,
            statements=len(compiled.program.statements),
            program=without_secrets(compiled.text, self.settings.dialect),
        )

    def execute_workflow(
        self,
        workflow: Workflow,
        listeners: Iterable[Listener] = (),
        *,
        parameters: Mapping[str, Json] | None = None,
        means: Means | None = None,
        resume: str | None = None,
        written: Workflow | None = None,
        **told: Any,
    ) -> Execution:
        """Run a verified workflow to its end. Failed steps are told in the report, not raised.

        parameters: values of the workflow's. means: where secrets are, and what runs containers,
        unless as the settings say. written: as passes found it. told: to `runtime.local.run`.

        Raises:
            ProgramError: a parameter is missing, unknown or of another type, or this machine lacks
                what a step needs; nothing has run.
        """
        reused = self.reuse(as_run(workflow), resume)
        with in_force(self.settings), closing(reused) as reuse:
            report = local.run(
                workflow,
                self.database,
                self.store,
                listeners=tuple(listeners),
                on_error=self.settings.on_error,
                reuse=reuse,
                resume=resume,
                threads=self.settings.threads or None,
                parameters=parameters,
                means=means or Means.of(self.settings),
                **told,
            )
            return Execution(report, results_of(report, workflow, written or joined(workflow)))

    def run(
        self,
        text: str | Author,
        *,
        name: str = "<program>",
        variables: Mapping[str, str] | None = None,
        parameters: Mapping[str, Json] | None = None,
        listeners: Iterable[Listener] = (),
        resume: str | None = None,
        stop: Stop | None = None,
    ) -> Results:
        """Run a program, or a workflow that is written in Python, and give its results.

        parameters: values of the workflow's. stop: ends the run from another thread.

        Raises:
            ProgramError: the program is wrong; nothing has run.
            StepError: a step failed; those that do not need it have run. Or the run was stopped.
        """
        given = authored(text, name)
        texts = [text] if isinstance(text, str) else [source.text for source in text.sources]
        ahead = started_ahead(texts, self.settings.threads or None)
        with in_force(self.settings), ahead as pool:
            compiled = self.compile(given, variables, resume=resume)
            execution = self.execute(
                compiled, listeners, parameters=parameters, resume=resume, pool=pool, stop=stop
            )
        if execution.report.diagnostics:
            raise StepError(*execution.report.diagnostics)
        if execution.report.outcome == "interrupted":
            raise StepError(Diagnostic("E0608", "interrupted"))
        return execution.results

    def close(self) -> None:
        with closing(self.store):
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(db: str | Path | None = None, **settings: Any) -> Session:
    """Open a session on a DuckDB file (or `:memory:`); settings as in `sqlml.toml`."""
    return Session.open(load_settings(db=db, **settings))
