"""The place where a program finds the rows and leaves its tables: a DuckDB file of its own.

The user's database belongs to the driver process, so that no other can open it.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import duckdb

from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import identifier, literal, parts
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.programs import Program

SELECT = "SELECT * FROM sqlml.rows"
_TABLES = "SELECT schema_name, table_name FROM duckdb_tables()"


class Exchange:
    """The exchange place of one step, in its scratch folder. into: the tables to be left there."""

    def __init__(self, folder: Path, into: Sequence[str]) -> None:
        self._rows = folder.absolute() / "rows.parquet"
        self._file = folder.absolute() / "exchange.duckdb"
        self._into = tuple(into)

    def offer(self, context: Context, rows: Rows) -> None:
        """Write the rows to a file, and make the database that shows them as `sqlml.rows`."""
        path = literal(str(self._rows))
        context.execute(f"COPY ({rows.sql}\n) TO {path} (FORMAT parquet)")
        schemas = {_place(table)[0] for table in self._into}
        with duckdb.connect(self._file) as connection:
            for schema in ("sqlml", *sorted(schemas)):
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
            connection.execute(f"CREATE VIEW sqlml.rows AS FROM read_parquet({path})")

    def environment(self, name: str, program: Program) -> Mapping[str, str]:
        """The environment of a program; the second set of names is SQLFlow's."""
        tables, place = ",".join(self._into), str(self._file)
        told = {
            **os.environ,
            "SQLML_SELECT": SELECT,
            "SQLML_INTO": tables,
            "SQLML_DATASOURCE": place,
            "SQLFLOW_TO_RUN_SELECT": SELECT,
            "SQLFLOW_TO_RUN_INTO": tables,
            "SQLFLOW_TO_RUN_IMAGE": name,
            "SQLFLOW_DATASOURCE": place,
        }
        own_path = told.pop("SQLML_PYTHONPATH", None)
        if own_path is not None and not program.is_python:
            told["PYTHONPATH"] = own_path
        return told

    def take(self, context: Context) -> Mapping[str, int]:
        """Move the tables into the database, all at once; returns their numbers of rows.

        Raises:
            StepError: one is not there, or what is there cannot be read.
        """
        found = self._tables()
        other = f"sqlml_{uuid4().hex}"
        queries = {}
        for table in self._into:
            place = found.get(_place(table))
            if place is None:
                raise _missing(table, [".".join(names) for names in found])
            queries[table] = f"FROM {'.'.join(map(identifier, (other, *place)))}"
        return context.create(queries, {other: self._file}) if queries else {}

    def _tables(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        """The tables that are there, by their folded schema and name."""
        try:
            with duckdb.connect(self._file) as connection:  # which also writes down what is pending
                found = connection.execute(_TABLES).fetchall()
        except duckdb.Error as error:
            message = "what the program has left cannot be read"
            hint = f"is it still running in the background? {str(error).splitlines()[0]}"
            raise StepError(Diagnostic("E0542", message, hint=hint)) from error
        return {(schema.casefold(), name.casefold()): (schema, name) for schema, name in found}


def _place(table: str) -> tuple[str, str]:
    """The folded schema and name of a table in the exchange place."""
    *schema, name = parts(table)
    return (schema[-1] if schema else "main").casefold(), name.casefold()


def _missing(table: str, found: Sequence[str]) -> StepError:
    left = f"it has made {', '.join(f'`{name}`' for name in found)}" if found else ""
    return StepError(
        Diagnostic(
            "E0541",
            f"the program has ended without a table `{table}`",
            label=left,
            hint="it must make the table in the DuckDB file that SQLML_DATASOURCE names",
            about=f"into {table}",
        )
    )
