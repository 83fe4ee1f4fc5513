"""A step's surroundings in the driver process, next to the database and the store."""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from sqlml.databases.database import Database, Receipt
from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import identifier, select_from
from sqlml.runtime.events import Event, StepNote, StepProgress
from sqlml.runtime.foresight import Foresight
from sqlml.runtime.report import ResultSet
from sqlml.runtime.rows import BATCH_ROWS, QueryRows, file_reader, map_file
from sqlml.runtime.sharing import Answers, Readings
from sqlml.source import Span
from sqlml.store.store import Store
from sqlml.workflow.ir import Relation
from sqlml.zoo.context import Jobs, Models

Pairs = Generator[tuple[pa.RecordBatch, Sequence[pa.Array]], None, None]
Computing = Callable[[pa.Schema, Iterator[pa.RecordBatch]], Pairs]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all steps of a run share. tell: where events go; clock: seconds since the run began.

    serial: the program depends on the state of one connection, which can do one thing at a time.
    """

    database: Database
    store: Store
    run: str
    tell: Callable[[Event], None]
    clock: Callable[[], float]
    serial: bool
    foresight: Foresight


class DriverContext:
    """Implements `zoo.context.Context` beside the database. `kept`: the step's result set.

    answers: those to what other steps have asked, where they ask the same. shared_rows: where the
    rows that it reads are kept for other steps too.
    """

    def __init__(
        self,
        shared: Surroundings,
        step: str,
        folder: Path,
        threads: int,
        locate: Callable[[str], Span | None] = lambda _about: None,
        *,
        answers: Answers | None = None,
        shared_rows: Readings | None = None,
    ) -> None:
        self.threads = threads
        self.folder = folder
        self.kept: ResultSet | None = None
        self._shared = shared
        self._step = step
        self._locate = locate
        self._answers = answers
        self._own = Readings(folder, shared.database)
        self._readings = self._own if answers is None else answers
        self._shared_rows = self._readings if shared_rows is None else shared_rows

    @property
    def models(self) -> Models:
        return self._shared.store.models

    @property
    def jobs(self) -> Jobs:
        return self._shared.store.jobs

    def rows(self, sql: str, *, stable: bool) -> QueryRows:
        return QueryRows(self, sql, stable=stable)

    def schema(self, sql: str) -> pa.Schema:
        return self.table(f"{select_from('*', sql)} LIMIT 0").schema

    def stream(self, sql: str, *, stable: bool) -> Iterator[pa.RecordBatch]:
        return iter(self.reader(sql, stable=stable))

    def spool(self, sql: str, *, stable: bool) -> Path | None:
        """The file that keeps the rows of a query, where they must not be asked for twice."""
        is_kept = self._shared.serial or not stable or self._answers is not None
        return self._readings.path(sql) if is_kept else None

    def reader(self, sql: str, *, stable: bool) -> pa.RecordBatchReader:
        """The rows of a query, straight from the database or from the file that keeps them."""
        path = self.spool(sql, stable=stable)
        return self._read(sql) if path is None else file_reader(path)

    def settle(self, relation: Relation, name: str) -> Relation:
        """The rows of a query, executed now and never again; the types are the query's own."""
        readings = self._shared_rows if name == "rows" else self._readings
        return readings.settle(relation, partial(self._settle, relation, name))

    def table(self, sql: str) -> pa.Table:
        source = self._shared.database if self._answers is None else self._answers
        return source.table(sql)

    def execute(self, sql: str, *, once: Sequence[str] | None = None) -> pa.Table | None:
        shared, step = self._shared, self._step
        if once is None:
            return shared.database.execute(sql)
        receipt = Receipt(shared.run, step, tuple(once), shared.foresight.behind(step))
        return shared.database.execute(sql, receipt)

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
        def computing(_schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Pairs:
            for batch in batches:
                yield batch, compute(batch.select(list(uses)))

        return self.extend_by(
            sql, drops=drops, adds=adds, computing=computing, into=into, types=types
        )

    def extend_by(
        self,
        sql: str,
        *,
        drops: Sequence[str],
        adds: pa.Schema,
        computing: Computing,
        into: str | None,
        types: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        """As `extend`; `computing` pairs each batch with its new columns, and may run ahead."""
        reader = self.reader(sql, stable=True)
        kept = [i for i, name in enumerate(reader.schema.names) if name not in drops]
        schema = pa.schema([*(reader.schema.field(i) for i in kept), *adds])

        def extended() -> Generator[pa.RecordBatch, None, None]:
            batches = (batch for batch in reader if batch.num_rows)
            with closing(computing(reader.schema, batches)) as pairs:
                for batch, arrays in pairs:
                    columns = [*(batch.column(i) for i in kept), *arrays]
                    yield pa.RecordBatch.from_arrays(columns, schema=schema)

        described = self._types(sql) if into else {}
        own = {name: described[name] for name in schema.names[: len(kept)] if name in described}
        with closing(reader), closing(extended()) as batches:
            return self.deliver(schema, batches, into, {**own, **types})

    def write(self, table: str, data: pa.Table | pa.RecordBatchReader) -> int:
        reader = data.to_reader() if isinstance(data, pa.Table) else data
        return self.deliver(reader.schema, iter(reader), table)

    def create(
        self, tables: Mapping[str, str], files: Mapping[str, Path] = MappingProxyType({})
    ) -> Mapping[str, int]:
        return self._shared.database.create(tables, files)

    def result(self, data: pa.Table | pa.RecordBatchReader) -> None:
        if isinstance(data, pa.Table):
            self.kept = ResultSet(table=data)
        else:
            self.deliver(data.schema, iter(data), None)

    def deliver(
        self,
        schema: pa.Schema,
        batches: Iterator[pa.RecordBatch],
        into: str | None,
        types: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        """Write batches to a table or, with `into=None`, to the file of the step's result set.

        types: database types of columns, where known. Returns the number of rows.
        """
        if into is None:
            return self._keep(schema, batches)
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        return self._shared.database.replace(into, reader, types)

    def model(self, reference: str) -> Path:
        name, _, number = reference.rpartition("@")
        version = self._shared.store.models.find(name, int(number))
        if version is None:
            raise model_is_gone(reference)
        self._shared.store.models.verify(version)
        return version.folder

    def publish(self, name: str, folder: Path, manifest: Mapping[str, Any]) -> str:
        version = self._shared.store.models.publish(
            name, folder, manifest, self._shared.run, step=self._step
        )
        return f"{version.name}@{version.number}"

    def lasting(self, file_name: str) -> Path:
        folder = self._shared.store.files / self._shared.run
        folder.mkdir(parents=True, exist_ok=True)
        return folder / file_name

    def progress(self, done: int, total: int, unit: str, **values: float) -> None:
        time = self._shared.clock()
        self._shared.tell(StepProgress(time, self._step, done, total, unit, values))

    def note(self, message: str, about: str = "") -> None:
        span = self._locate(about) if about else None
        place = "" if span is None else span.place
        self._shared.tell(StepNote(self._shared.clock(), self._step, message, place))

    def close(self) -> None:
        """Forget the rows that were kept; their files go with `folder`."""
        self._own.forget()

    def _settle(self, relation: Relation, name: str, path: Path, attached: list[str]) -> Relation:
        table = re.sub(r"\W", "_", f"sqlml_rows_{self._shared.run}_{self._step}_{name}")
        self._shared.database.attach_tables({table: lambda: map_file(path)})
        attached.append(table)
        types, kept = self._types(relation.sql), self._types(f"FROM {table}")
        casts = [
            f"CAST({identifier(column)} AS {types[column]}) AS {identifier(column)}"
            for column in types
            if types[column] != kept[column]
        ]
        replaced = f" REPLACE ({', '.join(casts)})" if casts else ""
        return Relation(f"SELECT *{replaced} FROM {table}", relation.reads, stable=True)

    def _types(self, sql: str) -> Mapping[str, str]:
        """The database types of a query's columns."""
        described = self._shared.database.table(f"DESCRIBE {select_from('*', sql)}").to_pydict()
        return dict(zip(described["column_name"], described["column_type"], strict=True))

    def _read(self, sql: str) -> pa.RecordBatchReader:
        return self._shared.database.rows(sql, BATCH_ROWS)

    def _keep(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
        folder = self._shared.store.results
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self._shared.run}-{self._step}.arrow"
        rows = 0
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
        self.kept = ResultSet(path=path)
        return rows


def model_is_gone(reference: str) -> StepError:
    return StepError(
        Diagnostic(
            "E0624",
            f"model `{reference}` is no longer stored",
            hint="train it again; `SHOW MODELS` lists what is stored",
            about="using",
        )
    )
