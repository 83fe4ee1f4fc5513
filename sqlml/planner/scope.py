"""What the statements of a program know of each other while it is planned."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from sqlml.databases.database import Column, QueryProblem
from sqlml.errors import Diagnostic
from sqlml.grammar.model_functions import mentioned
from sqlml.grammar.queries import analyse
from sqlml.grammar.query_facts import QueryFacts
from sqlml.planner.catalog import Catalog
from sqlml.planner.models import Models
from sqlml.planner.tables import TableKey, table_key
from sqlml.source import Span


class Scope:
    """The tables and models at one point of a program, and what was found so far.

    index: of the statement that is planned. faults: what is wrong; nothing may run. notes: what
    the user should know.
    """

    def __init__(self, catalog: Catalog, dialect: str) -> None:
        self.catalog = catalog
        self.dialect = dialect
        self.models = Models(catalog)
        self.index = 0
        self.job_models: dict[str, str] = {}  # folded names of models, and the jobs that train them
        self.faults: list[Diagnostic] = []
        self.notes: list[tuple[str, Span]] = []
        self._open: dict[TableKey, tuple[str, ...]] = {}
        self._spoilt: set[TableKey] = set()
        self._mentioned: set[str] = set()
        self._views: dict[TableKey, str] | None = None

    def fault(self, code: str, message: str, span: Span, label: str = "", hint: str = "") -> None:
        self.faults.append(Diagnostic(code, message, span, label, hint))

    def note(self, message: str, span: Span) -> None:
        self.notes.append((message, span))

    # --- tables whose columns only the run can tell ---

    def open_columns(self, tables: Iterable[str]) -> tuple[str, ...]:
        """Beginnings of the names of columns that these tables may have besides the known ones."""
        found: dict[str, None] = {}
        for table in tables:
            found.update(dict.fromkeys(self._open.get(table_key(table), ())))
        return tuple(found)

    def leave_open(self, table: str, beginnings: tuple[str, ...]) -> None:
        """From here on, a table may have further columns, with names that begin like that."""
        if beginnings:
            self._open[table_key(table)] = beginnings
        else:
            self._open.pop(table_key(table), None)

    def spoil(self, table: str) -> None:
        """From here on, nothing is known of a table: the statement that makes it is wrong."""
        self._spoilt.add(table_key(table))

    def is_spoilt(self, tables: Iterable[str]) -> bool:
        return bool(self._spoilt) and any(table_key(table) in self._spoilt for table in tables)

    def create(self, table: str, columns: tuple[Column, ...], span: Span) -> None:
        """From here on, a table exists. Its name stands at `span` in the program."""
        try:
            self.catalog.create(table, columns)
        except QueryProblem as problem:
            hint = problem.hint
            if problem.kind == "schema":
                schema = table.rpartition(".")[0]
                hint = f"`CREATE SCHEMA {schema};` makes it"
            message = str(problem) if problem.code else f"`{table}` cannot be written: {problem}"
            self.fault(problem.code or "E0313", message, span, hint=hint)

    # --- views ---

    def forget_views(self) -> None:
        """To be called when a statement may have changed what views there are."""
        self._views = None

    def look_through(self, facts: QueryFacts) -> tuple[QueryFacts, tuple[str, ...]]:
        """What a statement does when views are seen as the queries that they are.

        The names are those of all tables and views that it reads, directly or through views.
        """
        found = dict.fromkeys(facts.reads)
        waiting = list(found)
        views = []
        models: dict[str, None] = {}
        while waiting:
            statement = self._known_views.get(table_key(waiting.pop()))
            if statement is None:
                continue
            views.append(analyse(statement, self.catalog.dialect))
            models.update(dict.fromkeys(one.model for one in mentioned(statement)))
            waiting += [name for name in views[-1].reads if name not in found]
            found.update(dict.fromkeys(views[-1].reads))
        if views:
            facts = replace(
                facts,
                stable=False,
                deterministic=facts.deterministic and all(view.deterministic for view in views),
                repeatable=facts.repeatable and all(view.deterministic for view in views),
                barrier=facts.barrier or any(view.barrier for view in views),
                models=tuple(models),
            )
        return facts, tuple(found)

    # --- jobs ---

    @cached_property
    def jobs(self) -> dict[str, str] | None:
        """The folded names of all jobs and how they are spelled; None: only the run can tell."""
        names = self.catalog.jobs()
        return None if names is None else {name.casefold(): name for name in names}

    @property
    def _known_views(self) -> Mapping[TableKey, str]:
        if self._views is None:
            views = self.catalog.views()
            self._views = {table_key(name): sql for name, sql in views.items()}
        return self._views

    # --- schemas ---

    def mention(self, tables: Iterable[str]) -> None:
        """Statements name these tables: their schemas are there, or will be."""
        self._mentioned.update(table_key(table).schema for table in tables)

    def is_schema(self, name: str) -> bool:
        """Whether there is a schema of that name, as far as its tables and the program tell."""
        return name.casefold() in self._mentioned or name.casefold() in self._schemas

    @cached_property
    def _schemas(self) -> frozenset[str]:
        """The folded names of the schemas that held a table before the program."""
        return frozenset(table_key(name).schema for name in self.catalog.tables())
