"""Queries with PREDICT and parameters, planned once for all of their values."""

import re
import secrets
from collections.abc import Sequence

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.dbapi.execution import with_models
from sqlml.connectors.dbapi.programs import NAME
from sqlml.connectors.postgres.parameters import substituted
from sqlml.connectors.postgres.types import duckdb_name
from sqlml.source import Source

_MARK = f"sqlml parameter {secrets.token_hex(8)} "  # which no client can have written
_MARKED = re.compile(rf"'{_MARK}(\d+)'")


def with_functions(connection: Connection, sql: str, oids: Sequence[int]) -> str:
    """The query with the functions of models in place of PREDICT; its parameters stay.

    oids: the types of the parameters.
    """

    def marked(number: int) -> str:
        return f"CAST('{_MARK}{number}' AS {duckdb_name(oids[number - 1])})"

    planned = with_models(connection, Source(NAME, substituted(sql, marked)))
    return _MARKED.sub(r"$\1", planned)
