"""DAG files, loaded and run by Airflow itself."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .corpus import CORPUS
from .prepared import ROOT, gives_what_it_gives_here, prepare

AIRFLOW = Path(os.environ.get("SQLML_AIRFLOW", ROOT / ".envs/airflow")) / "bin/python"

pytestmark = pytest.mark.skipif(not AIRFLOW.is_file(), reason="needs Airflow: `make engines`")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every workflow of the corpus and a program of SQL, run by one Airflow."""
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    dags.mkdir()
    settings = {"files": str(home)}
    conf = prepare("airflow", dags, home, settings=settings, db=str(home / "x.duckdb"))
    return {**run(home, dags, conf), "home": home}


def run(home: Path, dags: Path, conf: dict[str, Any]) -> dict[str, Any]:
    file = home / "conf.json"
    file.write_text(json.dumps(conf))
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
        "SQLML_THREADS": "1",
    }
    for command in ([AIRFLOW.with_name("airflow"), "db", "migrate"],
                    [AIRFLOW, Path(__file__).with_name("run_dags.py"), dags, file]):  # fmt: skip
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told: dict[str, Any] = json.loads(file.with_suffix(".out").read_text())
    return told


def test_airflow_loads_every_file(ran: dict[str, Any]) -> None:
    assert ran["import_errors"] == {}


@pytest.mark.parametrize("name", CORPUS)
def test_a_workflow_comes_to_the_same_there(name: str, ran: dict[str, Any]) -> None:
    sample, told = CORPUS[name], ran["runs"][name]
    words = {"success": "succeeded", "upstream_failed": "skipped"}
    states = {
        step: {words.get(state, state) for state in found} for step, found in told["states"].items()
    }
    for step, state in sample.states.items():
        empty = step in sample.outputs and sample.outputs[step] == []
        assert states[step] == {state} or empty or _is_empty(told, step), (step, states[step])
    for step, value in sample.outputs.items():
        rounds = [given["result"] for _, given in told["results"][step]]
        assert (rounds if told["results"][step][0][0] >= 0 else rounds[0]) == value
    failed = "failed" in sample.states.values()
    assert told["state"].endswith("failed" if failed else "success")


def _is_empty(told: dict[str, Any], step: str) -> bool:
    items = told["results"].get(f"{step}_items")
    return items is not None and items[0][1] == []


def test_a_program_of_sql_gives_what_it_gives_here(ran: dict[str, Any], tmp_path: Path) -> None:
    assert ran["runs"]["iris"]["state"].endswith("success")
    assert gives_what_it_gives_here(f"{ran['home'] / 'x.duckdb'}.sqlml/engines", tmp_path)
