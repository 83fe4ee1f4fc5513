"""A cursor as PEP 249 has it, for plain SQL and for statements that train and apply models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from sqlml.connectors.dbapi.bulk import SELF_REFERENCES, in_bulk
from sqlml.connectors.dbapi.errors import InterfaceError, ProgrammingError
from sqlml.connectors.dbapi.execution import run
from sqlml.connectors.dbapi.literals import as_python
from sqlml.connectors.dbapi.rows import Row, Rows
from sqlml.connectors.dbapi.types import ColumnDescription
from sqlml.databases.client import Parameters
from sqlml.errors import Diagnostic
from sqlml.quoting import identifier
from sqlml.quoting import parts as parts_of
from sqlml.results import Result, Results
from sqlml.runtime.stop import Stop

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow as pa

    from sqlml.connectors.dbapi.connection import Connection

_PROCEDURE = (
    "SELECT bool_or(function_type IN ('scalar', 'aggregate', 'macro')) FROM duckdb_functions()"
    " WHERE function_name = ?"
)


class Cursor:
    """Runs statements and gives their rows. Cursors of a connection share its transaction.

    results: what the last statement that trained or applied a model came to, with its metrics.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.rowcount = -1
        self.results: Results | None = None
        self._rows: Rows | None = None
        self._fetched = 0
        self._stop = Stop()
        self._is_closed = False

    # --- statements ---

    def execute(self, operation: str, parameters: Parameters | None = None) -> Self:
        """Run the statements of a text; its rows are those of the last one.

        parameters: values for its question marks, or by name for `$name`.

        Raises:
            Error: of the kind that PEP 249 has for what is wrong.
        """
        self._check_open()
        self._forget()
        given = _given(parameters)
        with self.connection.reporting():
            outcome = run(self.connection, operation, given, self._stop)
        self._rows, self.rowcount = outcome.rows, outcome.rowcount
        self.results = outcome.results
        return self

    def executemany(self, operation: str, seq_of_parameters: Iterable[Parameters]) -> Self:
        """Run a statement once for each set of values. It gives no rows."""
        rows = [_given(row) or () for row in seq_of_parameters]
        together = in_bulk(operation, rows)
        if together is not None:
            statement, columns, table = together
            if self.execute(SELF_REFERENCES, [table]).fetchall() == [(0,)]:
                return self.execute(statement, columns)
        count = 0
        for parameters in rows:
            self.execute(operation, parameters)
            count = -1 if self.rowcount < 0 or count < 0 else count + self.rowcount
        self._rows = None
        self.rowcount = count
        return self

    def callproc(self, procname: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Call a function; what it gives are the rows. The parameters come back as they were."""
        name = ".".join(map(identifier, parts_of(procname)))
        marks = ", ".join("?" * len(parameters))
        ((is_scalar,),) = self.execute(_PROCEDURE, [parts_of(procname)[-1]]).fetchall()
        self.execute(f"{'SELECT' if is_scalar else 'FROM'} {name}({marks})", list(parameters))
        return list(parameters)

    def cancel(self) -> None:
        """End, from another thread, what the cursor's connection runs: a query, or a training."""
        self._stop()
        self.connection.client.interrupt()

    # --- rows ---

    @property
    def description(self) -> Sequence[ColumnDescription] | None:
        """The columns of the rows; None where the statement gave none."""
        return None if self._rows is None else self._rows.description

    @property
    def rownumber(self) -> int | None:
        """The index of the next row that will be fetched."""
        return None if self._rows is None else self._fetched

    def fetchone(self) -> Row | None:
        rows = self._fetch(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[Row]:
        return self._fetch(self.arraysize if size is None else size)

    def fetchall(self) -> list[Row]:
        return self._fetch(None)

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    # --- Arrow ---

    def fetch_arrow_table(self) -> pa.Table:
        """The rows as an Arrow table; no row may have been fetched."""
        with self.connection.reporting():
            return self._given().table()

    def fetch_record_batch(self, batch_rows: int = 65536) -> pa.RecordBatchReader:
        """The rows as a stream of Arrow batches; no row may have been fetched."""
        with self.connection.reporting():
            return self._given().batches(batch_rows)

    def fetch_df(self) -> pandas.DataFrame:
        return Result("", self.fetch_arrow_table()).to_pandas()

    def fetch_polars(self) -> polars.DataFrame:
        return Result("", self.fetch_arrow_table()).to_polars()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.fetch_record_batch().__arrow_c_stream__(requested_schema)

    # --- the rest of PEP 249 ---

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Nothing is to be set aside."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Nothing is to be set aside."""

    def close(self) -> None:
        """Let go of the rows. A closed cursor may be closed again."""
        self._rows = None
        self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- how it is done ---

    def _check_open(self) -> None:
        self.connection.check_open()
        if self._is_closed:
            raise InterfaceError(Diagnostic("E0884", "the cursor is closed"))

    def _forget(self) -> None:
        """What the last statement gave."""
        self._rows, self.rowcount, self.results, self._fetched = None, -1, None, 0
        self._stop = Stop()

    def _given(self) -> Rows:
        self._check_open()
        if self._rows is None:
            message = "there are no rows to fetch"
            hint = "`execute` a query first; a statement that gives no rows has no `description`"
            raise InterfaceError(Diagnostic("E0886", message, hint=hint))
        return self._rows

    def _fetch(self, most: int | None) -> list[Row]:
        rows = self._given()
        with self.connection.reporting():
            fetched = rows.fetch(most)
        self._fetched += len(fetched)
        return fetched


def _given(parameters: Parameters | None) -> Parameters | None:
    """The values of a statement's parameters, as DuckDB takes them.

    Raises:
        ProgrammingError: E0885, they are no sequence and no mapping.
    """
    if parameters is None:
        return None
    if isinstance(parameters, Mapping):
        return {name: as_python(value) for name, value in parameters.items()}
    try:
        return [as_python(value) for value in parameters]
    except TypeError as error:
        message = f"the parameters are one value of type {type(parameters).__name__}"
        hint = "a single value is a sequence too: `[value]`"
        raise ProgrammingError(Diagnostic("E0885", message, hint=hint)) from error
