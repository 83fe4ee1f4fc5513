"""For programs that TO RUN starts: the rows of the query, and the tables to fill.

from sqlml import runnable

customers = runnable.rows().read_pandas()
customers["per_call"] = customers.bill / (customers.calls + 1)
runnable.write("prepared", customers)
"""

import os
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from sqlml.errors import Diagnostic, ProgramError
from sqlml.quoting import identifier, parts

BATCH_ROWS = 65_536


def rows() -> pa.RecordBatchReader:
    """The rows of the query, batch by batch; `.read_all()` and `.read_pandas()` give all of them.

    Raises:
        ProgramError: the program was not started by TO RUN; so for all functions here.
    """
    return _database().cursor().sql(_told("SQLML_SELECT")).to_arrow_reader(BATCH_ROWS)


def write(table: str, data: Any) -> int:
    """Create or replace a table; returns its number of rows.

    data: an Arrow table or reader (which is written in bounded memory), a pandas or polars
    DataFrame, or a dictionary of columns.
    """
    connection = _database().cursor()
    name = ".".join(map(identifier, parts(table)))
    connection.register("sqlml_data", pa.table(data) if isinstance(data, dict) else data)
    created = f"CREATE OR REPLACE TABLE {name} AS FROM sqlml_data"
    ((count,),) = connection.execute(created).fetchall()
    return int(count)


def into() -> tuple[str, ...]:
    """The names of the tables behind INTO."""
    return tuple(filter(None, _told("SQLML_INTO").split(",")))


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(_told("SQLML_DATASOURCE"))


def _told(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        message = f"this program is for TO RUN: it finds no {name}"
        hint = "start it from SQL: `SELECT … TO RUN my_program.py INTO my_table`"
        raise ProgramError(Diagnostic("E0544", message, hint=hint))
    return value
