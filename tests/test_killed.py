"""`kill -9` at any moment leaves the old model and table, or the new ones, never a half."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sqlml.session import Session, connect

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
    """Each is killed a little after one of its steps has begun."""
    (tmp_path / "p.sql").write_text(PROGRAM)
    database = tmp_path / "sqlml.duckdb"
    command = [sys.executable, "-m", "sqlml", "run", "--json", "--no-reuse", "p.sql"]
    draw = random.Random(5)
    with connect(database) as session:
        session.run(PROGRAM)
    for step in ("query", "train", "predict") * 2:
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            named = f'"step": "{step}"'.encode()
            assert any(b"step_started" in line and named in line for line in process.stdout)
            time.sleep(draw.uniform(0, 0.3))
            os.kill(process.pid, signal.SIGKILL)
        with Session.open(db=str(database)) as session:
            for manifest in session.store.models.versions("model"):
                found = session.store.models.find("model", manifest["version"])
                assert found is not None
                session.store.models.verify(found)
            for table in ("numbers", "answers"):
                counted = session.run(f"SELECT count(*) AS n FROM {table}").to_arrow()
                assert counted["n"][0].as_py() == ROWS
    with connect(database, reuse=False) as session:
        session.run(PROGRAM)
        newest = session.store.models.find("model", None)
        assert newest is not None
        session.store.models.verify(newest)
        assert not list((tmp_path / "sqlml.duckdb.sqlml" / "scratch").glob("*"))
