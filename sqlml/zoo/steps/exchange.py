"""The place where a program finds the rows and leaves its tables: a DuckDB file, and a folder.

The user's database belongs to the driver process, so that no other can open it.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import duckdb

from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import identifier, literal, parts
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.programs import Program
from sqlml.zoo.steps.outcome import Outcome

SELECT = "SELECT * FROM sqlml.rows"
ROWS, FILE, TABLES = "rows.parquet", "exchange.duckdb", "tables"
_LISTED = "SELECT schema_name, table_name FROM duckdb_tables()"
_READERS = {".parquet": "read_parquet", ".csv": "read_csv"}
_ALL, _ALL_IN = 0o666, 0o777  # in a container, whoever it is may write


class Exchange:
    """The exchange place of one step, in its scratch folder. into: the tables to be left there."""

    def __init__(self, folder: Path, into: Sequence[str]) -> None:
        self.folder = folder.absolute()
        self._rows = self.folder / ROWS
        self._file = self.folder / FILE
        self._tables = self.folder / TABLES
        self._into = tuple(into)

    def offer(self, context: Context, rows: Rows) -> None:
        """Write the rows to a file, and make the database that shows them as `sqlml.rows`."""
        self._tables.mkdir(parents=True)
        path = literal(str(self._rows))
        context.execute(f"COPY ({rows.sql}\n) TO {path} (FORMAT parquet)")
        schemas = {_place(table)[0] for table in self._into}
        with duckdb.connect(self._file) as connection:
            for schema in ("sqlml", *sorted(schemas)):
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
            connection.execute(f"CREATE VIEW sqlml.rows AS FROM read_parquet({path})")

    def open_to_all(self) -> None:
        """Let every user of a container that has a copy of the place write there."""
        for folder in (self.folder, self._tables):
            folder.chmod(_ALL_IN)
        self._file.chmod(_ALL)

    def environment(self, name: str, program: Program) -> Mapping[str, str]:
        """The environment of a program of this machine."""
        told = {**os.environ, **self.told(name, self.folder, SELECT)}
        own_path = told.pop("SQLML_PYTHONPATH", None)
        if own_path is not None and not program.is_python:
            told["PYTHONPATH"] = own_path
        return told

    def told(self, name: str, folder: Path, select: str = "") -> dict[str, str]:
        """What a program is told; the second set of names is SQLFlow's.

        folder: where it finds the place. select: gives the rows; by default from their file.
        """
        tables, file = ",".join(self._into), str(folder / FILE)
        select = select or f"SELECT * FROM read_parquet({literal(str(folder / ROWS))})"
        return {
            "SQLML_SELECT": select,
            "SQLML_INTO": tables,
            "SQLML_DATASOURCE": file,
            "SQLML_ROWS": str(folder / ROWS),
            "SQLML_TABLES": str(folder / TABLES),
            "SQLFLOW_TO_RUN_SELECT": select,
            "SQLFLOW_TO_RUN_INTO": tables,
            "SQLFLOW_TO_RUN_IMAGE": name,
            "SQLFLOW_DATASOURCE": file,
        }

    def take(self, context: Context, said: str = "") -> Outcome:
        """Move the tables into the database, all at once. said: by the program, at its end.

        Raises:
            StepError: one is not there, or what is there cannot be read.
        """
        if not self._into:
            return Outcome(summary=said)
        other = f"sqlml_{uuid4().hex}"
        found = {place: f"FROM {path}" for place, path in self._files()}
        for place, names in self._made().items():
            found[place] = f"FROM {'.'.join(map(identifier, (other, *names)))}"
        for table in self._into:
            if _place(table) not in found:
                raise _missing(table, [".".join(place) for place in found])
        queries = {table: found[_place(table)] for table in self._into}
        return filled(context.create(queries, {other: self._file}))

    def _files(self) -> Iterator[tuple[tuple[str, str], str]]:
        """The tables that are there as files of their own, and what reads them."""
        for path in sorted(self._tables.glob("*")):
            if path.suffix.lower() in _READERS:
                reader = _READERS[path.suffix.lower()]
                yield _place(path.stem), f"{reader}({literal(str(path))})"

    def _made(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        """The tables that are in the DuckDB file, by their folded schema and name."""
        try:
            with duckdb.connect(self._file) as connection:  # which also writes down what is pending
                found = connection.execute(_LISTED).fetchall()
        except duckdb.Error as error:
            message = "what the program has left cannot be read"
            hint = f"is it still running in the background? {str(error).splitlines()[0]}"
            raise StepError(Diagnostic("E0542", message, hint=hint)) from error
        return {(schema.casefold(), name.casefold()): (schema, name) for schema, name in found}


def filled(counts: Mapping[str, int]) -> Outcome:
    """The outcome of a step that has made tables. counts: their numbers of rows."""
    told = " + ".join(f"{rows:,}" for rows in counts.values())
    return Outcome(summary=f"{told} rows", rows=sum(counts.values()))


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
            hint="it must make the table in the DuckDB file that SQLML_DATASOURCE names, or write"
            f" `{table}.parquet` or `{table}.csv` into the folder SQLML_TABLES",
            about=f"into {table}",
        )
    )
