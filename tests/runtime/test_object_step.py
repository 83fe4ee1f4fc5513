"""Steps about objects of a cluster, done by the worker on engines that have none of their own."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sqlml.cli.main import outcome
from sqlml.codegen.engine import Options, render
from sqlml.codegen.programs import Worker
from sqlml.errors import ProgramError
from sqlml.workflow.ir import (
    Constant,
    Container,
    ForEach,
    Item,
    Join,
    Node,
    Output,
    OutputDeclaration,
    Place,
    Resource,
    Take,
    Workflow,
)
from sqlml.workflow.objects import terms_of
from tests.codegen.tekton_interpreter import PipelineRun

from .cluster_server import FakeCluster, Handler, fake_cluster

JOB = {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": {"generateName": "fit-"}}


class Jobs(Handler):
    """Jobs end when they have been looked at once: well, or not if their size is 0."""

    def look(self) -> tuple[int, Any]:
        status, told = super().look()
        for job in told.get("items", ()) if self.kind == "tfjobs" else ():
            if "status" not in job:
                ended = "succeeded" if job["spec"].get("size", 1) else "failed"
                done = {**job, "status": {"replicaStatuses": {"Worker": {ended: 1}}}}
                self.server.state.put("tfjobs", done, "MODIFIED")
        return status, told


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    monkeypatch.chdir(tmp_path)
    with fake_cluster(Jobs) as server:
        config = str(server.kubeconfig(tmp_path / "kubeconfig"))
        monkeypatch.setenv("KUBECONFIG", config)  # of processes; here it was read long since
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", config)
        yield server


def step(manifest: Any, action: str = "create", run: str = "r-1", **outputs: str) -> int:
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    worker = "status.replicaStatuses.Worker"
    asked = {
        "action": action,
        "success": f"{worker}.succeeded == 1" if action in ("create", "get") else "",
        "failure": f"{worker}.failed > 0",
        "outputs": outputs,
    }
    if action not in ("create", "get"):
        asked["failure"] = ""
    return outcome(["step", json.dumps({"object": asked}), "--run", run, "--manifest", text])


def jobs(cluster: FakeCluster) -> dict[str, Any]:
    return {name: job for (kind, name), job in cluster.state.objects.items() if kind == "tfjobs"}


def test_an_object_is_made_and_waited_for(cluster: FakeCluster, capsys: Any) -> None:
    named = {**JOB, "metadata": {"name": "one"}, "spec": {"size": 2}}
    assert step(named, name="metadata.name", all="") == 0
    assert Path("outputs/name").read_text() == "one"
    assert json.loads(Path("outputs/all").read_text())["spec"] == {"size": 2}
    assert step(named) == 0  # another attempt of the run
    assert cluster.count("post") == 2
    assert step(named, run="manual__2026-01-01T00:00:00+00:00") == 2
    assert "E0776" in capsys.readouterr().err
    assert step({**JOB, "spec": {}}) == 0
    (made,) = jobs(cluster).keys() - {"one"}
    assert made.startswith("fit-")
    assert len(made) == len("fit-") + 8
    assert step({**JOB, "spec": {"size": 0}}) == 1
    assert "has failed: status.replicaStatuses.Worker.failed > 0" in capsys.readouterr().err


def test_an_object_is_changed_looked_at_and_deleted(cluster: FakeCluster, capsys: Any) -> None:
    manifest = "apiVersion: kubeflow.org/v1\nkind: TFJob\nmetadata: {name: two}\nspec: {size: 1}\n"
    assert step(manifest, "apply") == 0
    assert step(manifest.replace("size", "other"), "apply") == 0
    assert jobs(cluster)["two"]["spec"] == {"size": 1, "other": 1}
    assert step(manifest.replace("1}", "3}"), "patch") == 0
    assert step(manifest, "get", size="spec.size") == 0
    assert Path("outputs/size").read_text() == "3"
    assert step(manifest, "delete") == 0
    assert jobs(cluster) == {}
    assert step(manifest, "patch") == 1
    assert step("nothing: at all") == 1
    told = capsys.readouterr().err
    assert "error[E1089]: there is no TFJob `two`" in told
    assert "error[E1089]: the manifest is no object of a cluster" in told


def test_engines_let_the_worker_do_it(cluster: FakeCluster, tmp_path: Path) -> None:
    manifest = Join(
        (json.dumps({**JOB, "spec": {"size": "SIZE"}}).replace('"SIZE"}}', ""), Take("n"), "}}")
    )
    fits = Node(
        "fits",
        Resource(
            manifest,
            success="status.replicaStatuses.Worker.succeeded == 1",
            failure="status.replicaStatuses.Worker.failed > 0",
            owned=True,
        ),
        {"n": Item()},
        (
            OutputDeclaration("name", "parameter", path="{.metadata.name}"),
            OutputDeclaration("all", "parameter", path="{}", type="json"),
        ),
        loop=ForEach(Constant((7,))),
    )
    last = Node(
        "last",
        Container("busybox", ("echo", Take("names"))),
        {"names": Output("fits", "name")},
        (OutputDeclaration("result", "parameter"),),
    )
    workflow = Workflow("w", (fits, last))
    worker = Worker(command=(sys.executable, "-m", "sqlml", "step"))
    for engine in ("airflow", "kfp"):
        assert render(workflow, engine, Options(worker=worker))
    (text,) = render(workflow, "tekton", Options(worker=worker)).values()
    run = PipelineRun(text, tmp_path / "run", {})
    assert run.run() == "Succeeded"
    (made,) = jobs(cluster)
    assert json.loads(run.results["fits"])["values"] == {"name": [made]}
    assert json.loads(json.loads(run.results["last"])["values"]["result"]) == [made]
    assert jobs(cluster)[made]["spec"] == {"size": 7}


def test_what_the_worker_cannot_do_is_refused_at_its_place() -> None:
    operation = Resource("{}", "replace", success="status.phase in (a, b)", failure="status.x > 1")
    outputs = (OutputDeclaration("o", "parameter", path=".items | length"),)
    node = Node("change", operation, outputs=outputs, place=Place("flow.py", 3))
    with pytest.raises(ProgramError) as caught:
        render(Workflow("w", (node,)), "kfp", Options())
    assert [f"{d.code} {d.label}" for d in caught.value.diagnostics] == ["E1088 at flow.py:3:1"] * 3


@pytest.mark.parametrize(
    ("condition", "is_so"),
    [
        ("status.succeeded > 1, status.phase = Done", True),
        ("status.succeeded >= 3", False),
        ("status.phase != Done", False),
        ("status.list.1 == b", True),
        ("status.list.7 == b", False),
        ("status.missing != 1", True),
        ("status.missing < 1", False),
        ("status.phase > 1", False),
        ("", True),
    ],
)
def test_conditions_are_about_fields(condition: str, is_so: bool) -> None:
    thing = {"status": {"succeeded": 2, "phase": "Done", "list": ["a", "b"]}}
    assert all(term.holds(thing) for term in terms_of(condition)) == is_so
