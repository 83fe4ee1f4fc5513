"""Ready-made programs, run on a DuckDB connection without anything around them."""

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import pandas as pd
import pytest

from sqlml.zoo.runnables import RUNNABLES
from sqlml.zoo.runnables.contract import Sources


class Bench:
    """A database with seeded tables; `people` is also at hand as a DataFrame."""

    def __init__(self) -> None:
        draw = np.random.default_rng(5)
        rows = 1_003
        self.people = pd.DataFrame({
            "id": np.arange(rows),
            "age": draw.integers(18, 90, rows),
            "income": np.round(draw.lognormal(10, 0.7, rows), 2),
            "plan": draw.choice(["basic", "family", "prepaid"], rows, p=[0.7, 0.2, 0.1]),
            "city": draw.integers(0, 40, rows),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 90, rows), "D"),
        })  # fmt: skip
        self.connection = duckdb.connect()
        self.add("people", self.people)

    def add(self, name: str, table: pd.DataFrame) -> None:
        self.connection.register("given", table)
        self.connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS FROM given')

    def tables(
        self, name: str, *words: str, sql: str = "SELECT * FROM people", number: int = 1
    ) -> Sequence[pd.DataFrame]:
        """What a program gives for the rows of a query; a reference is the table `earlier`."""
        runnable = RUNNABLES.load(name)
        options, _ = runnable.options(words)
        reference = options.get("reference")
        sources = Sources(sql, None if reference is None else f"SELECT * FROM {reference}")
        queries = runnable.build(sources, options, number)
        assert len(queries) == number
        return [self.connection.sql(query).df() for query in queries]

    def table(self, name: str, *words: str, sql: str = "SELECT * FROM people") -> pd.DataFrame:
        (table,) = self.tables(name, *words, sql=sql)
        return table


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.connection.close()
