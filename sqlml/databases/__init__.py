"""Where the data lives, one kind per file."""

from typing import TYPE_CHECKING, Protocol

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.databases.database import Database


class Kind(Protocol):
    """A kind of database."""

    def open(self, path: str, *, memory: int | None = None) -> "Database":
        """Open a database, created if need be. memory: the bytes that its queries may hold.

        Raises:
            SqlmlError: E06xx it cannot be opened.
        """
        ...


DATABASES: Registry[Kind] = Registry(
    "kind of database", "sqlml.databases", "E0701", {"duckdb": "sqlml.databases.duckdb:DuckDB"}
)
