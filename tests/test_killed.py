"""`kill -9` at any moment leaves the old model and table, or the new ones, never a half."""

import random
from pathlib import Path

import pytest

from sqlml.session import Session, connect
from tests.forks import Forks

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
RUN = f"""
from pathlib import Path
from sqlml.databases import duckdb, rehearsal
from sqlml.optimizer import share, size
from sqlml.optimizer.cache import expected, outlook
from sqlml.runtime import execution, local
from sqlml.runtime.events import StepStarted
from sqlml.session import Session
from sqlml.source import Source

def work(path, step):
    def tell(event):
        if isinstance(event, StepStarted) and event.step == step:
            print(1, flush=True)

    with Session.open(db=path, reuse=False) as session:
        session.execute(session.compile([Source("p.sql", {PROGRAM!r})]), [tell])
"""


@pytest.mark.slow
def test_a_killed_run_leaves_whole_models_and_whole_tables(tmp_path: Path) -> None:
    """Each is killed a little after one of its steps has begun."""
    database = tmp_path / "sqlml.duckdb"
    draw = random.Random(5)
    with connect(database) as session:
        session.run(PROGRAM)
    with Forks(RUN) as forks:
        for step in ("query", "train", "predict") * 2:
            forks.killed(database, step, seconds=draw.uniform(0, 0.3))
            check(database)
    with connect(database, reuse=False) as session:
        session.run(PROGRAM)
        newest = session.store.models.find("model", None)
        assert newest is not None
        session.store.models.verify(newest)
        assert not list((tmp_path / "sqlml.duckdb.sqlml" / "scratch").glob("*"))


def check(database: Path) -> None:
    with Session.open(db=str(database)) as session:
        for manifest in session.store.models.versions("model"):
            found = session.store.models.find("model", manifest["version"])
            assert found is not None
            session.store.models.verify(found)
        for table in ("numbers", "answers"):
            counted = session.run(f"SELECT count(*) AS n FROM {table}").to_arrow()
            assert counted["n"][0].as_py() == ROWS
