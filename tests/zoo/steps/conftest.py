"""A direct surrounding for steps: a DuckDB connection and a folder of models, in this process."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from sqlml.zoo import STEPS
from sqlml.zoo.steps.outcome import Outcome

BATCH_ROWS = 37  # small and odd, so that every test has several batches


class DirectRows:
    """Rows re-executed each time; where that is not safe, kept in a table."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        self.sql = sql
        self._connection = connection

    @property
    def schema(self) -> pa.Schema:
        return self._connection.sql(self.sql).to_arrow_reader(1).schema

    def select(self, expressions: str) -> "DirectRows":
        return DirectRows(self._connection, f"SELECT {expressions} FROM ({self.sql}\n)")

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self._connection.cursor().sql(self.sql).to_arrow_reader(BATCH_ROWS)


class DirectModels:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(path.name for path in self._folder.iterdir()))

    def versions(self, name: str) -> tuple[Mapping[str, Any], ...]:
        folders = sorted((self._folder / name).glob("*"), key=lambda path: int(path.name))
        return tuple(json.loads((path / "manifest.json").read_text()) for path in folders)

    def sources(self, name: str, version: int) -> tuple[tuple[str, str, str], ...]:
        return (("table", "iris", "b1946ac9"),)

    def drop(self, name: str, version: int | None = None) -> int:
        gone = [v for v in self.versions(name) if version in (None, v["version"])]
        for one in gone:
            (self._folder / name / str(one["version"])).rename(
                self._folder.parent / f"dropped-{name}-{one['version']}"
            )
        if not self.versions(name) and (self._folder / name).exists():
            (self._folder / name).rmdir()
        return len(gone)


class DirectContext:
    """Implements zoo.context.Context; what steps tell is kept in lists."""

    threads = 1

    def __init__(self, folder: Path) -> None:
        self.connection = duckdb.connect()
        self.results: list[pa.Table] = []
        self.notes: list[str] = []
        self.abouts: list[str] = []
        self.told: list[tuple[int, int, str, dict[str, float]]] = []
        self.tables_written = 0
        self._home = folder
        self._steps = 0
        self.folder = self._next_folder()
        (folder / "models").mkdir()
        self.models = DirectModels(folder / "models")

    def rows(self, sql: str, *, stable: bool) -> DirectRows:
        if stable:
            return DirectRows(self.connection, sql)
        self.tables_written += 1
        table = f"kept_{self.tables_written}"
        self.connection.execute(f"CREATE TABLE {table} AS {sql}")
        return DirectRows(self.connection, f"SELECT * FROM {table}")

    def table(self, sql: str) -> pa.Table:
        return self.connection.sql(sql).to_arrow_table()

    def execute(self, sql: str, *, once: Sequence[str] = ()) -> pa.Table | None:
        (statement,) = self.connection.extract_statements(sql)
        found = self.connection.sql(sql)
        return found.to_arrow_table() if statement.type == duckdb.StatementType.SELECT else None

    def extend(
        self,
        sql: str,
        *,
        uses: Sequence[str],
        drops: Sequence[str],
        adds: pa.Schema,
        compute: Callable[[pa.RecordBatch], Sequence[pa.Array]],
        into: str | None,
        types: Mapping[str, str] | None = None,
    ) -> int:
        del types
        reader = self.connection.cursor().sql(sql).to_arrow_reader(BATCH_ROWS)
        kept = [name for name in reader.schema.names if name not in drops]
        schema = pa.schema([*(reader.schema.field(name) for name in kept), *adds])
        batches = [
            pa.RecordBatch.from_arrays(
                [*batch.select(kept).columns, *compute(batch.select(list(uses)))], schema=schema
            )
            for batch in reader
            if batch.num_rows
        ]
        return self._keep(pa.Table.from_batches(batches, schema), into)

    def write(self, table: str, data: pa.Table) -> int:
        return self._keep(data, table)

    def create(
        self, tables: Mapping[str, str], files: Mapping[str, Path] | None = None
    ) -> dict[str, int]:
        for name, path in (files or {}).items():
            self.connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
        counts = {}
        for table, sql in tables.items():
            created = f'CREATE OR REPLACE TABLE "{table}" AS {sql}'
            ((counts[table],),) = self.connection.execute(created).fetchall()
        for name in files or {}:
            self.connection.execute(f"DETACH {name}")
        return counts

    def result(self, data: pa.Table) -> None:
        self._keep(data, None)

    def model(self, reference: str) -> Path:
        name, _, version = reference.rpartition("@")
        return self._home / "models" / name / version

    def publish(self, name: str, folder: Path, manifest: Mapping[str, Any]) -> str:
        version = len(self.models.versions(name)) + 1
        target = self._home / "models" / name / str(version)
        target.parent.mkdir(exist_ok=True)
        folder.rename(target)
        added = {"name": name, "version": version, "created": "2026-01-01T00:00:00Z", "run": "7f3a"}
        (target / "manifest.json").write_text(json.dumps({**manifest, **added}, allow_nan=False))
        return f"{name}@{version}"

    def lasting(self, file_name: str) -> Path:
        return self._home / file_name

    def progress(self, done: int, total: int, unit: str, **values: float) -> None:
        self.told.append((done, total, unit, values))

    def note(self, message: str, about: str = "") -> None:
        self.notes.append(message)
        self.abouts.append(about)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.sql(sql).fetchall()

    def run(self, step: str, **arguments: Any) -> Outcome:
        """Run a step, `rows` and `validation` given as SQL."""
        self.folder = self._next_folder()
        rows = {
            name: self.rows(arguments[name], stable=True)
            for name in ("rows", "validation")
            if arguments.get(name) is not None
        }
        return STEPS.load(step)(self, **{**arguments, **rows})

    def train(
        self, estimator: str, sql: str, label: str | tuple[str, ...] = (), **other: Any
    ) -> Outcome:
        """TRAIN with the features that all columns but the labels are by themselves."""
        from sqlml.zoo.features.defaults import default_feature

        labels = (label,) if isinstance(label, str) else label
        settings = other.pop("settings", {})
        roles = {*labels, settings.get("group"), settings.get("weight")}
        described = self.query(f"DESCRIBE {sql}")
        features = [
            default_feature(name, type_) for name, type_, *_ in described if name not in roles
        ]
        return self.run(
            "train",
            estimator=estimator,
            parameters=other.pop("parameters", {}),
            settings=settings,
            features={"": tuple(feature.to_json() for feature in features if feature)},
            label=labels,
            into=other.pop("into", "m"),
            rows=sql,
            **other,
        )

    def predict(self, sql: str, column: str, model: str = "m@1", **settings: Any) -> pa.Table:
        self.run("predict", column=column, settings=settings, rows=sql, model=model)
        return self.results[-1]

    def manifest(self, model: str = "m@1") -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.model(model) / "manifest.json").read_text())
        return content

    def _keep(self, data: pa.Table, into: str | None) -> int:
        if into is None:
            self.results.append(data)
        else:
            self.connection.execute(f'CREATE OR REPLACE TABLE "{into}" AS SELECT * FROM data')
        return data.num_rows

    def _next_folder(self) -> Path:
        self._steps += 1
        folder = self._home / f"scratch-{self._steps}"
        folder.mkdir()
        return folder


@pytest.fixture
def context(tmp_path: Path) -> Iterator[DirectContext]:
    direct = DirectContext(tmp_path)
    yield direct
    direct.connection.close()


@pytest.fixture
def iris(context: DirectContext) -> DirectContext:
    """The context with a table `iris`: four measures and the species as text."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    names = ("sepal_length", "sepal_width", "petal_length", "petal_width")
    columns = {name: bunch.data[:, i] for i, name in enumerate(names)}
    species = bunch.target_names[bunch.target].astype(object)
    context.write("iris", pa.table({**columns, "species": pa.array(species, pa.string())}))
    return context
