"""Databases elsewhere that are attached, and tables of theirs that somebody has named."""

import time
from dataclasses import dataclass, field
from hashlib import sha256

import duckdb

from sqlml.databases.remote.address import Address
from sqlml.databases.remote.copies import Copy
from sqlml.databases.remote.server import RemoteTable, Server
from sqlml.databases.remote.transfer import view
from sqlml.quoting import identifier

Key = tuple[str, str]  # a schema and a table, folded


@dataclass(slots=True)
class Attached:
    """lasts: a statement has attached it; otherwise a rehearsal has. wanted: columns that programs
    have named. seen: the copies that its views are of. listed: when its tables were asked for.
    """

    address: Address
    server: Server
    tables: dict[Key, RemoteTable]
    lasts: bool = False
    listed: float = field(default_factory=time.monotonic)
    wanted: dict[Key, frozenset[str]] = field(default_factory=dict)
    seen: dict[Key, Copy] = field(default_factory=dict)

    def find(self, path: tuple[str, ...]) -> "Found | None":
        """The table that a name means; behind it, one of its columns may stand."""
        folded = [part.casefold() for part in path]
        default = self.server.default_schema
        whole = self.tables.get((folded[0], folded[1])) if len(folded) > 1 else None
        table = whole or self.tables.get((default, folded[0]))
        return Found(self, table) if table else None

    def all_wanted(self) -> "list[Found]":
        """The tables that programs have named."""
        return [Found(self, self.tables[key]) for key in self.wanted if key in self.tables]

    def make_views(self, connection: duckdb.DuckDBPyConnection) -> None:
        """A database in memory with all of the tables, none of them read."""
        name = identifier(self.address.name)
        connection.execute(f"DETACH DATABASE IF EXISTS {name}")
        connection.execute(f"ATTACH ':memory:' AS {name}")
        for schema in {table.schema for table in self.tables.values()} - {"main"}:
            connection.execute(f"CREATE SCHEMA {name}.{identifier(schema)}")
        for table in self.tables.values():
            connection.execute(view(self.address.name, table, None))
            if table.schema == self.server.default_schema != "main":
                short = f"{name}.main.{identifier(table.name)}"
                full = f"{name}.{identifier(table.schema)}.{identifier(table.name)}"
                connection.execute(f"CREATE VIEW {short} AS FROM {full}")


@dataclass(frozen=True, slots=True)
class Found:
    """A table of an attached database."""

    database: Attached
    table: RemoteTable

    @property
    def key(self) -> Key:
        return self.table.schema.casefold(), self.table.name.casefold()

    @property
    def name(self) -> str:
        return f"{self.database.address.name}.{self.table.schema}.{self.table.name}"

    @property
    def identity(self) -> str:
        """What the table goes by among copies, whatever it is called here."""
        told = repr((self.database.address.url, self.table.schema, self.table.name))
        return sha256(told.encode()).hexdigest()

    @property
    def wanted(self) -> frozenset[str]:
        """The columns that programs have named; at least one."""
        return self.database.wanted.get(self.key) or frozenset({self.table.columns[0].name})

    def want(self, columns: frozenset[str]) -> None:
        """Note that columns will be read."""
        self.database.wanted[self.key] = self.database.wanted.get(self.key, frozenset()) | columns
