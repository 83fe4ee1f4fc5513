"""Runs on a cluster: an interface on the loopback that does wrong, and pods that are processes."""

import base64
import gzip
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sqlml import couler
from sqlml.cli.engine_run import told_of
from sqlml.codegen.engine import Options, render
from sqlml.codegen.lint import lint
from sqlml.codegen.yaml import dump
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import SqlmlError
from sqlml.runtime import local
from sqlml.runtime.cluster import CLUSTER_ENGINES
from sqlml.runtime.cluster.api import Cluster, Resource
from sqlml.runtime.cluster.kubeconfig import access
from sqlml.runtime.cluster.run import ClusterRun, objects_of, the
from sqlml.runtime.cluster.submit import Submission, cancel, named, resume, submit
from sqlml.runtime.events import Event, StepFinished, StepNote, StepSkipped
from sqlml.runtime.handed.follow import Rules, follow, logs_of
from sqlml.runtime.handed.patience import Patience
from sqlml.runtime.journal import Journal
from sqlml.runtime.programs.means import Means
from sqlml.runtime.report import RunReport
from sqlml.source import Source
from sqlml.store.store import Store
from sqlml.workflow.ir import (
    After,
    Call,
    Comparison,
    Constant,
    Container,
    HasStatus,
    Node,
    Output,
    OutputDeclaration,
    Suspend,
    Workflow,
)
from tests.codegen.corpus import CORPUS

from .cluster_server import FakeCluster, Fault

KINDS = {
    "argo": Resource("argoproj.io", "v1alpha1", "workflows"),
    "tekton": Resource("tekton.dev", "v1", "pipelineruns"),
}
WORKFLOWS = KINDS["argo"]


@pytest.fixture
def cluster(server: FakeCluster) -> Cluster:
    """A client that does not sleep between calls, and waits 0.2 s for an answer."""
    return Cluster(access(), Patience(60, 0.2, 0.2), sleep=SLEPT.append)


SLEPT: list[float] = []


def step(name: str, text: str, **more: Any) -> Node:
    return Node(name, Container(more.pop("image", "alpine"), ("sh", "-c", text)), **more)


def manifest(workflow: Workflow) -> Mapping[str, Any]:
    (text,) = render(workflow, "argo", Options()).values()
    return dict(yaml.safe_load(text))


def begun(
    cluster: Cluster, workflow: Workflow, run: str = "r1", engine: str = "argo"
) -> Submission:
    runner, objects = CLUSTER_ENGINES.load(engine), objects_of(render(workflow, engine, Options()))
    made = named(runner.whole(the(runner.kind, objects), objects), run)
    runner.prepare(cluster, objects)
    return submit(cluster, made, run)


def followed(
    cluster: Cluster,
    workflow: Workflow,
    store: Store,
    engine: str,
    *,
    rules: Rules | None = None,
    listeners: Any = (),
) -> RunReport:
    submission = begun(cluster, workflow, engine=engine)
    store.runs.begin("r1", workflow.name)
    journal = Journal(store, workflow, run="r1")
    run = placed(cluster, engine, submission)
    return follow(run, workflow, journal, listeners=listeners, rules=rules or Rules())


def placed(cluster: Cluster, engine: str, made: Submission) -> ClusterRun:
    return ClusterRun(cluster, CLUSTER_ENGINES.load(engine), made.run, made.resource, made.name)


TOLD = '{"event": "step_failed", "diagnostics": [{"code": "E0602", "message": "no label"}]}'
MIXED = Workflow(
    "mixed",
    (
        step("coin", "echo heads", outputs=(OutputDeclaration("result", "parameter"),)),
        step(
            "tails", "echo t", guard=Comparison(Output("coin", "result"), "==", Constant("tails"))
        ),
        step("bad", "echo oops; exit 3"),
        step("tells", f"echo '{TOLD}'; exit 1"),
        step("next", "echo never", after=(After("bad"),)),
        step("other", "echo fine", after=(After("tails", "passed"),)),
    ),
    on_exit=(
        step("last", "echo last"),
        step("mourn", "echo m", guard=HasStatus("failed")),
        step("cheer", "echo c", guard=HasStatus("succeeded")),
    ),
)
ONE = Workflow("one", (step("only", "sleep 0.3; echo done"),))
LONG = Workflow(
    "long", (step("slow", "exec sleep 30"), step("later", "echo x", after=(After("slow"),)))
)
on_each_engine = pytest.mark.parametrize("engine", sorted(CLUSTER_ENGINES))


@on_each_engine
def test_a_run_on_a_cluster_tells_the_events_of_a_run_here(
    engine: str, cluster: Cluster, database: DuckDB, store: Store, server: FakeCluster
) -> None:
    here: list[Event] = []
    local.run(MIXED, database, store, listeners=[here.append], means=Means("process"))
    events: list[Event] = []
    report = followed(cluster, MIXED, store, engine, listeners=[events.append])
    assert {name: step.status for name, step in report.steps.items()} == {
        "coin": "succeeded", "tails": "skipped", "bad": "failed", "tells": "failed",
        "next": "skipped", "other": "succeeded",
        "last": "succeeded", "mourn": "succeeded", "cheer": "skipped",
    }  # fmt: skip
    assert steps_told(events) == steps_told(here)
    assert summaries(events) == summaries(here)
    assert (events[0].kind, events[-1].kind) == ("run_started", "run_finished")
    assert report.outcome == "failed"
    failure, own = report.diagnostics
    assert (failure.code, own.code, own.message) == ("E0778", "E0602", "no label")
    assert "exit code 3" in failure.label
    recorded = {one.name: one for one in store.runs.steps("r1")}
    assert "oops" in recorded["bad"].log
    assert recorded["tails"].outcome == "skipped"
    if engine == "tekton":  # it decides as a run here does
        reasons = {e.step: e.because for e in here if isinstance(e, StepSkipped)}
        assert {e.step: e.because for e in events if isinstance(e, StepSkipped)} == reasons
    assert store.runs.find("r1").outcome == "failed"  # type: ignore[union-attr]
    assert len(server.state.runs) == 1


def steps_told(events: Sequence[Event]) -> dict[str, list[str]]:
    """The kinds of events of each step, in their order."""
    told: dict[str, list[str]] = {}
    for event in events:
        if step := getattr(event, "step", ""):
            told.setdefault(step, []).append(event.kind)
    return dict(sorted(told.items()))


def summaries(events: Sequence[Event]) -> dict[str, str]:
    return {event.step: event.summary for event in events if isinstance(event, StepFinished)}


FAULTS = {
    "busy": [
        Fault("post", path="/apis/", status=429, headers={"Retry-After": "7"}),
        Fault("get", status=503),
    ],
    "lost": [Fault("post", "lost", "/apis/"), Fault("get", "lost", times=2)],
    "deaf": [Fault("post", "deaf", "/apis/", times=2), Fault("watch", "deaf")],
    "half": [Fault("post", "half", "/apis/"), Fault("get", "half", "/apis/")],
    "cut": [Fault("watch", "cut")],
    "gone": [Fault("watch", "gone"), Fault("watch", status=410)],
    "down": [Fault("watch", status=500), Fault("get", status=500, times=3)],
    "busy logs": [Fault("get", status=429, path="/log"), Fault("get", status=500, path="/pods")],
}


OF_TEKTON = ("lost", "down", "busy logs")  # the others do not tell engines apart


@pytest.mark.parametrize(
    ("name", "engine"), [*((n, "argo") for n in FAULTS), *((n, "tekton") for n in OF_TEKTON)]
)
def test_no_fault_loses_or_doubles_a_request(
    name: str, engine: str, cluster: Cluster, store: Store, server: FakeCluster
) -> None:
    server.faults = [Fault(**vars(fault)) for fault in FAULTS[name]]
    SLEPT.clear()
    report = followed(cluster, ONE, store, engine)
    assert report.outcome == "succeeded"
    assert len(server.state.runs) == 1
    assert store.runs.logs("r1")["only"].rstrip() == "done"
    assert not any(fault.times for fault in server.faults)
    if name == "busy":
        assert 7.0 in SLEPT


@on_each_engine
def test_a_run_is_submitted_once(engine: str, cluster: Cluster, server: FakeCluster) -> None:
    first, second = (begun(cluster, ONE, engine=engine) for _ in range(2))
    assert (first.is_new, second.is_new) == (True, False)
    assert first.name == second.name == "one-r1"
    assert len(server.state.runs) == 1
    assert begun(cluster, ONE, "r2", engine).is_new
    kind = CLUSTER_ENGINES.load(engine).kind
    with pytest.raises(SqlmlError, match=f"another {kind} `one-r1`") as caught:
        submit(cluster, first.answer, "r3")
    assert caught.value.diagnostics[0].code == "E0776"


def test_what_a_run_needs_first_is_made_or_found_as_it_must_be(
    cluster: Cluster, server: FakeCluster
) -> None:
    template = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate"}
    argo, tekton = (CLUSTER_ENGINES.load(engine) for engine in ("argo", "tekton"))
    for size in (1, 2):
        part = {**template, "metadata": {"name": "part"}, "spec": {"parallelism": size}}
        argo.prepare(cluster, [{**template, "kind": "Workflow"}, part])
    assert server.state.objects["workflowtemplates", "part"]["spec"] == {"parallelism": 2}
    submit(cluster, {**part, "metadata": {"name": "theirs"}}, "other")
    with pytest.raises(SqlmlError, match="another WorkflowTemplate `theirs`"):
        argo.prepare(cluster, [{**part, "metadata": {"name": "theirs"}}])
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    for _ in range(2):
        tekton.prepare(cluster, [{**config, "data": {"a": "1"}}])
    with pytest.raises(SqlmlError, match="another ConfigMap `c`") as caught:
        tekton.prepare(cluster, [{**config, "data": {"a": "2"}}])
    assert caught.value.diagnostics[0].code == "E0776"


def test_an_engine_without_calls_tells_of_what_is_called() -> None:
    part = Workflow("part", (step("a", "echo 1"), step("b", "exit 1")))
    flow = Workflow("w", (Node("call", Call("part")), step("c", "echo 2", after=(After("call"),))))
    flow = replace(flow, workflows=(part,))
    assert [node.name for node in told_of(flow, "argo").nodes] == ["call", "c"]
    assert [node.name for node in told_of(flow, "tekton").nodes] == ["call-a", "call-b", "c"]


def test_a_run_that_holds_its_pipeline_is_right_for_tekton() -> None:
    for name, sample in CORPUS.items():
        objects = objects_of(render(sample.workflow, "tekton", Options()))
        whole = CLUSTER_ENGINES.load("tekton").whole(the("PipelineRun", objects), objects)
        bound = {
            one["name"]: one.get("default")
            for one in whole["spec"]["pipelineSpec"].get("params", ())
        }
        given = [{"name": key, "value": "x"} for key, default in bound.items() if default is None]
        whole = {**whole, "spec": {**whole["spec"], "params": given}}
        assert lint([Source(name, dump(whole))]) == []


@on_each_engine
def test_a_run_is_cancelled_though_its_object_changes_meanwhile(
    engine: str, cluster: Cluster, store: Store, server: FakeCluster, tmp_path: Path
) -> None:
    """Its step on exit ends when it is known that it was asked to stop."""
    stale = Fault("patch", status=409, message="the object has been modified")
    server.faults = [stale, Fault("patch", "lost")]
    asked, runner = [], CLUSTER_ENGINES.load(engine)

    def listen(event: Event) -> None:
        if event.kind == "step_started" and event.step == "slow":
            asked.append(cancel(cluster, runner, KINDS[engine], "long-r1"))
            known.touch()

    known = tmp_path / "known"
    last = step("bye", f"until [ -e {known} ]; do sleep 0.01; done; echo bye")
    workflow = replace(LONG, on_exit=(last,))
    report = followed(cluster, workflow, store, engine, listeners=[listen])
    assert asked == [True]
    assert report.outcome == "interrupted"
    states = {"slow": "interrupted", "later": "skipped", "bye": "succeeded"}
    assert {name: step.status for name, step in report.steps.items()} == states
    assert server.count("patch") == 3  # stale, done without an answer, and nothing more to do
    assert cancel(cluster, runner, KINDS[engine], "long-r1") is False
    with pytest.raises(SqlmlError) as caught:
        cancel(cluster, runner, KINDS[engine], "nowhere")
    assert caught.value.diagnostics[0].code == "E0777"


def test_a_run_on_argo_waits_until_it_is_let_go_on(
    cluster: Cluster, server: FakeCluster, store: Store
) -> None:
    wait, after = (Node("ask", Suspend()), step("then", "echo on", after=(After("ask"),)))
    timed = Node("nap", Suspend(3600))
    server.faults = [Fault("patch", status=409, message="the object has been modified")]
    told: list[Event] = []
    chosen: list[Sequence[str]] = []
    engine, resource = CLUSTER_ENGINES.load("argo"), WORKFLOWS

    def hear(event: Event) -> None:
        told.append(event)
        if isinstance(event, StepNote):
            assert "sqlml continue r1" in event.message

            def choose(waiting: Sequence[str]) -> Sequence[str]:
                chosen.append(waiting)
                return waiting

            assert resume(cluster, engine, resource, "waits-r1", choose) == ["ask"]

    workflow = Workflow("waits", (wait, after))
    report = followed(cluster, workflow, store, "argo", listeners=[hear])
    assert report.outcome == "succeeded"
    assert report.steps["then"].outcome.summary == "on"
    assert chosen[0] == ["ask"]
    with pytest.raises(SqlmlError, match="E0777"):
        resume(cluster, engine, resource, "gone", list)
    assert resume(cluster, engine, resource, "waits-r1", list) == []
    spec = manifest(Workflow("nap", (timed, wait)))["spec"]
    nodes = {
        name: {"type": "Suspend", "phase": "Running", "displayName": name, "templateName": name}
        for name in ("nap", "ask")
    }
    packed = base64.b64encode(gzip.compress(json.dumps(nodes).encode())).decode()
    for status in ({"nodes": nodes}, {"compressedNodes": packed}):
        run = {"spec": spec, "status": status}
        assert engine.waiting(run) == {"ask": ["ask"]}
        changed = engine.released(run, ["ask"])["status"]
        left = {**run, "status": {**status, **changed}}
        if "nodes" in status:
            left["status"] = {
                "nodes": {**nodes, "ask": {**nodes["ask"], **changed["nodes"]["ask"]}}
            }
        assert not engine.waiting(left)
    assert CLUSTER_ENGINES.load("tekton").waiting({}) == {}


def test_steps_of_workflows_that_a_workflow_has_started_are_let_go_on_as_well(
    cluster: Cluster, server: FakeCluster
) -> None:
    asks = {"type": "Suspend", "phase": "Running", "displayName": "ask", "templateName": "ask"}

    def put(name: str, owner: str, *, is_done: bool = False) -> None:
        """A run of a part, as Argo's controller makes one of a workflow template."""
        labels = {"workflows.argoproj.io/completed": "true"} if is_done else {}
        owners = [{"uid": f"uid-{owner}"}] if owner else []
        metadata = {"name": name, "uid": f"uid-{name}", "labels": labels, "ownerReferences": owners}
        templates = [{"name": "ask", "suspend": {}}, {"name": "part", "resource": {}}]
        spec = {"workflowTemplateRef": {"name": "x"}} if owner else {"templates": templates}
        stored = {"storedWorkflowTemplateSpec": {"templates": templates}} if owner else {}
        status = {"phase": "Running", "nodes": {"n": dict(asks)} if owner else {}, **stored}
        server.state.put(
            "workflows", {"metadata": metadata, "spec": spec, "status": status}, "ADDED"
        )

    put("whole-r1", "")
    put("part-a", "whole-r1")
    put("part-of-a", "part-a")
    put("past", "whole-r1", is_done=True)
    put("others", "elsewhere")
    server.faults = [Fault("patch", status=409, message="the object has been modified")]
    engine = CLUSTER_ENGINES.load("argo")
    assert resume(cluster, engine, WORKFLOWS, "whole-r1", list) == ["ask"]
    objects = {name: each for (_, name), each in server.state.objects.items()}
    phases = {n: e["status"]["nodes"]["n"]["phase"] for n, e in objects.items() if n != "whole-r1"}
    assert phases == {
        "part-a": "Succeeded",
        "part-of-a": "Succeeded",
        "past": "Running",
        "others": "Running",
    }
    assert resume(cluster, engine, WORKFLOWS, "whole-r1", list) == []


@on_each_engine
def test_a_deleted_run_is_interrupted(engine: str, cluster: Cluster, store: Store) -> None:
    def listen(event: Event) -> None:
        if event.kind == "step_started":
            cluster.delete(KINDS[engine], "long-r1")

    report = followed(cluster, LONG, store, engine, listeners=[listen])
    assert report.outcome == "interrupted"


@on_each_engine
def test_a_missing_image_ends_a_run(engine: str, cluster: Cluster, store: Store) -> None:
    workflow = Workflow("lost", (step("pull", "true", image="missing/image"),))
    report = followed(cluster, workflow, store, engine, rules=Rules(grace=0))
    (failure,) = report.diagnostics
    assert failure.code == "E0779"
    assert "missing/image" in failure.label
    assert report.outcome == "failed"


REFUSALS: dict[str, tuple[str, list[Fault], str]] = {
    "E0771": ("lab", [Fault("post", status=503, times=99)], "503"),
    "E0772": (
        "lab",
        [Fault("post", status=403, message="not for you")],
        "kubectl auth can-i create",
    ),
    "E0773": ("nowhere", [], "kubectl create namespace nowhere"),
    "E0775": ("lab", [Fault("post", status=422, message="spec is odd")], "spec is odd"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_what_a_cluster_refuses_is_one_error_with_the_next_step(
    code: str, server: FakeCluster
) -> None:
    namespace, server.faults, told = REFUSALS[code]
    clock = iter(range(10_000))
    cluster = Cluster(
        access(namespace), Patience(20), sleep=lambda _: None, clock=lambda: next(clock)
    )
    with pytest.raises(SqlmlError) as caught:
        begun(cluster, ONE)
    assert [one.code for one in caught.value.diagnostics] == [code]
    assert told in str(caught.value)


def test_other_refusals(server: FakeCluster, tmp_path: Path) -> None:
    cluster = Cluster(access())
    server.faults = [
        Fault("post", status=401),
        Fault("post", status=404, message="404 page not found"),
    ]
    with pytest.raises(SqlmlError, match="does not know you"):
        begun(cluster, ONE)
    with pytest.raises(SqlmlError, match=r"does not know workflows\.argoproj\.io"):
        begun(cluster, ONE)
    with pytest.raises(SqlmlError, match="unknown field"):
        submit(cluster, {**manifest(ONE), "spec": {**manifest(ONE)["spec"], "tmplates": []}}, "r")
    server.faults = [Fault("get", "deaf", times=99)]
    clock = iter(range(10_000))
    silent = Cluster(access(), sleep=SLEPT.append, clock=lambda: next(clock))
    with pytest.raises(SqlmlError, match=r"does not answer after [2-9] attempts"):
        silent.get(WORKFLOWS, "any")
    with pytest.raises(SqlmlError, match="no usable") as caught:
        access(config_file=str(tmp_path / "nothing"))
    assert caught.value.diagnostics[0].code == "E0770"
    with pytest.raises(SqlmlError, match="with a context `there`"):
        access(context="there")
    for odd in ("{ a: [", "[1, 2]", "clusters: 3", ""):
        (tmp_path / "odd").write_text(odd)
        with pytest.raises(SqlmlError, match="no usable"):
            access(config_file=str(tmp_path / "odd"))


def test_couler_makes_workflow_and_secrets_once(server: FakeCluster) -> None:
    server.faults = [Fault("post", "lost", "secrets"), Fault("post", "lost", "workflows")]
    couler.create_secret({"password": "x"}, name="db")
    couler.run_container(image="alpine", command="echo", args=["hi"], step_name="hi")
    answer = couler.run(submitter=couler.ArgoSubmitter(namespace="lab"))
    assert len(server.state.runs) == 1
    kinds = sorted(kind for kind, _ in server.state.objects)
    assert kinds == ["secrets", "workflows"]
    couler.delete(answer["metadata"]["name"], namespace="lab")
    with pytest.raises(SqlmlError) as caught:
        couler.delete(answer["metadata"]["name"], namespace="lab")
    assert caught.value.diagnostics[0].code == "E0777"
    couler.create_secret({"password": "other"}, name="db")
    couler.run_container(image="alpine", command="echo", args=["hi"], step_name="hi")
    with pytest.raises(SqlmlError, match="another secret `db`"):
        couler.run(submitter=couler.ArgoSubmitter(namespace="lab"))


@on_each_engine
def test_logs_of_a_run_that_lasts(engine: str, cluster: Cluster, server: FakeCluster) -> None:
    workflow = Workflow("two", (step("quick", "echo first"), *LONG.nodes))
    run = placed(cluster, engine, begun(cluster, workflow, engine=engine))
    deadline = time.monotonic() + 120
    while not server.state.logs and time.monotonic() < deadline:
        time.sleep(0.02)
    assert logs_of(run, {"quick": "", "slow": "known"})["slow"] == "known"
    logs = logs_of(run, {"quick": "", "slow": ""})
    assert {name: text.rstrip() for name, text in logs.items()} == {"quick": "first", "slow": ""}
