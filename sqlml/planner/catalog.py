"""What the planner asks of the world: columns of queries, tables, stored models."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlml.databases.database import Column


class Catalog(Protocol):
    """Tables as they will be while the program runs, and models as they are stored now.

    What `apply` and `create` do is seen by later calls and has no lasting effect.
    """

    dialect: str  # of the SQL that describe and apply take

    def describe(self, sql: str) -> tuple[Column, ...] | None:
        """The columns of a query; None where only the run can tell.

        Raises:
            QueryProblem: the database refuses the query.
        """
        ...

    def apply(self, sql: str, *, exists_ok: bool = False) -> None:
        """Let a plain statement's effect be seen by later ones.

        exists_ok: creating something that exists replaces it, as for a step that may be reused.

        Raises:
            QueryProblem: the database refuses the statement.
        """
        ...

    def create(self, table: str, columns: tuple[Column, ...]) -> None:
        """Pretend that a table exists from here on.

        Raises:
            QueryProblem: the name is a view's, or its schema does not exist.
        """
        ...

    def tables(self) -> tuple[str, ...]:
        """The names of all tables and views as a statement would write them, unquoted."""
        ...

    def views(self) -> Mapping[str, str]:
        """The names of all views, as in `tables`, to the statements that create them."""
        ...

    def model(self, name: str, version: int | None) -> Mapping[str, Any] | None:
        """The manifest of a stored model; version None is the newest."""
        ...

    def aliases(self, name: str) -> Mapping[str, int]:
        """The folded aliases of a stored model, and the versions that they stand for."""
        ...

    def models(self) -> tuple[str, ...]:
        """The names of all stored models."""
        ...

    def jobs(self) -> tuple[str, ...] | None:
        """The names of all jobs; None where only the run can tell."""
        ...
