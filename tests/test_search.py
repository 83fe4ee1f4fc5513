"""Searches, from the program to the model."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sqlml.session import Session, connect

CANCER = Path("examples/data/breast_cancer.csv").resolve()
SPACE = (
    "max_depth = RANGE(2, 8), eta = LOG_RANGE(0.01, 0.5),"
    " grow_policy = CHOICE(depthwise, lossguide), train.num_boost_round = GRID(5, 10)"
)
STATEMENT = (
    f"SELECT * FROM '{CANCER}' TO TRAIN xgboost.gbtree WITH {SPACE}, tune.trials = 4,"
    " tune.parallel = 2, validation.split = 0.25 LABEL diagnosis INTO m"
)


UNSTABLE = "SELECT mean_area, diagnosis FROM cancer ORDER BY mean_area LIMIT 300"  # may have ties


def trials(session: Session, run: str) -> list[dict[str, Any]]:
    sql = f"SELECT * EXCLUDE (run, seconds) FROM sqlml_trials WHERE run = '{run}' ORDER BY number"
    return session.run(sql).to_arrow().to_pylist()


def outcomes(session: Session, run: str) -> list[str]:
    return [step.outcome for step in session.store.runs.steps(run)]


def stored(session: Session, model: str) -> tuple[Any, bytes]:
    """The manifest and the booster of a model."""
    found = session.store.models.find(model)
    assert found is not None
    return found.manifest, (found.folder / "model.ubj").read_bytes()


def test_a_search_is_the_same_on_one_core_and_on_two_and_more_trials_go_on_from_it(
    tmp_path: Path,
) -> None:
    with connect(tmp_path / "one.duckdb", threads=1) as session:
        alone = trials(session, session.run(STATEMENT).run)
        manifest, booster = stored(session, "m")
    with connect(tmp_path / "two.duckdb", threads=2) as session:
        assert trials(session, session.run(STATEMENT).run) == alone
        assert stored(session, "m")[1] == booster

        more = session.run(STATEMENT.replace("trials = 4", "trials = 6")).run
        assert outcomes(session, more) == ["reused"] * 4 + ["succeeded"] * 3
        assert trials(session, more)[:4] == alone

        given = {**manifest["parameters"], **manifest["settings"]}
        written = ", ".join(f"{name} = {value!r}" for name, value in given.items())
        session.run(
            f"SELECT * FROM '{CANCER}' TO TRAIN xgboost.gbtree WITH {written}"
            " LABEL diagnosis INTO plain"
        )
        plain, its_booster = stored(session, "plain")
        assert plain["metrics"] == manifest["metrics"]
        assert its_booster == booster

        described = session.run("DESCRIBE MODEL m@1").to_arrow().to_pylist()
        told = [row["value"] for row in described if row["section"] == "trial"]
        best = max(alone, key=lambda row: row["score"])["number"]
        assert [" (best): model.max_depth = " in text for text in told] == [
            number == best for number in range(1, 5)
        ]


@pytest.mark.slow
def test_a_killed_search_is_gone_on_from(tmp_path: Path) -> None:
    program = STATEMENT.replace("trials = 4", "trials = 8").replace("GRID(5, 10)", "GRID(60, 80)")
    (tmp_path / "p.sql").write_text(program)
    command = [sys.executable, "-m", "sqlml", "run", "--quiet", "p.sql"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    done = _wait_for_trials(tmp_path / "sqlml.duckdb.sqlml" / "store.sqlite", 3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 3 <= done < 8
    subprocess.run(command, cwd=tmp_path, check=True)
    with connect(tmp_path / "sqlml.duckdb") as session:
        latest = session.store.runs.latest()
        assert latest is not None
        assert outcomes(session, latest.id).count("reused") >= 3
        found = trials(session, latest.id)
    with connect(tmp_path / "whole.duckdb") as session:
        assert trials(session, session.run(program).run) == found


def _wait_for_trials(store: Path, number: int) -> int:
    """Wait until so many trials are recorded in a store; returns how many there are."""
    counted = "SELECT count(*) FROM steps WHERE operation = 'trial' AND outcome = 'succeeded'"
    done, until = 0, time.monotonic() + 120
    while done < number and time.monotonic() < until:
        time.sleep(0.02)
        if store.exists():
            ledger = sqlite3.connect(store)
            if ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'steps'").fetchone():
                done = ledger.execute(counted).fetchone()[0]
            ledger.close()
    return int(done)


def test_trials_read_and_learn_once_what_they_share(tmp_path: Path) -> None:
    with connect(tmp_path / "one.duckdb", threads=2) as session:
        session.run(f"CREATE TABLE cancer AS SELECT * FROM '{CANCER}'")
        session.run("CALL enable_logging('QueryLog')")
        report = session.run(
            "SELECT mean_radius, mean_texture, diagnosis FROM cancer TO TRAIN LogisticRegression"
            " WITH model.C = GRID(0.1, 1, 10, 100), validation.folds = 3"
            " COLUMN STANDARDIZE(mean_radius), mean_texture LABEL diagnosis INTO m"
        )
        session.run(
            f"{UNSTABLE} TO TRAIN DecisionTreeClassifier WITH model.max_depth = GRID(1, 2),"
            " validation.split = 0.3 LABEL diagnosis INTO n"
        )
        asked = session.database.table(
            "SELECT message, count(*) FROM duckdb_logs WHERE type = 'QueryLog'"
            " AND message LIKE '%FROM cancer%' GROUP BY message"
        )
        assert len(trials(session, report.run)) == 4
    often = dict(zip(*(column.to_pylist() for column in asked.columns), strict=True))
    rows = [often[sql] for sql in often if sql.startswith("SELECT ") and '"diagnosis"' in sql[:120]]
    learnt = [often[sql] for sql in often if "stddev_pop" in sql]
    assert rows, often
    assert set(rows) == {1}
    assert often[UNSTABLE] == 1
    assert learnt == [1] * 4  # three folds, and all rows for the model
