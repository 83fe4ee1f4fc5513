"""The whole compiler: text → syntax tree → logical plan → workflow → run."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from sqlml.config import Settings, load_settings
from sqlml.databases import DATABASES
from sqlml.databases.database import Database, QueryProblem
from sqlml.databases.names import quoted
from sqlml.errors import Diagnostic, ProgramError, StepError, did_you_mean
from sqlml.grammar.ast import Program
from sqlml.grammar.parser import parse_files
from sqlml.grammar.variables import substitute
from sqlml.optimizer import PASSES
from sqlml.optimizer.forecast import Forecast, forecast
from sqlml.optimizer.history import History, StoredHistory
from sqlml.optimizer.reuse import Reuse
from sqlml.planner.live_catalog import LiveCatalog
from sqlml.planner.locate import locate
from sqlml.planner.lower import lower
from sqlml.planner.plan import LogicalPlan
from sqlml.planner.program import plan as make_plan
from sqlml.results import Result, Results
from sqlml.runtime import local
from sqlml.runtime.ahead import started_ahead
from sqlml.runtime.events import Listener
from sqlml.runtime.functions import ModelFunctions
from sqlml.runtime.pool import Pool
from sqlml.runtime.report import RunReport
from sqlml.source import Source, Span
from sqlml.store.models import Version
from sqlml.store.store import Store
from sqlml.workflow.graph import verify
from sqlml.workflow.ir import Workflow
from sqlml.workflow.text import print_workflow
from sqlml.zoo.adopt import adopt
from sqlml.zoo.export.contract import Export
from sqlml.zoo.export.write import write


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program at every stage. stages: the workflow as lowered, then after each pass."""

    program: Program
    plan: LogicalPlan
    stages: tuple[tuple[str, Workflow], ...]

    @property
    def workflow(self) -> Workflow:
        """The workflow that will run."""
        return self.stages[-1][1]

    @property
    def text(self) -> str:
        """The program's text, that of all its files."""
        sources = dict.fromkeys(statement.span.source for statement in self.program.statements)
        return "\n".join(source.text for source in sources)


@dataclass(frozen=True, slots=True)
class Execution:
    """A run that has ended, well or not, and the results it gave."""

    report: RunReport
    results: Results


class Session:
    """A database, the store beside it, and the compiler over both. Use it as a context manager."""

    def __init__(self, database: Database, store: Store, settings: Settings) -> None:
        self.database = database
        self.store = store
        self.settings = settings
        self.history: History = StoredHistory(database, store)

    @classmethod
    def open(cls, settings: Settings | None = None, **given: Any) -> Self:
        """Open the database that the settings name, and its store.

        Raises:
            SqlmlError: the database is locked, damaged or cannot be made.
        """
        settings = settings or load_settings(**given)
        database = DATABASES.load("duckdb").open(settings.db)
        try:
            store = Store.open(None if settings.db == ":memory:" else Path(f"{settings.db}.sqlml"))
        except BaseException:
            database.close()
            raise
        database.attach_tables(store.tables())
        database.attach_functions(ModelFunctions(store))
        return cls(database, store, settings)

    def compile(
        self,
        sources: Sequence[Source],
        variables: Mapping[str, str] | None = None,
        *,
        resume: str | None = None,
    ) -> Compiled:
        """Parse, check and plan a program; nothing runs.

        resume: the run that will be gone on from, whose work the program may find done.

        Raises:
            ProgramError: with every fault found, up to ten; there is no run `resume`.
        """
        if resume is not None:
            self.store.runs.steps(resume)
        with _collector_paused():
            return self._compile(sources, variables or {}, resume is not None)

    def _compile(
        self, sources: Sequence[Source], variables: Mapping[str, str], is_resumed: bool
    ) -> Compiled:
        texts = [substitute(source, variables) for source in sources]
        program = parse_files(texts, dialect=self.settings.dialect)
        with self.database.rehearse() as rehearsal:
            catalog = LiveCatalog(rehearsal, self.store, self.database.dialect, is_resumed)
            plan = make_plan(program, catalog, dialect=self.settings.dialect)
        workflow = lower(plan, ", ".join(Path(source.name).name for source in sources))
        verify(workflow)
        stages = [("workflow", workflow)]
        for name in PASSES:
            workflow = PASSES.load(name)(self.history)(workflow)
            stages.append((name, workflow))
        return Compiled(program, plan, tuple(stages))

    def forecast(self, compiled: Compiled) -> Forecast:
        """What running a compiled program now would do."""
        return forecast(compiled.workflow, self.reuse(compiled.workflow), self.history)

    def reuse(self, workflow: Workflow, resume: str | None = None) -> Reuse:
        """What of a workflow need not run."""
        enabled = self.settings.reuse
        return Reuse(workflow, self.database, self.store, enabled=enabled, resume=resume)

    def execute(
        self,
        compiled: Compiled,
        listeners: Iterable[Listener] = (),
        *,
        resume: str | None = None,
        pool: Pool | None = None,
    ) -> Execution:
        """Run a compiled program to its end. Failed steps are told in the report, not raised.

        pool: worker processes that were started ahead; they are ended with the run.
        """
        statements = compiled.plan.statements_by_node()

        def place(node: str, about: str) -> Span | None:
            return locate(statements[node], about) if node in statements else None

        report = local.run(
            compiled.workflow,
            self.database,
            self.store,
            listeners=tuple(listeners),
            on_error=self.settings.on_error,
            reuse=self.reuse(compiled.workflow, resume),
            resume=resume,
            threads=self.settings.threads or None,
            locate=place,
            pool=pool,
            statements=len(compiled.program.statements),
            program=compiled.text,
        )
        results = [Result(step, rows.read()) for step, rows in report.results]
        metrics = {name: dict(step.outcome.metrics) for name, step in report.steps.items()}
        return Execution(report, Results(report.run, results, metrics))

    def run(
        self,
        text: str,
        *,
        name: str = "<program>",
        variables: Mapping[str, str] | None = None,
        listeners: Iterable[Listener] = (),
        resume: str | None = None,
    ) -> Results:
        """Run a program and give its results.

        Raises:
            ProgramError: the program is wrong; nothing has run.
            StepError: a step failed; the steps that do not need it have run.
        """
        with started_ahead([text], self.settings.threads or None) as pool:
            compiled = self.compile([Source(name, text)], variables, resume=resume)
            execution = self.execute(compiled, listeners, resume=resume, pool=pool)
        if execution.report.diagnostics:
            raise StepError(*execution.report.diagnostics)
        return execution.results

    def stored(self, reference: str) -> Version:
        """The stored version that `m`, `m@3` or `m@champion` names.

        Raises:
            ProgramError: E0712 there is none.
        """
        models = self.store.models
        name, at, version = reference.rpartition("@")
        found = models.find(reference) or (
            models.find(name, int(version) if version.isdecimal() else version) if at else None
        )
        if found is None:
            known = (name or reference, *(f"{name}@{v}" for v in models.aliases(name)))
            hint = did_you_mean(reference, [*models.names(), *known[1:]])
            hint = hint or "`sqlml models` lists the models"
            message = f"there is no model `{reference}`"
            raise ProgramError(Diagnostic("E0712", message, hint=hint))
        return found

    def adopt(
        self,
        file: str | Path,
        name: str,
        *,
        features: Sequence[str] = (),
        label: str = "label",
        classes: Sequence[str] = (),
    ) -> str:
        """Make the next version of a model from a booster's file; returns `name@version`.

        features: the names of its columns, where the file has none. label: what it predicts.
        classes: what the classes are called; by default 0, 1 …

        Raises:
            ProgramError: the file is no booster, or names or classes do not fit it.
        """
        with TemporaryDirectory(prefix="import-", dir=self.store.folder) as scratch:
            folder = Path(scratch) / "model"
            folder.mkdir()
            found = adopt(Path(file), folder, features=features, label=label, classes=classes)
            return self.store.models.publish(name, folder, found.to_json(), "").reference

    def export(
        self,
        model: str,
        format: str = "native",
        to: str | Path | None = None,
        *,
        table: str | None = None,
        replace: bool = False,
    ) -> Path:
        """Write a stored model as `native` files, `onnx` or `sql`; returns where.

        to: by default a name made of the model's in the current folder. table: what an SQL export
        reads; its columns are kept where it is there now. replace: what is there.

        Raises:
            ProgramError: there is no such model or format, or the path is taken.
            StepError: the format cannot say what the model is.
        """
        version = self.stored(model)
        self.store.models.verify(version)
        source = quoted(table or "data")
        columns = self._columns(source) if table else ()
        order = Export(version.reference, version.folder, source, columns)
        return write(order, format, Path(to) if to else None, replace=replace)

    def _columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table; none where there is no such table."""
        try:
            return tuple(self.database.table(f"SELECT * FROM {table} LIMIT 0").column_names)
        except QueryProblem:
            return ()

    def close(self) -> None:
        self.store.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """What a compiler makes stays: looking for garbage in all of it takes a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def connect(db: str | Path | None = None, **settings: Any) -> Session:
    """Open a session on a DuckDB file (or `:memory:`); settings as in `sqlml.toml`."""
    return Session.open(load_settings(db=db, **settings))


def run(
    text: str,
    *,
    db: str | Path | None = None,
    variables: Mapping[str, str] | None = None,
    **settings: Any,
) -> Results:
    """Run a program on a DuckDB file and give its results.

    Raises:
        ProgramError: the program is wrong; nothing has run.
        StepError: a step failed; the steps that do not need it have run.
    """
    with connect(db, **settings) as session:
        return session.run(text, variables=variables)


def plan(text: str, *, db: str | Path | None = None, **settings: Any) -> Forecast:
    """What running a program now would do, and why; nothing runs.

    Raises:
        ProgramError: the program is wrong.
    """
    with connect(db, **settings) as session:
        return session.forecast(session.compile([Source("<program>", text)]))


def render(text: str, *, db: str | Path | None = None, **settings: Any) -> str:
    """The text form of the workflow that a program becomes; nothing runs.

    Raises:
        ProgramError: the program is wrong.
    """
    with connect(db, **settings) as session:
        return print_workflow(session.compile([Source("<program>", text)]).workflow)
