"""Tekton's documents, run by an interpreter of what is in them."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from sqlml.codegen import plain
from sqlml.codegen.engine import Options, render
from sqlml.codegen.given import given_step
from sqlml.codegen.lint import lint
from sqlml.codegen.programs import Worker
from sqlml.errors import ProgramError
from sqlml.session import connect
from sqlml.source import Source
from sqlml.store.depot import Depot
from sqlml.workflow.ir import (
    After,
    Container,
    HasStatus,
    Mount,
    Node,
    ParameterDeclaration,
    Place,
    Placement,
    Pods,
    Resources,
    Retry,
    Schedule,
    Script,
    SecretKey,
    Suspend,
    Volume,
    Workflow,
)

from .corpus import CORPUS, step
from .tekton_interpreter import PipelineRun

ROOT = Path(__file__).parents[2]
PROGRAM = """
CREATE OR REPLACE TABLE flowers AS SELECT * FROM read_csv('examples/data/iris.csv');
SELECT species, avg(petal_length) AS length FROM flowers GROUP BY ALL ORDER BY ALL;
"""


def text_of(workflow: Workflow, options: Options | None = None) -> str:
    (text,) = render(workflow, "tekton", options or Options()).values()
    return text


def documents(workflow: Workflow) -> dict[str, Any]:
    return {one["kind"]: one for one in yaml.safe_load_all(text_of(workflow))}


@pytest.mark.parametrize("name", CORPUS)
def test_a_workflow_comes_to_the_same_there(name: str, tmp_path: Path) -> None:
    sample = CORPUS[name]
    files = tmp_path / "files"
    files.mkdir()
    run = PipelineRun(text_of(sample.workflow), tmp_path / "run", {"folder": str(files)})
    status = run.run()
    told = {step: json.loads(given) for step, given in run.results.items()}
    words = {"held back": "skipped"}
    for step_name, state in sample.states.items():
        given = told.get(step_name, {"state": run.states[step_name].lower()})
        assert words.get(given["state"], given["state"]) == state, step_name
    for step_name, value in sample.outputs.items():
        assert told[step_name]["values"]["result"] == value
    exits = {node.name for node in sample.workflow.on_exit}
    failed = any(state == "failed" for s, state in sample.states.items() if s not in exits)
    assert status == ("Failed" if failed else "Succeeded")


def test_a_program_of_sql_gives_what_it_gives_here(tmp_path: Path) -> None:
    with connect(tmp_path / "x.duckdb") as session:
        workflow = session.compile([Source("iris.sql", PROGRAM)]).workflow
        *_, here = session.run(PROGRAM, name="iris.sql")
    worker = Worker(
        store=str(tmp_path / "store"),
        command=(sys.executable, "-m", "sqlml", "step"),
        folder=str(ROOT),
    )
    text = text_of(workflow, Options(worker=worker))
    assert PipelineRun(text, tmp_path / "run", {}).run() == "Succeeded"
    (path,) = Path(Depot(str(tmp_path / "store")).url).glob("runs/run-x7k2/query-*.arrow")
    assert pa.ipc.open_file(str(path)).read_all().equals(here.to_arrow())


def test_pods_are_as_asked_for() -> None:
    node = Node(
        "work",
        Container("registry/work:1", ("true",)),
        env={"TOKEN": SecretKey("keys", "token"), "PLAIN": "$(x)"},
        mounts=(Mount("data", "/data", read_only=True), Mount("scratch", "/s", sub_path="a")),
        resources=Resources(cpu=0.5, memory=2**30, gpu=1),
        placement=Placement({"disk": "ssd"}),
        retry=Retry(2),
    )
    workflow = Workflow(
        "Flow.sql",
        (node,),
        {"size": ParameterDeclaration("int", 3)},
        volumes=(Volume("data", "claim", "data-1"), Volume("scratch", "new-claim", size="2Gi")),
        pods=Pods(service_account="runner", labels={"team": "a"}),
        placement=Placement({"zone": "b"}),
        timeout=90,
    )
    found = documents(workflow)
    pipeline, run = found["Pipeline"]["spec"], found["PipelineRun"]
    assert pipeline["params"] == [{"name": "size", "type": "string", "default": "3"}]
    task, outcome = pipeline["tasks"]
    assert outcome["runAfter"] == ["work"]
    (one,) = task["taskSpec"]["steps"]
    assert one["image"] == "registry/work:1"
    assert one["env"] == [
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}
    ]
    assert json.loads(one["args"][0])["env"] == {"PLAIN": "$(x)"}
    assert one["computeResources"]["limits"] == {
        "cpu": "500m", "memory": "1Gi", "nvidia.com/gpu": "1"
    }  # fmt: skip
    assert one["volumeMounts"][1] == {"name": "data", "mountPath": "/data", "readOnly": True}
    assert task["workspaces"] == [{"name": "scratch", "workspace": "scratch", "subPath": "a"}]
    assert task["retries"] == 2
    assert run["metadata"] == {"generateName": "flow-", "labels": {"team": "a"}}
    spec = run["spec"]
    assert spec["timeouts"] == {"pipeline": "0s", "tasks": "90s"}
    assert spec["taskRunTemplate"] == {
        "serviceAccountName": "runner", "podTemplate": {"nodeSelector": {"zone": "b"}}
    }  # fmt: skip
    assert spec["taskRunSpecs"][0]["podTemplate"] == {"nodeSelector": {"disk": "ssd"}}
    claim = spec["workspaces"][0]["volumeClaimTemplate"]["spec"]
    assert claim["resources"] == {"requests": {"storage": "2Gi"}}


def test_a_pipeline_whose_parameters_have_no_values_has_no_run() -> None:
    workflow = Workflow(
        "w", (step("a", "print(1)"),), {"must": ParameterDeclaration(required=True)}
    )
    found = documents(workflow)
    assert [*found] == ["ConfigMap", "Pipeline"]
    assert found["Pipeline"]["spec"]["params"] == [{"name": "must", "type": "string"}]


def test_time_that_is_over_is_over_for_every_step() -> None:
    names: dict[str, Any] = {}
    exec(plain.interpreter() + plain.part("given_step"), names)
    slow = given_step(Node("slow", Script("sleep 60", command=("sh",))), None)
    wait = given_step(Node("wait", Suspend(60)), None)
    tried = given_step(Node("tried", Script("exit 1", command=("sh",))), Retry(9, ("any",)))
    for each, left in ((slow, 0.05), (wait, 0.05), (tried, 0.05), (slow, -1)):
        told = names["ended"](each | {"deadline": time.time() + left}, {}, {})
        assert told["state"] == "failed"


def test_a_schedule_is_a_cron_job_that_makes_runs() -> None:
    schedule = Schedule(("0 3 * * *",), "Europe/Berlin", "forbid")
    workflow = Workflow("nightly", (step("a", "print(1)"),), schedule=schedule)
    text = render(workflow, "tekton", Options(namespace="lab"))["nightly.yaml"]
    assert not lint([Source("nightly.yaml", text)])
    told = {one["kind"]: one for one in yaml.safe_load_all(text)}
    assert [*told] == ["ConfigMap", "Pipeline", "ServiceAccount", "Role", "RoleBinding", "CronJob"]
    job = told["CronJob"]["spec"]
    assert (job["schedule"], job["timeZone"], job["suspend"]) == (
        "0 3 * * *", "Europe/Berlin", False
    )  # fmt: skip
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"] == ["python3", "/sqlml-step/start.py", "forbid"]
    assert pod["volumes"][0]["configMap"]["name"] == told["ConfigMap"]["metadata"]["name"]
    assert told["RoleBinding"]["subjects"][0]["name"] == pod["serviceAccountName"]
    files = told["ConfigMap"]["data"]
    twice = replace(workflow, schedule=Schedule(("0 3 * * *", "@daily")))
    needy = replace(workflow, parameters={"must": ParameterDeclaration(required=True)})
    for refused, code in ((twice, "E1077"), (needy, "E1086")):
        with pytest.raises(ProgramError, match=code):
            render(refused, "tekton", Options(namespace="lab"))
    once = render(replace(workflow, schedule=None), "tekton", Options(namespace="lab"))
    *_, run = yaml.safe_load_all(once["nightly.yaml"])
    run["metadata"]["labels"] = {"sqlml-job": "nightly"}
    assert json.loads(files["run.json"]) == run

    space: dict[str, Any] = {"__name__": "start"}
    exec(files["start.py"], space)
    asked: list[tuple[str, str]] = []
    before = {"metadata": {"name": "nightly-1"}, "status": {}}

    def ask(method: str, path: str, body: Any = None) -> Any:
        asked.append((method, path))
        return {"items": [before]} if method == "GET" else {"metadata": {"name": "nightly-2"}}

    look, make = ("GET", "?labelSelector=sqlml-job%3Dnightly"), ("POST", "?fieldValidation=Strict")
    assert "nightly-1 has not ended" in space["start"](ask, "forbid", run)
    assert space["start"](ask, "allow", run) == "nightly-2"
    assert space["start"](ask, "replace", run) == "nightly-2"
    before["status"] = {"completionTime": "2026-01-01T03:00:00Z"}
    assert space["start"](ask, "forbid", run) == "nightly-2"
    assert asked == [look, look, make, look, ("PATCH", "/nightly-1"), make, look, make]


@pytest.mark.parametrize(
    ("workflow", "fault"),
    [
        (Workflow("w", (Node("a", Container("i:$(x)")),)), "E0790 Tekton would take `$(` in"),
        (Workflow("w", (), {"p": ParameterDeclaration(default="$(y)")}), "E0790 Tekton would"),
        (Workflow("w", (), {"p.q": ParameterDeclaration()}), "E0790 Tekton has no parameter"),
        (Workflow("w", (Node("a", Suspend(None)),)), "E0752 Tekton has no suspend"),
        (Workflow("w", schedule=Schedule(("0 0 * * *",))), "E1078 on Tekton the schedule of `w`"),
        (
            Workflow("w", on_exit=(
                step("a", ""), step("b", "", after=(After("a"),)),
            )),
            "E0752 on Tekton exit steps run at the same time, and `b` needs `a`",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(workflow: Workflow, fault: str) -> None:
    with pytest.raises(ProgramError) as caught:
        text_of(workflow)
    assert [f"{d.code} {d.message}".startswith(fault) for d in caught.value.diagnostics] == [True]


def test_a_step_whose_outputs_are_too_large_or_missing_fails(tmp_path: Path) -> None:
    nodes = (
        step("large", "print('x' * 4000)"),
        Node("lost", Script("", command=("no-such-program",))),
    )
    workflow = Workflow("w", nodes, on_exit=(step("end", "", guard=HasStatus("failed")),))
    run = PipelineRun(text_of(workflow), tmp_path / "run", {})
    assert run.run() == "Failed"
    assert [json.loads(run.results[name])["state"] for name in ("large", "lost")] == ["failed"] * 2
    assert run.states["end"] == "Succeeded"
    assert "more than 3500 bytes" in (tmp_path / "run/large/log").read_text()


def test_a_run_that_a_cluster_could_not_keep_is_refused() -> None:
    """It has the pipeline twice, and no more than 1.5 MiB in all."""
    texts = ("x" * 100, "y" * 5_000)
    steps = [
        Node(f"s-{i}", Container("python:3.11", ("echo", texts[i == 7])), place=Place("f.py", i, 1))
        for i in range(1, 1_000)
    ]
    with pytest.raises(ProgramError) as caught:
        render(Workflow("large", tuple(steps)), "tekton", Options())
    (told,) = caught.value.diagnostics
    assert (told.code, told.label) == ("E1032", "at f.py:7:1")
    assert "999 steps" in told.message
    assert "its largest step, `s-7`" in told.hint
    few = Workflow("large", tuple(steps[:300]))
    (text,) = render(few, "tekton", Options()).values()
    (_, pipeline, run) = yaml.safe_load_all(text)
    kept = {
        "spec": {"pipelineSpec": pipeline["spec"]},
        "status": {"pipelineSpec": pipeline["spec"]},
    }
    assert len(json.dumps({**run, **kept})) < 1.5 * 2**20


def test_what_a_failing_program_says_is_in_the_log_once(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(plain.interpreter() + plain.part("given_step"), names)
    node = Node("bad", Script("raise ValueError('no such thing')"))
    assert names["ended"](given_step(node, None), {}, {}) == {"state": "failed", "values": {}}
    told = capsys.readouterr()
    assert (told.out + told.err).count("Traceback") == 1
    assert told.out.count("no such thing") == 2  # the line of the script, and the error
    assert told.err == "exit code 1\n"
