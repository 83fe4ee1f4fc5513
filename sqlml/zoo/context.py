"""What a step sees of the world: the database, its artifacts, its progress; not where it runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import pyarrow as pa


class Rows(Protocol):
    """The rows of a query, in bounded memory. Iterating again gives the same, in the same order."""

    sql: str

    @property
    def schema(self) -> pa.Schema: ...

    def select(self, expressions: str) -> "Rows":
        """The rows of `SELECT <expressions> FROM (<this query>)`."""
        ...

    def batches(self) -> Iterator[pa.RecordBatch]: ...


class Models(Protocol):
    """The stored models, as SHOW, DESCRIBE, ALTER and DROP see them; a version is its manifest."""

    def names(self) -> tuple[str, ...]:
        """The names of all models, in order."""
        ...

    def versions(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """The manifests of a model's versions, oldest first; empty when there is no such model."""
        ...

    def sources(self, name: str, version: int) -> Sequence[tuple[str, str, str]]:
        """What a version was trained from: kind (table, file, model), name, fingerprint."""
        ...

    def drop(self, name: str, version: int | None = None) -> int:
        """Forget one version, or all of them; returns how many there were."""
        ...

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """From now on, an alias of the model stands for that version."""
        ...

    def drop_alias(self, name: str, alias: str) -> bool:
        """Forget an alias; returns whether there was one."""
        ...

    def set_tag(self, name: str, version: int, tag: str, value: str) -> None:
        """Give a version a tag, or another value of it."""
        ...

    def drop_tag(self, name: str, version: int, tag: str) -> bool:
        """Take a tag off a version; returns whether it had one."""
        ...

    def rename(self, name: str, to: str) -> bool:
        """Give a model another name; False: the other name is, or was, another model's."""
        ...


class Jobs(Protocol):
    """The programs that run by themselves, as CREATE and DROP JOB see them."""

    def put(
        self,
        name: str,
        program: str,
        *,
        schedule: Sequence[str],
        timezone: str,
        condition: str,
        dialect: str,
        replaces: bool,
    ) -> bool:
        """Keep a job; False: there is one of that name, and it is not to be replaced."""
        ...

    def drop(self, name: str) -> bool:
        """Forget a job; returns whether there was one."""
        ...

    def names(self) -> tuple[str, ...]: ...


class Context(Protocol):
    """A step's surroundings. The runtime provides it; the zoo only uses it.

    Where a query is not deterministic (a sample, `random()`), the runtime keeps its rows once and
    gives `Rows` whose `sql` reads them, so that every look at `rows.sql` sees the same.
    """

    threads: int
    folder: Path  # scratch space, removed after the step

    @property
    def models(self) -> Models: ...

    @property
    def jobs(self) -> Jobs: ...

    def rows(self, sql: str, *, stable: bool) -> Rows:
        """`stable`: executing `sql` twice gives the same rows in the same order."""
        ...

    def table(self, sql: str) -> pa.Table:
        """The whole (small) result of a query, such as an aggregate."""
        ...

    def execute(self, sql: str, *, once: Sequence[str] | None = None) -> pa.Table | None:
        """Run a plain statement; its result set, if it has one.

        once: the tables that it changes, where it must not be run again when it has; for a BEGIN,
        that its COMMIT will be such a statement.
        """
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
        types: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        """Stream a query, append computed columns, write the whole; returns the number of rows.

        `compute` gets each batch's `uses` columns, in that order, and gives one array per field of
        `adds`. The written table (or, with `into=None`, the step's result set) has all columns of
        the query but `drops`, then `adds`. `uses` and `drops` are spelt as in the query's schema.
        The table appears, or is replaced, atomically at the end. types: database types of computed
        columns, where they say more than Arrow's.
        """
        ...

    def write(self, table: str, data: pa.Table | pa.RecordBatchReader) -> int:
        """Create or atomically replace a table; returns the number of rows."""
        ...

    def create(
        self, tables: Mapping[str, str], files: Mapping[str, Path] = MappingProxyType({})
    ) -> Mapping[str, int]:
        """Create or replace tables, each by its query; all of them, or none.

        files: database files that the queries read from, by the names they go by there. Returns the
        number of rows of each table.
        """
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
        """Tell how far the step is, in `rounds`, `rows` …; values: metrics (`train_logloss`)."""
        ...

    def note(self, message: str, about: str = "") -> None:
        """Tell the user something worth knowing (a warning, a summary line).

        about: the part of the statement that it is about, as in a diagnostic.
        """
        ...
