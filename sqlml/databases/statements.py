"""A text as DuckDB's own parser sees it."""

import re
from collections.abc import Sequence

import duckdb

from sqlml.databases.database import QueryProblem
from sqlml.databases.problems import translate
from sqlml.databases.remote.address import address
from sqlml.quoting import identifier

IN_MEMORY = "ATTACH IF NOT EXISTS ':memory:' AS "
_COUNTED = {"INSERT", "UPDATE", "DELETE", "COPY", "CREATE", "MERGE_INTO", "ALTER", "DROP"}
_READING = frozenset({"SELECT", "TRANSACTION"})
CHANGING = re.compile(r"\b(?:NEXTVAL|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
"""What a query that changes something has in it."""


def parse(connection: duckdb.DuckDBPyConnection, sql: str) -> list[duckdb.Statement]:
    """The statements of a text; what attaches a remote database names what stands for it here.

    Raises:
        QueryProblem: DuckDB cannot read it.
    """
    try:
        sql.encode()
        return [_local(connection, each) for each in connection.extract_statements(sql)]
    except UnicodeEncodeError as error:
        raise QueryProblem("this is no Unicode text", error.start, kind="syntax") from error
    except duckdb.Error as error:
        raise translate(error, sql) from error


def _local(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> duckdb.Statement:
    told = address(statement.query) if statement.type.name == "ATTACH" else None
    if told is None:
        return statement
    return connection.extract_statements(IN_MEMORY + identifier(told.name))[0]


def may_write(statement: duckdb.Statement) -> bool:
    """Whether it may change rows, or more; a query does where one of its parts does."""
    return statement.type.name not in _READING or CHANGING.search(statement.query) is not None


def has_result(statement: duckdb.Statement, columns: Sequence[str]) -> bool:
    """Whether the result is more than the word that a statement is done, or to how many rows."""
    match list(columns):
        case ["Count"]:
            return statement.type.name not in _COUNTED
        case ["Success"]:
            return statement.type.name in ("SELECT", "MULTI")
        case _:
            return True
