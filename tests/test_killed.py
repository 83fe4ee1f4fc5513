"""`kill -9` at any moment leaves the old model and table, or the new ones, never a half."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sqlml.session import Session

ROWS = 20_000
PROGRAM = f"""
CREATE OR REPLACE TABLE numbers AS
SELECT i, (hash(i) % 1000) / 1000.0 AS a, (hash(i + 7) % 1000) / 1000.0 AS b,
       (hash(i) % 1000) > (hash(i + 7) % 1000) AS label
FROM range({ROWS}) AS r(i);
SELECT a, b, label FROM numbers TO TRAIN xgboost.gbtree
WITH max_depth = 3, train.num_boost_round = 20 LABEL label INTO model;
SELECT * FROM numbers TO PREDICT answers.label USING model;
"""


@pytest.mark.slow
def test_a_killed_run_leaves_whole_models_and_whole_tables(tmp_path: Path) -> None:
    (tmp_path / "p.sql").write_text(PROGRAM)
    command = [sys.executable, "-m", "sqlml", "run", "--quiet", "--no-reuse", "p.sql"]
    draw = random.Random(5)
    began = time.monotonic()
    subprocess.run(command, cwd=tmp_path, check=True)
    took = time.monotonic() - began
    for _ in range(12):
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.1, 1.1) * took)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with Session.open(db=str(tmp_path / "sqlml.duckdb")) as session:
            for manifest in session.store.models.versions("model"):
                found = session.store.models.find("model", manifest["version"])
                assert found is not None
                session.store.models.verify(found)
            for table in ("numbers", "answers"):
                counted = session.run(f"SELECT count(*) AS n FROM {table}").to_arrow()
                assert counted["n"][0].as_py() == ROWS
    subprocess.run(command, cwd=tmp_path, check=True)
    with Session.open(db=str(tmp_path / "sqlml.duckdb")) as session:
        newest = session.store.models.find("model", None)
        assert newest is not None
        session.store.models.verify(newest)
        assert not list((tmp_path / "sqlml.duckdb.sqlml" / "scratch").glob("*"))
