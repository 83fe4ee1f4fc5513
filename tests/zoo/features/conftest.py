"""What all tests of features use: a database with one table, fitted and transformed from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from sqlml.zoo.features import FEATURES
from sqlml.zoo.features.contract import ColumnReference, Encoding, Feature
from sqlml.zoo.features.defaults import default_feature
from sqlml.zoo.features.fit import fit
from sqlml.zoo.features.pipeline import Pipeline

ONE_HOT = Encoding("onehot", missing=False, sparse=False, dtype="float64")


@dataclass
class Workbench:
    """A database with a table `t`; `queries` are those that fitting has run."""

    connection: duckdb.DuckDBPyConnection
    queries: list[str] = field(default_factory=list)

    def table(self, sql: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TABLE t AS {sql}")

    def column(self, name: str) -> ColumnReference:
        described = self.connection.execute("DESCRIBE t").fetchall()
        return ColumnReference(name, next(row[1] for row in described if row[0] == name))

    def default(self, name: str) -> Feature:
        found = default_feature(name, self.column(name).type)
        assert found is not None
        return found

    def feature(self, function: str, *arguments: Any) -> Feature:
        """A function of the table's columns: names in the first argument are columns."""
        first, *rest = arguments
        return FEATURES.load(function).parse((self._resolved(first), *rest))

    def query(self, sql: str) -> pa.Table:
        self.queries.append(sql)
        return self.connection.sql(sql).to_arrow_table()

    def fit(
        self, *features: Feature, encoding: Encoding = ONE_HOT, sql: str = "SELECT * FROM t"
    ) -> Pipeline:
        return fit(features, sql, self.query, encoding)

    def batch(self, expressions: str = "*", where: str = "TRUE") -> pa.RecordBatch:
        rows = self.connection.sql(f"SELECT {expressions} FROM t WHERE {where}").to_arrow_table()
        batches = rows.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=rows.schema)

    def matrix(self, *features: Feature, encoding: Encoding = ONE_HOT) -> Any:
        """The features, fitted on the table, of its rows."""
        pipeline = self.fit(*features, encoding=encoding)
        return pipeline.transform(self.batch(", ".join(pipeline.expressions)))

    def _resolved(self, argument: Any) -> Any:
        match argument:
            case str():
                return self.column(argument)
            case Sequence():
                return tuple(self._resolved(item) for item in argument)
            case _:
                return argument


@pytest.fixture
def bench() -> Iterator[Workbench]:
    with duckdb.connect() as connection:
        yield Workbench(connection)
