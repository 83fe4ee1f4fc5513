"""DAG files, loaded and run by Airflow itself."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sqlml.codegen.engine import Options, render
from sqlml.errors import ProgramError
from sqlml.workflow.ir import (
    After,
    Constant,
    Container,
    Mount,
    Node,
    OutputDeclaration,
    Place,
    Placement,
    Pods,
    Resources,
    SecretKey,
    Take,
    Volume,
    Workflow,
)
from tests.runtime.cluster_server import fake_cluster
from tests.runtime.pod_server import pod_handler

from .corpus import CORPUS
from .everywhere import LINKS_IN_PARTS, Ended, here, write
from .links import LINKS
from .prepared import ROOT, gives_what_it_gives_here, prepare
from .random_workflows import random_workflow

AIRFLOW = Path(os.environ.get("SQLML_AIRFLOW", ROOT / ".envs/airflow")) / "bin/python"

GOLDENS = sorted((ROOT / "examples/workflows/rendered").glob("*/airflow*.py"))
PODS = "-as-pods"
SEEDS = range(4, 5)
IN_PODS = ("flip", "failing", "mapped", "repeated", "retried", "hostile", "grouped")
PLACED = Workflow(
    "placed",
    (
        Node(
            "tell",
            Container("busybox:1", ("sh", "-c"), ('echo "$WORD $0 $#" > $PWD/told', Take("x"))),
            {"x": Constant("$(WORD) $$")},
            (OutputDeclaration("said", "parameter", path="told"),),
            env={"WORD": SecretKey("vault", "word"), "PRICE": "$$5"},
            resources=Resources(cpu=0.5, memory=64 * 2**20),
            mounts=(Mount("data", "/data", read_only=True),),
            placement=Placement({"disk": "ssd"}),
        ),
        Node("quiet", Container("busybox:1", args=("true",)), after=(After("tell"),)),
        Node("lost", Container("missing/image:2", ("true",))),
    ),
    volumes=(Volume("data", "claim", "shared"),),
    pods=Pods(service_account="worker", labels={"team": "ml"}),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AIRFLOW.is_file(), reason="needs Airflow: `make engines`"),
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every workflow of the corpus and a program of SQL, as processes and as pods."""
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    dags.mkdir()
    conf = prepare("airflow", dags, home, settings={"files": str(home)}, db=str(home / "x.duckdb"))
    pods, store = {"pods": "lab"}, str(home / "store")
    conf |= prepare("airflow", dags, home, settings=pods, suffix=PODS, only=IN_PODS, store=store)
    for name, text in render(PLACED, "airflow", Options(settings=pods)).items():
        (dags / name).write_text(text)
    conf["placed"] = {}
    handler = pod_handler(home / "pods")
    local = {"files": str(home)}
    conf |= write("airflow", SEEDS, dags, home, settings=local)
    for name, text in render(LINKS_IN_PARTS, "airflow", Options(settings=local)).items():
        (dags / name).write_text(text)
    conf["links"] = {}
    with fake_cluster(handler) as cluster:
        cluster.kubeconfig(home / "kubeconfig")
        told = run(home, dags, conf)
    return {**told, "home": home, "pods": handler}


def run(home: Path, dags: Path, conf: dict[str, Any]) -> dict[str, Any]:
    file = home / "conf.json"
    file.write_text(json.dumps(conf))
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "KUBECONFIG": str(home / "kubeconfig"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
        "SQLML_THREADS": "1",
    }
    script = Path(__file__).with_name("run_dags.py")
    command = [AIRFLOW, script, dags, file, *GOLDENS]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told: dict[str, Any] = json.loads(file.with_suffix(".out").read_text())
    return told


def test_airflow_loads_every_file(ran: dict[str, Any]) -> None:
    assert ran["import_errors"] == {}


@pytest.mark.parametrize(
    ("name", "suffix"), [*((name, "") for name in CORPUS), *((name, PODS) for name in IN_PODS)]
)
def test_a_workflow_comes_to_the_same_there(name: str, suffix: str, ran: dict[str, Any]) -> None:
    sample, told = CORPUS[name], ran["runs"][f"{name}{suffix}"]
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


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_workflow_comes_to_the_same_there(
    seed: int, ran: dict[str, Any], tmp_path: Path
) -> None:
    workflow = random_workflow(Random(seed), f"random-{seed}")
    comes_to_the_same(here(workflow, folder=str(tmp_path)), ran["runs"][workflow.name])


def test_parts_come_to_what_they_come_to_in_one_piece(ran: dict[str, Any]) -> None:
    assert len(LINKS_IN_PARTS.nodes) == 4
    told = ran["runs"]["links"]
    states = {name: [*found] for name, found in told["states"].items()}
    assert [states[part.name] for part in LINKS_IN_PARTS.nodes].count(["failed"]) == 1
    comes_to_the_same(here(LINKS), told)


def comes_to_the_same(wanted: Mapping[str, Ended], told: Mapping[str, Any]) -> None:
    words = {"success": "succeeded", "upstream_failed": "skipped"}
    for name, ended in wanted.items():
        found = {words.get(state, state) for state in told["states"][name]}
        is_empty = ended.values.get("result") == []
        assert found == ({"skipped"} if is_empty else {ended.state}), name
        if "result" in ended.values and not is_empty:
            given = told["results"][name]
            rounds = [given["result"] for _, given in given] if given[0][0] >= 0 else None
            assert (rounds or given[0][1]["result"]) == ended.values["result"], name
    failed = any(ended.state == "failed" for ended in wanted.values())
    assert told["state"].endswith("failed" if failed else "success")


def test_a_program_of_sql_gives_what_it_gives_here(ran: dict[str, Any], tmp_path: Path) -> None:
    assert ran["runs"]["iris"]["state"].endswith("success")
    assert ran["runs"][f"iris{PODS}"]["state"].endswith("success")
    assert gives_what_it_gives_here(f"{ran['home'] / 'x.duckdb'}.sqlml/engines", tmp_path)
    assert gives_what_it_gives_here(str(ran["home"] / "store"), tmp_path)


def test_no_pod_is_left(ran: dict[str, Any]) -> None:
    assert not ran["pods"].pods


def test_a_pod_is_what_was_asked_for(ran: dict[str, Any]) -> None:
    told = ran["runs"]["placed"]
    assert told["results"]["tell"] == [[-1, {"said": "open sesame $(WORD) $$ 0\n"}]]
    assert told["states"] == {"tell": ["success"], "quiet": ["success"], "lost": ["failed"]}
    made = {pod["metadata"]["labels"]["task_id"]: pod for pod in ran["pods"].made}
    tell, quiet = made["tell"], made["quiet"]["spec"]["containers"][0]
    (container,), spec = tell["spec"]["containers"], tell["spec"]
    assert tell["metadata"]["labels"]["team"] == "ml"
    assert spec["serviceAccountName"] == "worker"
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "shared"}}]
    mount = {"name": "data", "mountPath": "/data", "readOnly": True}
    assert container["volumeMounts"] == [mount]
    assert container["image"] == "busybox:1"
    assert container["resources"]["limits"] == {"cpu": "500m", "memory": "64Mi"}
    assert {"name": "PRICE", "value": "$$$$5"} in container["env"]
    assert "open sesame" not in json.dumps(tell)
    assert (quiet.get("command", []), quiet["args"]) == ([], ["true"])


@pytest.mark.parametrize(
    ("workflow", "fault"),
    [
        (
            Workflow(
                "w",
                (
                    Node(
                        "s",
                        Container("busybox:1"),
                        outputs=(OutputDeclaration("result", "parameter"),),
                        place=Place("flow.py", 3),
                    ),
                ),
            ),
            "E0830 step `s` gives outputs, and leaves its command to the image at flow.py:3:1",
        ),
        (
            Workflow("w", volumes=(Volume("scratch", "new-claim", size="1Gi"),)),
            "E0831 Airflow makes no claim for a run, as volume `scratch` asks for ",
        ),
    ],
)
def test_what_its_pods_cannot_do_is_refused(workflow: Workflow, fault: str) -> None:
    with pytest.raises(ProgramError) as caught:
        render(workflow, "airflow", Options(settings={"pods": "lab"}))
    (told,) = caught.value.diagnostics
    assert f"{told.code} {told.message} {told.label}" == fault
