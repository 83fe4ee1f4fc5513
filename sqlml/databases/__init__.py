"""Where the data lives, one kind per file."""

from sqlml.registry import Registry

DATABASES: Registry[type] = Registry(
    "kind of database", "sqlml.databases", "E0701", {"duckdb": "sqlml.databases.duckdb:DuckDB"}
)
