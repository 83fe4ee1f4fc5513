"""A driver that is killed loses nothing and does nothing twice, wherever in the run it was."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sqlml.session import Session

KILLS = 20
DRIVER = Path(__file__).with_name("durable_driver.py")
NOTE = 'echo ran >> "$0.log"\n'


def program() -> str:
    """50 steps: tables made, filled, changed, dropped; views; models; a program."""
    statements = ["CREATE TABLE log (step INTEGER, total DOUBLE)"]
    for i in range(8):
        statements += [
            f"CREATE OR REPLACE TABLE s{i} AS"
            f" SELECT r AS a, r * {i + 1} % 7 AS b FROM range(40) t(r)",
            f"CREATE TABLE once{i} AS SELECT a, sum(b) AS b FROM s{i} GROUP BY a ORDER BY a",
            f"INSERT INTO log SELECT {i}, sum(b) FROM once{i}",
            f"UPDATE once{i} SET b = b * 2 + 1"
            if i % 2
            else f"CREATE OR REPLACE TABLE once{i} AS SELECT a, b * 2 + 1 AS b FROM once{i}",
            f"INSERT INTO log SELECT {i} + 100, count(*) + max(step) FROM log",
        ]
    model = "SELECT a, b FROM {} TO TRAIN sklearn.tree.DecisionTreeRegressor LABEL b INTO m{}"
    statements += [
        model.format("s0", 0),
        "SELECT a FROM s2 TO PREDICT said.b USING m0",
        model.format("said", 1),
        "ALTER MODEL m1 RENAME TO renamed",
        "INSERT INTO log SELECT 200, sum(b) FROM said",
        "SELECT a FROM s3 TO RUN sh CMD './note.sh'",
        "DROP TABLE once7",
        "CREATE VIEW v AS SELECT * FROM log WHERE step < 100",
        "INSERT INTO log SELECT 300, sum(total) FROM v",
    ]
    assert len(statements) == 50
    return ";\n".join(statements) + ";"


def transactions() -> str:
    """22 steps, most of them in transactions."""
    statements = ["CREATE TABLE log (step INTEGER, total DOUBLE)", "SET VARIABLE far = 100"]
    for i in range(4):
        statements += [
            "BEGIN",
            f"INSERT INTO log SELECT {i}, count(*) FROM log",
            f"CREATE OR REPLACE TABLE s AS SELECT sum(total) + {i} AS b FROM log",
            "ROLLBACK" if i == 2 else "COMMIT",
            f"INSERT INTO log SELECT {i} + getvariable('far'), b FROM s",
        ]
    return ";\n".join(statements) + ";"


class Driver:
    """The process that forks drivers, in a folder of its own."""

    def __init__(self, folder: Path, text: str) -> None:
        folder.mkdir()
        (folder / "p.sql").write_text(text)
        (folder / "note.sh").write_text(NOTE)
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *, kill_after: int | None = None, wait: float = 0) -> str:
        """Run, or go on; how it ended. kill_after: steps that end well before it is killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        runs = self.runs() if (self.folder / "x.duckdb.sqlml").exists() else []
        self._process.stdin.write(f"{runs[-1] if runs else ''}\n")
        self._process.stdin.flush()
        child, done, outcome = 0, 0, "killed"
        for line in self._process.stdout:
            word, _, value = line.strip().partition(" ")
            match word:
                case "pid":
                    child = int(value)
                case "done":
                    done += 1
                case "end":
                    outcome = value
                case "gone":
                    break
            if done == kill_after:
                time.sleep(wait)
                os.kill(child, signal.SIGKILL)
                kill_after = None
        return outcome

    def runs(self) -> list[str]:
        """The ids of all runs, read as another process may while the database is in use."""
        with sqlite3.connect(self.folder / "x.duckdb.sqlml" / "store.sqlite") as ledger:
            return [run for (run,) in ledger.execute("SELECT id FROM runs ORDER BY number")]

    def left(self) -> dict[str, Any]:
        """All that there is in the end."""
        notes = self.folder / "note.sh.log"
        with Session.open(db=str(self.folder / "x.duckdb")) as session:
            tables = session.database.table("SHOW ALL TABLES")
            names = [name for name in tables["name"].to_pylist() if not name.startswith("sqlml_")]
            return {
                "tables": {
                    name: session.database.table(f"FROM {name}").to_pylist() for name in names
                },
                "models": {
                    name: [one["version"] for one in session.store.models.versions(name)]
                    for name in session.store.models.names()
                },
                "notes": notes.read_text() if notes.exists() else "",
            }

    def close(self) -> None:
        with self._process:  # closes its pipes, and waits
            pass


@pytest.fixture
def drivers(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[Driver]]:
    drivers = [Driver(tmp_path / name, request.param) for name in ("whole", "killed")]
    yield drivers
    for driver in drivers:
        driver.close()


@pytest.mark.slow
@pytest.mark.parametrize("drivers", [program()], indirect=True, ids=["program"])
def test_a_run_killed_twenty_times_ends_as_if_it_had_never_been(drivers: list[Driver]) -> None:
    whole, killed = drivers
    assert whole.run() == "succeeded"
    draw = random.Random(11)
    ends = [
        killed.run(kill_after=draw.choice([0, 1, 1, 1, 2]), wait=draw.choice([0, 0, 0.001, 0.004]))
        for _ in range(KILLS)
    ]
    assert ends.count("killed") > KILLS / 2
    assert killed.run() == "succeeded"
    assert killed.left() == whole.left()
    assert set(times_done(killed).values()) == {1}


@pytest.mark.slow
@pytest.mark.parametrize("drivers", [transactions()], indirect=True, ids=["transactions"])
def test_transactions_are_whole_and_done_once_however_often_a_run_is_killed(
    drivers: list[Driver],
) -> None:
    whole, killed = drivers
    assert whole.run() == "succeeded"
    draw = random.Random(7)
    for _ in range(8):
        killed.run(kill_after=draw.randint(0, 6), wait=draw.choice([0, 0, 0.001, 0.002, 0.004]))
    assert killed.run() == "succeeded"
    assert killed.left() == whole.left()


def times_done(driver: Driver) -> Counter[str]:
    """How often each step has been done, over all runs."""
    with Session.open(db=str(driver.folder / "x.duckdb")) as session:
        runs = session.store.runs
        return Counter(
            step.name
            for run in runs.names()
            for step in runs.steps(run)
            if step.outcome == "succeeded"
        )
