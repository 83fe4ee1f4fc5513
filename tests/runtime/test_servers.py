"""Runs on Airflow and Kubeflow Pipelines: little servers that do wrong, and run what is given."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sqlml.cli.engine_run import told_of
from sqlml.codegen.engine import Options, render
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import SqlmlError
from sqlml.runtime import local
from sqlml.runtime.events import Event, StepSkipped, StepStarted
from sqlml.runtime.handed.follow import follow, logs_of
from sqlml.runtime.handed.patience import Caller, Patience
from sqlml.runtime.handed.run import EngineRun, Scheduler, Submitter
from sqlml.runtime.journal import Journal
from sqlml.runtime.programs.means import Means
from sqlml.runtime.report import RunReport
from sqlml.runtime.servers import SERVER_ENGINES
from sqlml.runtime.servers.airflow_tasks import printed, steps_of
from sqlml.store.store import Store
from sqlml.workflow.ir import (
    After,
    Container,
    ForEach,
    Item,
    Node,
    Output,
    Parameter,
    ParameterDeclaration,
    Take,
    Workflow,
)
from sqlml.workflow.policies import Schedule
from tests.codegen.test_kfp import KFP

from .cluster_server import FakeCluster, Fault, fake_cluster
from .little_airflow import AirflowHandler
from .little_kubeflow import KubeflowHandler
from .test_submit import MIXED, ONE, step, steps_told, summaries

HANDLERS = {"airflow": AirflowHandler, "kfp": KubeflowHandler}
on_each_engine = pytest.mark.parametrize("engine", sorted(HANDLERS))


@pytest.fixture
def place(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    """A server of the engine, whose address and whose user's name are in the environment."""
    with fake_cluster(HANDLERS[engine]) as server:
        (tmp_path / "dags").mkdir()
        server.folder = tmp_path / "dags"  # type: ignore[attr-defined]
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", server.url)
        monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path / "dags"))
        monkeypatch.setenv("SQLML_AIRFLOW_TOKEN", "ann")
        monkeypatch.setenv("KF_PIPELINES_ENDPOINT", f"{server.url}/")
        monkeypatch.setenv("SQLML_KFP_TOKEN", "t")
        SLEPT.clear()
        yield server
        (tmp_path / "gate").touch()


SLEPT: list[float] = []


def nap(seconds: float) -> None:
    SLEPT.append(seconds)
    time.sleep(0.02)


def slow(folder: Path) -> Workflow:
    """It goes on until the test ends."""
    wait = f"until [ -e '{folder}/gate' ]; do sleep 0.05; done"
    return Workflow("slow", (step("slow", wait), step("later", "echo x", after=(After("slow"),))))


def submitter(engine: str, **patience: float) -> Submitter:
    """That of the engine, which only naps between calls."""
    limits = Patience(**{"total": 60, "connect": 0.5, "answer": 0.5, **patience})
    kind = type(SERVER_ENGINES.load(engine))
    made: Submitter = kind(lambda: Caller(limits, sleep=nap))  # type: ignore[call-arg]
    return made


def handed(workflow: Workflow, engine: str, run: str = "r1", **settings: str) -> EngineRun:
    files = render(workflow, engine, Options())
    values = {"word": ["a", 1]} if workflow.parameters else {}
    offer = submitter(engine).offer(files, settings, "", values)
    return offer.find(run) or offer.submit(run, lambda _: None)


def followed(workflow: Workflow, engine: str, store: Store, listener: Any) -> RunReport:
    run = handed(workflow, engine)
    store.runs.begin("r1", workflow.name)
    told = told_of(workflow, engine)
    return follow(run, told, Journal(store, told, run="r1"), listeners=[listener])


def code_of(workflow: Workflow, engine: str, run: str = "r1", **settings: str) -> tuple[str, str]:
    with pytest.raises(SqlmlError) as caught:
        handed(workflow, engine, run, **settings)
    (fault,) = caught.value.diagnostics
    assert fault.hint
    return fault.code, fault.message


@on_each_engine
def test_a_run_on_a_server_tells_the_events_of_a_run_here(
    engine: str, place: FakeCluster, database: DuckDB, store: Store
) -> None:
    here: list[Event] = []
    local.run(MIXED, database, store, listeners=[here.append], means=Means("process"))
    events: list[Event] = []
    report = followed(MIXED, engine, store, events.append)
    assert told_first(steps_told(events)) == told_first(steps_told(here))
    assert summaries(events) == summaries(here)
    assert report.outcome == "failed"
    failure, own = report.diagnostics
    assert (failure.code, own.code, own.message) == ("E0778", "E0602", "no label")
    assert failure.label == "exit code 3"
    recorded = {one.name: one for one in store.runs.steps("r1")}
    assert "oops" in recorded["bad"].log
    reasons = {e.step: e.because for e in here if isinstance(e, StepSkipped)}
    assert {e.step: e.because for e in events if isinstance(e, StepSkipped)} == reasons
    assert store.runs.find("r1").outcome == "failed"  # type: ignore[union-attr]
    logs = logs_of(handed(MIXED, engine), {"coin": "", "bad": "known"})
    assert (logs["coin"].rstrip(), logs["bad"]) == ("heads", "known")


def told_first(told: dict[str, list[str]]) -> dict[str, list[str]]:
    """Without the beginnings of steps that are not run: who asks only now and then may see none."""
    return {name: kinds[-1:] for name, kinds in told.items()}


RUNS = "uns"  # of Kubeflow, and of a DAG
FAULTS = {
    "busy": [
        Fault("post", path=RUNS, status=429, headers={"Retry-After": "7"}),
        Fault("get", status=503),
    ],
    "lost": [Fault("post", "lost", RUNS), Fault("get", "lost", times=2)],
    "deaf": [Fault("post", "deaf", RUNS, times=2), Fault("get", "deaf")],
    "half": [Fault("post", "half", RUNS), Fault("get", "half", times=2)],
    "anything": [Fault("post", "half"), Fault("patch", "lost")],
}


@pytest.mark.parametrize("name", FAULTS)
@on_each_engine
def test_no_fault_loses_or_doubles_a_run(
    engine: str, name: str, place: FakeCluster, store: Store
) -> None:
    place.faults = [Fault(**vars(fault)) for fault in FAULTS[name]]
    assert followed(ONE, engine, store, lambda _: None).outcome == "succeeded"
    posts = place.count("post")
    assert handed(ONE, engine).run == "r1"
    assert (len(place.state.runs), place.count("post")) == (1, posts)
    assert store.runs.logs("r1")["only"].rstrip() == "done"
    assert name == "anything" or not any(fault.times for fault in place.faults)
    assert (name == "busy") == (7.0 in SLEPT)


@on_each_engine
def test_a_run_on_a_server_is_stopped(
    engine: str, place: FakeCluster, store: Store, tmp_path: Path
) -> None:
    workflow = slow(tmp_path)

    def listen(event: Event) -> None:
        if isinstance(event, StepStarted):
            assert handed(workflow, engine).stop()

    report = followed(workflow, engine, store, listen)
    assert {name: step.status for name, step in report.steps.items()} == {
        "slow": "interrupted",
        "later": "skipped",
    }
    assert report.outcome == "interrupted"
    assert not handed(workflow, engine).stop()


@on_each_engine
def test_values_of_parameters_are_given_with_the_run(engine: str, place: FakeCluster) -> None:
    say = Node("say", Container("alpine", ("echo", Take("w"))), {"w": Parameter("word")})
    asks = Workflow("asks", (say,), {"word": ParameterDeclaration("json", ())})
    run = handed(asks, engine)
    (*_, last) = run.moments(asks)
    assert last.log("say", last.steps["say"]).splitlines()[0] == '["a",1]'


@on_each_engine
def test_what_a_server_refuses_is_told_with_the_next_step(
    engine: str, place: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(verb: str, status: int) -> str:
        place.faults = [Fault(verb, status=status, path="uns", times=9)]
        return code_of(ONE, engine)[0]

    asked = [refused("get", status) for status in (302, 401, 403, 405, 422)]
    assert asked == ["E1103", "E1103", "E1103", "E1104", "E1105"]
    assert refused("post", 403) == "E1103"
    place.faults = []
    monkeypatch.setenv("SQLML_AIRFLOW_TOKEN", "other")
    monkeypatch.setenv("SQLML_KFP_TOKEN", "other")
    assert "does not know you" in code_of(ONE, engine)[1]
    for url in ("localhost:8080", "http://ann:secret@localhost:8080", "http://"):
        assert code_of(ONE, engine, server=url)[0] == "E1101"
    assert code_of(ONE, engine, server="http://127.0.0.1:9")[0] == "E1102"
    monkeypatch.delenv("AIRFLOW__API__BASE_URL")
    monkeypatch.delenv("KF_PIPELINES_ENDPOINT")
    assert code_of(ONE, engine)[0] == "E1101"
    assert place.state.runs == []


@pytest.mark.parametrize("engine", ["airflow"])
def test_airflow_knows_a_user_by_name_and_asks_again_when_a_token_is_over(
    engine: str, place: FakeCluster, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.delenv("SQLML_AIRFLOW_TOKEN")
    assert "Not authenticated" in told_by(ONE)
    monkeypatch.setenv("SQLML_AIRFLOW_USER", "ann")
    monkeypatch.setenv("SQLML_AIRFLOW_PASSWORD", "wrong")
    assert "Invalid credentials" in told_by(ONE)
    monkeypatch.setenv("SQLML_AIRFLOW_PASSWORD", "secret")
    place.faults = [Fault("get", path="taskInstances", status=401, message="Token Expired")]
    assert followed(ONE, engine, store, lambda _: None).outcome == "succeeded"
    assert place.requests.count("post /auth/token") == 3


def told_by(workflow: Workflow) -> str:
    with pytest.raises(SqlmlError) as caught:
        handed(workflow, "airflow")
    return caught.value.diagnostics[0].label


@pytest.mark.parametrize("engine", ["airflow"])
def test_airflow_has_the_file_as_it_is_and_others_stay(
    engine: str, place: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow, file = slow(tmp_path), tmp_path / "dags" / "slow.py"
    run = handed(workflow, engine)
    changed = replace(workflow, nodes=(*workflow.nodes, step("extra", "echo x")))
    assert code_of(changed, engine, run="r2") == (
        "E0776", "DAG `slow` is running as it was before the program changed"
    )  # fmt: skip
    assert "step_extra" not in file.read_text()
    assert handed(workflow, engine, "r2").run == "r2"
    assert [run.stop(), handed(workflow, engine, "r2").stop()] == [True, True]
    assert handed(changed, engine, "r3").run == "r3"
    assert "step_extra" in file.read_text()
    assert [path.name for path in file.parent.iterdir()] == ["slow.py"]
    file.write_text("import airflow\n")
    assert code_of(workflow, engine, run="r4")[0] == "E0776"
    assert file.read_text() == "import airflow\n"
    assert code_of(workflow, engine, dags=str(tmp_path / "nowhere"), run="r4")[0] == "E1106"
    broken = replace(workflow, name="lost module")
    assert "cannot read" in code_of(broken, engine)[1]
    monkeypatch.delenv("AIRFLOW__CORE__DAGS_FOLDER")
    assert code_of(ONE, engine) == ("E1106", "Airflow has no DAG `one` as this program is")


def recurring(place: FakeCluster, when: Schedule) -> list[Any]:
    """The recurring runs of Kubeflow, once those of these times are made."""
    runner = submitter("kfp")
    assert isinstance(runner, Scheduler)
    files = render(ONE, "kfp", Options())
    address = runner.schedule_runs(files, {}, "", when, lambda _: None, supply=lambda: None)
    kept = [one for (kind, _), one in place.state.objects.items() if kind == "recurringruns"]
    assert address == f"{place.url}/#/recurringrun/details/{kept[-1]['recurring_run_id']}"
    return kept


@pytest.mark.parametrize("engine", ["kfp"])
def test_times_become_recurring_runs_instead_of_those_that_were(place: FakeCluster) -> None:
    place.faults = [Fault("post", "lost", "recurringruns"), Fault("delete", "lost")]
    (first,) = recurring(place, Schedule(("@daily",), suspended=True))
    assert first["trigger"] == {"cron_schedule": {"cron": "@daily"}}
    assert (first["mode"], first["max_concurrency"]) == ("DISABLE", 10)
    later = recurring(place, Schedule(("0 3 * * *", "30 4 * * 1"), "UTC", "forbid"))
    assert [one["trigger"]["cron_schedule"]["cron"] for one in later] == [
        "0 0 3 * * *", "0 30 4 * * 1"
    ]  # fmt: skip
    assert {(one["mode"], one["max_concurrency"]) for one in later} == {("ENABLE", 1)}
    assert [fault.times for fault in place.faults] == [0, 0]
    with pytest.raises(SqlmlError, match="Asia/Tokyo") as caught:
        recurring(place, Schedule(("@daily",), "Asia/Tokyo"))
    assert caught.value.diagnostics[0].code == "E1107"


@pytest.mark.slow
@pytest.mark.skipif(not KFP.is_file(), reason="needs Kubeflow Pipelines' SDK: `make engines`")
@pytest.mark.parametrize("engine", ["kfp"])
def test_kubeflows_own_client_asks_what_we_ask_and_reads_what_we_read(
    engine: str, place: FakeCluster, tmp_path: Path, store: Store
) -> None:
    (text,) = render(ONE, engine, Options()).values()
    (tmp_path / "one.yaml").write_text(text)
    words = [KFP, "-W", "ignore", Path(__file__).with_name("kubeflow_client.py"), place.url]
    done = subprocess.run(
        [*words, tmp_path / "one.yaml", "one-r1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    ours = handed(ONE, engine)  # is the client's: it has the name that we would give it
    assert (told["state"], told["tasks"]["only"]) == ("SUCCEEDED", "SUCCEEDED")
    assert told["listed"] == [told["run"]] == [ours.inside]
    assert followed(ONE, engine, store, lambda _: None).outcome == "succeeded"
    handed(ONE, engine, "r2")
    their_times = place.state.objects["recurringruns", told["recurring"]]
    (own_times,) = recurring(place, Schedule(("0 3 * * *",), overlap="forbid"))
    theirs, own = (run.told for run in place.state.runs)
    sent = json.dumps(own["pipeline_spec"]).replace('{"enableCache": false}', "{}")
    assert json.loads(sent) == theirs["pipeline_spec"]  # protobuf leaves out what is false
    assert own["runtime_config"] == theirs["runtime_config"]
    assert own["experiment_id"] == theirs["experiment_id"]
    same = {"recurring_run_id": "", "pipeline_spec": {}, "runtime_config": {}}
    assert {**own_times, **same} == {**their_times, **same}
    named = {request.split("?")[0] for request in place.requests if "healthz" not in request}
    assert named - {f"get /apis/v1alpha1/runs/{ours.inside}/nodes/one-r1-only/log"} == {
        "get /apis/v2beta1/experiments", "post /apis/v2beta1/experiments",
        "get /apis/v2beta1/runs", "post /apis/v2beta1/runs",
        f"get /apis/v2beta1/runs/{ours.inside}",
        f"post /apis/v2beta1/runs/{ours.inside}:terminate",
        "get /apis/v2beta1/recurringruns", "post /apis/v2beta1/recurringruns",
        f"delete /apis/v2beta1/recurringruns/{told['recurring']}",
    }  # fmt: skip


def test_items_of_a_mapped_step_on_airflow_are_one_step() -> None:
    def task(index: int, state: str | None, began: str | None = "2026-11-22T13:25:31Z") -> Any:
        return {"task_id": "each", "map_index": index, "state": state, "try_number": 2,
                "start_date": began, "end_date": "2026-11-22T13:25:33Z"}  # fmt: skip

    each = Node("each", Container("x"), {"i": Item()}, loop=ForEach(Output("list", "items")))
    workflow = Workflow("mapped", (step("list", "echo"), each))
    listed = {**task(-1, "success"), "task_id": "list"}

    def state(*tasks: Any, stopped: str = "") -> str:
        return steps_of([listed, *tasks], workflow, stopped)["each"].state

    assert state(task(0, "success"), task(1, "success")) == "succeeded"
    assert state(task(0, "success"), task(1, "scheduled")) == "running"
    assert state(task(0, "success"), task(1, "failed")) == "failed"
    assert state(task(-1, None, None)) == "waiting"
    assert state(task(-1, "skipped", None)) == "succeeded"  # of an empty list
    assert state(task(0, "skipped"), task(1, "skipped")) == "skipped"
    assert state(task(0, "failed"), stopped="2026-11-22T13:25:32Z") == "interrupted"
    assert state(task(0, "failed"), stopped="2026-11-22T13:25:34Z") == "failed"
    (_, found) = steps_of([listed, task(0, "success")], workflow, "").values()
    assert (found.seconds, found.pods) == (2.0, ["0/1", "0/2"])


def test_the_log_of_a_pod_on_airflow_is_what_its_container_prints() -> None:
    pods = "airflow.providers.cncf.kubernetes.utils.pod_manager.PodManager"
    own = "airflow.task.operators.unusual_prefix_6b40d3_p.PodStep"
    lines = [
        {"event": "::group::Log message source details"},
        {"event": "Building pod step-x-1 with labels: {}", "logger": own},
        {"event": "The Pod has an Event: Started container base", "logger": pods},
        {"event": '[base] {"event": "step_failed", "diagnostics": []}', "logger": pods},
        {"event": "[base] oops", "logger": pods},
        {"event": "[base] sqlml-outputs: aGVhZHM=", "logger": pods},
        {"event": "[other] a sidecar", "logger": pods},
        {
            "event": "Task failed with exception",
            "logger": "task",
            "error_detail": [{"exc_type": "AirflowFailException", "exc_value": "x\nexit code 3"}],
        },
        "a line that is no JSON",
    ]
    assert [*printed(lines)] == [
        '{"event": "step_failed", "diagnostics": []}',
        "oops",
        "exit code 3",
        "a line that is no JSON",
    ]
