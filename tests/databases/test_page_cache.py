"""Streams leave no pages behind that would fill the memory."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from sqlml.databases.duckdb import DuckDB

CACHED = (
    "SELECT coalesce(sum(memory_usage_bytes), 0)::BIGINT AS n FROM duckdb_memory()"
    " WHERE tag = 'BASE_TABLE'"
)
LIMIT = "SELECT current_setting('memory_limit') AS n"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data") / "d.duckdb"
    columns = ", ".join(f"random() AS f{number}" for number in range(10))
    with duckdb.connect(str(made)) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT {columns} FROM range(2000000)")
    return made  # about 150 MB


@pytest.fixture
def database(path: Path) -> Iterator[DuckDB]:
    opened = DuckDB.open(path)
    yield opened
    opened.close()


def value(database: DuckDB, sql: str) -> object:
    return database.table(sql).column("n")[0].as_py()


def drain(database: DuckDB) -> None:
    for _ in database.rows("SELECT * FROM t"):
        pass


@pytest.mark.slow
def test_a_stream_keeps_few_pages_and_a_query_as_many_as_it_likes(database: DuckDB) -> None:
    drain(database)
    assert value(database, CACHED) < 70 << 20
    database.table("SELECT sum(COLUMNS(*)) FROM t")
    assert value(database, CACHED) > 100 << 20
    drain(database)
    assert value(database, CACHED) < 70 << 20


@pytest.mark.slow
def test_the_memory_limit_is_as_before(database: DuckDB) -> None:
    database.execute("SET memory_limit = '3.3 GiB'")
    for _ in range(3):
        drain(database)
    assert value(database, LIMIT) == "3.2 GiB"  # DuckDB shows less than what was set
    database.execute("SET memory_limit = '2.5GB'")
    shown = value(database, LIMIT)
    drain(database)
    assert value(database, LIMIT) == shown


SCORE = """
import resource, sys
import pyarrow as pa
from sqlml.databases.duckdb import DuckDB

database = DuckDB.open(sys.argv[1])
rows = database.rows(f"SELECT * FROM t LIMIT {sys.argv[2]}")
schema = rows.schema.append(pa.field("score", pa.float64()))
scored = (batch.append_column("score", batch.column(0)) for batch in rows)
database.replace("answers", pa.RecordBatchReader.from_batches(schema, scored))
database.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_scoring_ten_times_the_rows_needs_hardly_more_memory(path: Path) -> None:
    small, large = (
        int(subprocess.check_output([sys.executable, "-c", SCORE, str(path), rows]))
        for rows in ("200000", "2000000")
    )
    assert large < small * 1.8  # untrimmed: 4; from 2 to 20 million rows: 1.05


def test_a_database_in_memory_is_left_alone() -> None:
    database = DuckDB.open()
    database.replace("t", pa.table({"a": range(2_000_000)}).to_reader(100_000))
    assert sum(batch.num_rows for batch in database.rows("FROM t")) == 2_000_000
    database.close()
