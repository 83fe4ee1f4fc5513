"""What a step sees of the world: the database, its artifacts, its progress. Where it runs, it does not know."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa


class Rows(Protocol):
    """The rows of a query. Iterating again gives the same rows in the same order; memory stays bounded."""

    sql: str

    @property
    def schema(self) -> pa.Schema: ...

    def select(self, expressions: str) -> "Rows":
        """The rows of `SELECT <expressions> FROM (<this query>)`."""
        ...

    def batches(self) -> Iterator[pa.RecordBatch]: ...


class Context(Protocol):
    """A step's surroundings. The runtime provides it; the zoo only uses it."""

    threads: int
    folder: Path  # scratch space, removed after the step

    def rows(self, sql: str, *, stable: bool) -> Rows:
        """`stable` says that executing `sql` twice gives the same rows in the same order; else they are spooled."""
        ...

    def table(self, sql: str) -> pa.Table:
        """The whole (small) result of a query, such as an aggregate."""
        ...

    def execute(self, sql: str) -> pa.Table | None:
        """Run a plain statement; its result set, if it has one."""
        ...

    def extend(
        self,
        sql: str,
        *,
        uses: Sequence[str],
        drops: Sequence[str],
        adds: pa.Schema,
        compute: Callable[[pa.RecordBatch], Sequence[pa.Array]],
        into: str | None,
    ) -> int:
        """Stream a query, append computed columns, and write the whole; returns the number of rows.

        `compute` gets each batch's `uses` columns and gives one array per field of `adds`. The written table (or, with
        `into=None`, the step's result set) has all columns of the query but `drops`, then `adds`. The table appears,
        or is replaced, atomically at the end.
        """
        ...

    def write(self, table: str, data: pa.Table | pa.RecordBatchReader) -> int:
        """Create or atomically replace a table; returns the number of rows."""
        ...

    def result(self, data: pa.Table | pa.RecordBatchReader) -> None:
        """Give `data` as the step's result set."""
        ...

    def model(self, reference: str) -> Path:
        """The folder of a stored model version (`name@version`), checksums verified."""
        ...

    def publish(self, name: str, folder: Path, manifest: Mapping[str, Any]) -> str:
        """Store a finished model folder as the next version; returns `name@version`."""
        ...

    def lasting(self, file_name: str) -> Path:
        """A path for a file that outlives the run, such as a plot."""
        ...

    def progress(self, done: int, total: int, unit: str, **values: float) -> None:
        """Tell how far the step is (`unit`: `rounds`, `rows` …); `values` are metrics such as `train_logloss`."""
        ...

    def note(self, message: str) -> None:
        """Tell the user something worth knowing (a warning, a summary line)."""
        ...
