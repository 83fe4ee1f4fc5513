"""Pipeline specifications, loaded by Kubeflow's SDK and run by its local runner."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from .corpus import CORPUS
from .everywhere import here, write
from .prepared import ROOT, gives_what_it_gives_here, prepare
from .random_workflows import random_workflow

KFP = Path(os.environ.get("SQLML_KFP", ROOT / ".envs/kfp")) / "bin/python"

SEEDS = range(3)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not KFP.is_file(), reason="needs Kubeflow Pipelines' SDK: `make engines`"),
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every workflow of the corpus and a program of SQL, run by one local runner."""
    home = tmp_path_factory.mktemp("kfp")
    pipelines = home / "pipelines"
    pipelines.mkdir()
    conf = prepare("kfp", pipelines, home, settings={}, store=str(home / "store"))
    conf |= write("kfp", SEEDS, pipelines, home, settings={})
    for golden in (ROOT / "examples/workflows/rendered").glob("*/kfp.yaml"):
        shutil.copy(golden, pipelines / f"golden-{golden.parent.name}.yaml")
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


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_workflow_comes_to_the_same_there(
    seed: int, ran: dict[str, Any], tmp_path: Path
) -> None:
    workflow = random_workflow(Random(seed), f"random-{seed}")
    told = ran["runs"][workflow.name]["given"]
    for name, ended in here(workflow, folder=str(tmp_path)).items():
        if ended.state == "succeeded":
            assert told[name]["values"] == ended.values, name
        elif name in told:
            assert told[name]["state"].replace("held back", "skipped") == ended.state, name


def test_a_program_of_sql_gives_what_it_gives_here(ran: dict[str, Any], tmp_path: Path) -> None:
    assert gives_what_it_gives_here(str(ran["home"] / "store"), tmp_path)
