"""Pipeline specifications, loaded by Kubeflow's SDK and run by its local runner."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from sqlml.codegen.engine import Options, render
from sqlml.codegen.programs import Worker
from sqlml.session import connect
from sqlml.source import Source
from sqlml.store.depot import Depot

from .corpus import CORPUS

ROOT = Path(__file__).parents[2]
KFP = Path(os.environ.get("SQLML_KFP", ROOT / ".envs/kfp")) / "bin/python"
PROGRAM = """
CREATE OR REPLACE TABLE flowers AS SELECT * FROM read_csv('examples/data/iris.csv');
SELECT * FROM flowers TO TRAIN xgboost.gbtree WITH train.num_boost_round = 10 LABEL species INTO m;
SELECT * FROM flowers TO PREDICT answers.guess USING m;
SELECT guess, count(*) AS n FROM answers GROUP BY ALL ORDER BY ALL;
"""

pytestmark = pytest.mark.skipif(
    not KFP.is_file(), reason="needs Kubeflow Pipelines' SDK: `make engines`"
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every workflow of the corpus and a program of SQL, run by one local runner."""
    home = tmp_path_factory.mktemp("kfp")
    pipelines = home / "pipelines"
    pipelines.mkdir()
    conf: dict[str, Any] = {}
    for name, sample in CORPUS.items():
        files = render(sample.workflow, "kfp", Options())
        (pipelines / f"{name}.yaml").write_text(files[f"{name}.yaml"], "utf-8")
        folder = home / name
        folder.mkdir()
        has_folder = "folder" in sample.workflow.parameters
        conf[name] = {"folder": str(folder)} if has_folder else {}
    with connect(home / "x.duckdb") as session:
        workflow = session.compile([Source("iris.sql", PROGRAM)]).workflow
    command = (sys.executable, "-m", "sqlml", "step")
    worker = Worker(store=str(home / "store"), command=command, folder=str(ROOT))
    for file, text in render(workflow, "kfp", Options(worker=worker)).items():
        (pipelines / file).write_text(text, "utf-8")
    conf["iris"] = {}
    file = home / "conf.json"
    file.write_text(json.dumps(conf))
    done = subprocess.run(
        [KFP, "-W", "ignore", Path(__file__).with_name("run_pipelines.py"), pipelines, file],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SQLML_THREADS": "1"},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (home / "log").write_text(done.stdout + done.stderr)
    return {"runs": json.loads(file.with_suffix(".out").read_text()), "home": home}


@pytest.mark.parametrize("name", CORPUS)
def test_a_workflow_comes_to_the_same_there(name: str, ran: dict[str, Any]) -> None:
    sample, told = CORPUS[name], ran["runs"][name]["given"]
    words = {"held back": "skipped"}
    found = {step: words.get(one["state"], one["state"]) for step, one in told.items()}
    # a step that fails, or waits for one that did, gives nothing
    missing = {
        step for step, state in sample.states.items() if step not in found and state != "succeeded"
    }
    assert {**dict.fromkeys(missing, None), **found} == {
        **found,
        **{step: None if step in missing else state for step, state in sample.states.items()},
    }
    for step, value in sample.outputs.items():
        assert told[step]["values"]["result"] == value


def test_a_program_of_sql_gives_what_it_gives_here(ran: dict[str, Any], tmp_path: Path) -> None:
    depot = Depot(str(ran["home"] / "store"))
    runs = list((Path(depot.url) / "runs").iterdir())
    (path,) = (file for run in runs for file in run.glob("query-2.arrow"))
    with connect(tmp_path / "here.duckdb") as session:
        *_, here = session.run(PROGRAM, name="iris.sql")
    assert pa.ipc.open_file(str(path)).read_all().equals(here.to_arrow())
