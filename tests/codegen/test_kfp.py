"""Pipeline specifications, loaded by Kubeflow's SDK and run by its local runner."""

import json
import os
import shutil
import subprocess
from contextlib import chdir
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sqlml.cli.engine_jobs import files_of, for_engine
from sqlml.codegen.engine import Options
from sqlml.codegen.programs import Worker
from sqlml.session import connect
from sqlml.source import Source

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
    write_examples(pipelines)
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
    return {**json.loads(file.with_suffix(".out").read_text()), "home": home}


def write_examples(folder: Path) -> None:
    """The example programs of SQL; a program of jobs is a file for each."""
    with chdir(ROOT):
        for path in Path("examples/sql").glob("*.sql"):
            with connect(":memory:") as session:
                compiled = session.compile([Source(path.name, path.read_text())])
                options = Options(worker=Worker(store="s3://bucket/flow"))
                files = files_of(for_engine(session, compiled, "kfp"), "kfp", options)
            for name, text in files.items():
                (folder / f"golden-{path.stem}-{name}").write_text(text)


def test_the_sdk_loads_every_example(ran: dict[str, Any]) -> None:
    examples = [*(ROOT / "examples/workflows").glob("*.*"), *(ROOT / "examples/sql").glob("*.sql")]
    assert len(examples) > 25
    for example in examples:
        assert any(one.startswith(f"golden-{example.stem}") for one in ran["loaded"]), example


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
