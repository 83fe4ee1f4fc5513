"""A process killed at any moment leaves the old table or the new one."""

import random
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

REPLACE = """
import sys
import pyarrow as pa
from sqlml.databases.duckdb import DuckDB

database = DuckDB.open(sys.argv[1])
turn = database.table("SELECT max(turn)::INT FROM t").column(0)[0].as_py()
while True:
    turn += 1
    rows = database.rows(f"SELECT a, {turn} AS turn FROM t", 10_000)
    database.replace("t", rows)
    print(turn, flush=True)
"""
ROWS = 150_000


@pytest.mark.slow
def test_a_kill_leaves_the_old_table_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "d.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT i AS a, 0 AS turn FROM range({ROWS}) r(i)")
    chance = random.Random(7)
    last = 0
    for _ in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", REPLACE, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            told = int(process.stdout.readline())
            time.sleep(chance.uniform(0, 0.25))
            process.kill()
            told = max([told, *map(int, process.stdout.read().split())])
        with duckdb.connect(str(path)) as connection:
            found = connection.execute(
                "SELECT count(*), count(DISTINCT a), min(turn), max(turn) FROM t"
            ).fetchone()
        assert found is not None
        assert found[:2] == (ROWS, ROWS)
        assert found[2] == found[3] >= told > last
        last = found[3]
