"""SQLAlchemy over sqlml: the dialects, DuckDB's own types, and INSERT with ON CONFLICT."""

from sqlalchemy.dialects.postgresql import insert

from sqlml.connectors.sqlalchemy.dialect import SqlmlDialect
from sqlml.connectors.sqlalchemy.server import ServerDialect
from sqlml.connectors.sqlalchemy.types import (
    BIT,
    HUGEINT,
    INTERVAL,
    MAP,
    STRUCT,
    TIMESTAMP_MS,
    TIMESTAMP_NS,
    TIMESTAMP_S,
    TINYINT,
    UBIGINT,
    UHUGEINT,
    UINTEGER,
    UNION,
    USMALLINT,
    UTINYINT,
)

__all__ = [
    "BIT",
    "HUGEINT",
    "INTERVAL",
    "MAP",
    "STRUCT",
    "TIMESTAMP_MS",
    "TIMESTAMP_NS",
    "TIMESTAMP_S",
    "TINYINT",
    "UBIGINT",
    "UHUGEINT",
    "UINTEGER",
    "UNION",
    "USMALLINT",
    "UTINYINT",
    "ServerDialect",
    "SqlmlDialect",
    "insert",
]
