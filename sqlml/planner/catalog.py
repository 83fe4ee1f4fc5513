"""What the planner asks of the world: columns of queries, tables, stored models."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlml.databases.database import Rehearsal


class Catalog(Rehearsal, Protocol):
    """Tables as they will be while the program runs, and models as they are stored now."""

    dialect: str  # of the SQL that describe and apply take

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
