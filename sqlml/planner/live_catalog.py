"""The planner's Catalog over what is there now."""

import re
from collections.abc import Mapping
from typing import Any

from sqlml.databases.database import Column, QueryProblem, Rehearsal
from sqlml.grammar.forms import united, without_compared
from sqlml.planner.models_before import Changes, ModelsBefore, Stored
from sqlml.store.store import Store

# Statements that fail when they are said a second time.
_DONE_ONCE = re.compile(r"\s*(ALTER|DROP)\b", re.IGNORECASE)
_MANY = 100  # queries in a UNION ALL


class LiveCatalog:
    """A Catalog of a database's rehearsal and the store's models."""

    def __init__(
        self, rehearsal: Rehearsal, store: Store, dialect: str, done: Changes | None = None
    ) -> None:
        """done: what the run that is gone on from has changed of models; None: there is no such
        run. After one, what a statement creates or drops may have been created or dropped.
        """
        self._rehearsal = rehearsal
        self._jobs = store.jobs
        self._models: Stored = store.models
        if done:
            self._models = ModelsBefore(store.models, done)
        self._is_resumed = done is not None
        self.dialect = dialect
        self._described: dict[str, tuple[Column, ...] | None] = {}  # since the last change

    def describe(self, sql: str) -> tuple[Column, ...] | None:
        form = without_compared(sql)
        if form not in self._described:
            self._described[form] = self._united(sql) or self._rehearsal.describe(sql)
        return self._described[form]

    def _united(self, sql: str) -> tuple[Column, ...] | None:
        """The columns of many queries that UNION ALL joins, where all have the same types.

        The time that the database takes for all at once grows with the square of their number.
        """
        members = united(sql)
        if len(members) < _MANY:
            return None
        try:
            first, *others = map(self.describe, members)
        except QueryProblem:  # or none of the whole: of that, the database tells
            return None
        types = [[column.type for column in each or ()] for each in (first, *others)]
        return first if all(each == types[0] for each in types) else None

    def apply(self, sql: str, *, exists_ok: bool = False) -> None:
        self._described.clear()
        try:
            self._rehearsal.apply(sql, exists_ok=exists_ok or self._is_resumed)
        except QueryProblem:
            if not (self._is_resumed and _DONE_ONCE.match(sql)):
                raise

    def create(self, table: str, columns: tuple[Column, ...]) -> None:
        self._described.clear()
        self._rehearsal.create(table, columns)

    def tables(self) -> tuple[str, ...]:
        return self._rehearsal.tables()

    def views(self) -> Mapping[str, str]:
        return self._rehearsal.views()

    def model(self, name: str, version: int | None) -> Mapping[str, Any] | None:
        return self._models.manifest(name, version)

    def aliases(self, name: str) -> Mapping[str, int]:
        return self._models.aliases(name)

    def models(self) -> tuple[str, ...]:
        return self._models.names()

    def jobs(self) -> tuple[str, ...] | None:
        return None if self._is_resumed else self._jobs.names()
