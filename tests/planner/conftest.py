"""A real DuckDB and a shelf of stored models, for tests that plan programs."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sqlml.databases.database import Column, Rehearsal
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.parser import parse
from sqlml.planner.logical_plan import LogicalPlan
from sqlml.planner.lower import lower
from sqlml.planner.plan import Operator
from sqlml.planner.program import plan
from sqlml.source import Source
from sqlml.workflow.ir import Node, Workflow
from sqlml.workflow.verification import verify

Manifest = Mapping[str, Any]


class Shelf:
    """The Catalog over a rehearsal; the stored models are manifests by folded name and version."""

    dialect = "duckdb"

    def __init__(
        self,
        rehearsal: Rehearsal,
        stored: Mapping[str, Mapping[int, Manifest]],
        aliases: Mapping[str, Mapping[str, int]],
    ) -> None:
        self._rehearsal = rehearsal
        self._stored = stored
        self._aliases = aliases

    def describe(self, sql: str) -> tuple[Column, ...] | None:
        return self._rehearsal.describe(sql)

    def apply(self, sql: str, *, exists_ok: bool = False) -> None:
        self._rehearsal.apply(sql, exists_ok=exists_ok)

    def create(self, table: str, columns: tuple[Column, ...]) -> None:
        self._rehearsal.create(table, columns)

    def tables(self) -> tuple[str, ...]:
        return self._rehearsal.tables()

    def views(self) -> Mapping[str, str]:
        return self._rehearsal.views()

    def model(self, name: str, version: int | None) -> Manifest | None:
        versions = self._stored.get(name.casefold(), {})
        return versions.get(version or max(versions, default=0))

    def aliases(self, name: str) -> Mapping[str, int]:
        return self._aliases.get(name.casefold(), {})

    def models(self) -> tuple[str, ...]:
        return tuple(next(iter(versions.values()))["name"] for versions in self._stored.values())


class Bench:
    """Plans programs over a database with a table `iris`, and looks at what comes out."""

    def __init__(self, database: DuckDB) -> None:
        self.database = database
        self._stored: dict[str, dict[int, Manifest]] = {}
        self._aliases: dict[str, dict[str, int]] = {}

    def run(self, sql: str) -> None:
        """Change the database before the program."""
        self.database.execute(sql)

    def store(
        self,
        name: str,
        columns: Mapping[str, str],
        label: Mapping[str, str] | None = None,
        *,
        task: str = "classification",
        classes: tuple[Any, ...] | None = None,
        estimator: str = "xgboost.gbtree",
        format: int = 1,
        pipeline: Mapping[str, Any] | None = None,
    ) -> None:
        """Put the next version of a model on the shelf."""
        versions = self._stored.setdefault(name.casefold(), {})
        number = max(versions, default=0) + 1
        versions[number] = {
            "format": format,
            "name": name,
            "version": number,
            "estimator": estimator,
            "task": task,
            "columns": [{"name": n, "type": t} for n, t in columns.items()],
            "label": [{"name": n, "type": t} for n, t in (label or {}).items()],
            "classes": classes,
            "pipeline": pipeline or {},
        }

    def alias(self, name: str, alias: str, version: int) -> None:
        """Let an alias stand for a version of a model on the shelf."""
        self._aliases.setdefault(name.casefold(), {})[alias] = version

    def forget(self) -> None:
        """Clear the shelf."""
        self._stored.clear()

    def plan(self, text: str, dialect: str = "duckdb") -> LogicalPlan:
        program = parse(Source("t.sql", text), dialect=dialect)
        with self.database.rehearse() as rehearsal:
            shelf = Shelf(rehearsal, self._stored, self._aliases)
            return plan(program, shelf, dialect=dialect)

    def operator(self, text: str) -> Operator:
        """The last statement's operator."""
        return self.plan(text).operators[-1]

    def notes(self, text: str) -> list[tuple[str, str]]:
        """The messages of the notes, and the text that each is about."""
        return [(message, span.text) for message, span in self.plan(text).notes]

    def workflow(self, text: str) -> Workflow:
        workflow = lower(self.plan(text), "t.sql")
        verify(workflow)
        return workflow

    def nodes(self, text: str) -> dict[str, Node]:
        return {node.name: node for node in self.workflow(text).nodes}

    def faults(self, text: str, dialect: str = "duckdb") -> tuple[Diagnostic, ...]:
        with pytest.raises(ProgramError) as caught:
            self.plan(text, dialect)
        return caught.value.diagnostics

    def fault(self, text: str) -> tuple[str, str, str, str]:
        """Code, message, text at the place, and hint of the only fault."""
        (only,) = self.faults(text)
        assert only.span is not None
        return only.code, only.message, only.span.text, only.hint


@pytest.fixture
def bench() -> Iterator[Bench]:
    database = DuckDB.open()
    database.execute(
        "CREATE TABLE iris (sepal_length DOUBLE, sepal_width DOUBLE, petal_length DOUBLE,"
        " petal_width DOUBLE, species VARCHAR)"
    )
    yield Bench(database)
    database.close()
