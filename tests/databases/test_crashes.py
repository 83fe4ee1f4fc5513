"""A process killed at any moment leaves the old table or the new one."""

import random
from pathlib import Path

import duckdb
import pytest

from tests.forks import Forks

REPLACE = """
import duckdb
import pyarrow
from sqlml.databases.duckdb import DuckDB

def work(path):
    database = DuckDB.open(path)
    turn = database.table("SELECT max(turn)::INT FROM t").column(0)[0].as_py()
    while True:
        print(turn, flush=True)
        turn += 1
        rows = database.rows(f"SELECT a, {turn} AS turn FROM t", 10_000)
        database.replace("t", rows)
"""
ROWS = 150_000


@pytest.mark.slow
def test_a_kill_leaves_the_old_table_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "d.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT i AS a, 0 AS turn FROM range({ROWS}) r(i)")
    chance = random.Random(7)
    with Forks(REPLACE) as forks:
        for kill in range(60):
            told = max(forks.killed(path, seconds=chance.uniform(0, 0.3)))
            with duckdb.connect(str(path)) as connection:
                found = connection.execute(
                    "SELECT count(*), count(DISTINCT a), min(turn), max(turn) FROM t"
                ).fetchone()
            assert found is not None
            assert found[:2] == (ROWS, ROWS)
            assert found[2] == found[3] >= told
            if kill >= 20 and found[3] > 5:
                break  # a busy machine takes longer
    assert found[3] > 5
