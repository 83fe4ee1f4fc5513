"""The step runner on its own, as an engine's task starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlml.databases.duckdb import DuckDB
from sqlml.runtime.call import StepCall
from sqlml.store.store import Store
from sqlml.workflow.ir import Relation


def run_alone(tmp_path: Path, call: StepCall) -> tuple[int, list[dict[str, Any]], str]:
    """Run a step in a process of its own: exit code, events, and what it said to people."""
    done = subprocess.run(
        [sys.executable, "-m", "sqlml.runtime.worker", "-", "--db", tmp_path / "test.duckdb",
         "--name", "double", "--run", "argo-1"],
        input=json.dumps(call.to_json()),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
    )  # fmt: skip
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def double(into: str | None, sql: str = "SELECT * FROM t", spoil: int = -1) -> StepCall:
    rows = {"rows": Relation(sql, stable=True)}
    return StepCall("double", {"column": "a", "into": into, "spoil": spoil}, rows)


def test_a_step_given_as_json_does_what_the_runner_would_do(
    database: DuckDB, tmp_path: Path
) -> None:
    database.close()
    code, events, said = run_alone(tmp_path, double("doubled"))
    assert (code, said) == (0, "")
    assert [event["event"] for event in events] == ["step_started", "step_finished"]
    assert events[-1]["summary"] == "200000 rows"
    database = DuckDB.open(tmp_path / "test.duckdb")
    wrong = "SELECT count(*) FROM doubled WHERE doubled <> 2 * a"
    assert database.table(wrong).column(0).to_pylist() == [0]
    database.close()


def test_rows_that_differ_at_each_look_are_kept_there_too(database: DuckDB, tmp_path: Path) -> None:
    database.close()
    rows = Relation("SELECT * FROM t ORDER BY random() LIMIT 1000", deterministic=False)
    code, events, _ = run_alone(tmp_path, StepCall("echo", {"column": "a"}, {"rows": rows}))
    assert code == 0
    assert events[-1]["metrics"] == {"equal": True}


def test_a_users_mistake_is_told_as_an_event_and_in_words(database: DuckDB, tmp_path: Path) -> None:
    database.close()
    code, events, said = run_alone(tmp_path, double("doubled", spoil=0))
    assert code == 1
    assert events[-1]["event"] == "step_failed"
    assert events[-1]["diagnostics"][0]["code"] == "E0499"
    assert said == "error[E0499]: spoilt\n"


def test_a_result_set_is_kept_in_the_store(database: DuckDB, tmp_path: Path) -> None:
    database.close()
    assert run_alone(tmp_path, double(None))[0] == 0
    store = Store.open(tmp_path / "test.duckdb.sqlml")
    assert (store.results / "argo-1-double.arrow").is_file()
    store.close()


def test_a_call_survives_its_journey_through_json() -> None:
    relation = Relation("SELECT 1", ("t",), stable=True, files=("f.csv",))
    call = StepCall("train", {"label": ("a", "b"), "x": {"y": (1, 2.5, None)}}, {"rows": relation})
    assert StepCall.from_json(json.loads(json.dumps(call.to_json()))) == call
