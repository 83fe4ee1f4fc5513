"""`sqlml run --engine`, `log`, `cancel` and `schedule`, with a cluster whose pods are processes."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from sqlml.cli.main import outcome
from sqlml.session import connect

from .cluster_server import FakeCluster, Fault, fake_cluster
from .test_servers import HANDLERS

PROGRAM = "SELECT sum(2 * a) AS total FROM base"
Shown = tuple[int, str, str]


@pytest.fixture
def sqlml(
    server: FakeCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    monkeypatch.chdir(tmp_path)
    with connect(tmp_path / "x.duckdb") as session:
        session.run("CREATE TABLE base AS SELECT range AS a FROM range(10)")
    (tmp_path / "p.sql").write_text(PROGRAM)

    def run(*arguments: str) -> Shown:
        code = outcome(["--db" if word == "DB" else word for word in arguments])
        return code, *capsys.readouterr()

    return run


def on_argo(*more: str) -> list[str]:
    words = ["run", "p.sql", "--db", "x.duckdb", "--engine", "argo"]
    worker = f"{sys.executable} -m sqlml step"
    return [*words, "--store", str(Path("depot").absolute()), "--worker", worker, *more]


def test_a_program_runs_on_argo_and_gives_what_it_gives_here(
    sqlml: Any, server: FakeCluster, tmp_path: Path
) -> None:
    code, out, err = sqlml(*on_argo("--run-id", "nightly-1", "--output", "csv"))
    assert (code, out) == (0, "total\n90\n"), err
    posts = server.count("post")
    assert sqlml(*on_argo("--run-id", "nightly-1", "--output", "csv"))[:2] == (code, out)
    assert server.count("post") == posts
    assert len(server.state.runs) == 1
    code, out, _ = sqlml("show", "nightly-1", "--db", "x.duckdb")
    assert code == 0
    assert "succeeded" in out
    assert sqlml("cancel", "nightly-1", "--db", "x.duckdb")[1].endswith("had ended already\n")
    (tmp_path / "p.sql").write_text("SELECT error('no ' || count(*)) FROM base;")
    code, _, err = sqlml(*on_argo("--run-id", "nightly-2"))
    assert code == 1
    assert "no 10" in err
    assert "E0778" not in err
    code, out, _ = sqlml("log", "nightly-2", "--db", "x.duckdb")
    assert code == 0
    assert "no 10" in out


def test_a_model_is_trained_and_used_on_tekton_as_it_is_here(
    sqlml: Any, server: FakeCluster, tmp_path: Path
) -> None:
    (tmp_path / "p.sql").write_text("""
        SELECT a, a * a AS y FROM base TO TRAIN xgboost.gbtree
            WITH objective = 'reg:squarederror', train.num_boost_round = 3 LABEL y INTO squares;
        SELECT a FROM base TO PREDICT guesses.y USING squares;
        SELECT * FROM guesses ORDER BY a;
    """)
    tekton = ["--engine", "tekton", "--store", str(tmp_path / "depot")]
    words = [*on_argo("--run-id", "t1", "--json"), *tekton]
    code, there, _ = sqlml(*words)
    assert code == 0, there
    assert told_in(there) == told_in(sqlml("run", "p.sql", "--db", "x.duckdb", "--json")[1])
    assert told_in(sqlml(*words)[1]) == told_in(there)
    assert len(server.state.runs) == 1
    assert sqlml("cancel", "t1", "--db", "x.duckdb")[1].endswith("had ended already\n")
    assert "run `t1` was done on engine `tekton`" in sqlml(*on_argo("--run-id", "t1"))[2]


@pytest.mark.parametrize(("engine", "handler"), [*HANDLERS.items()])
def test_a_program_runs_on_a_server_of_an_engine_and_gives_what_it_gives_here(
    sqlml: Any, engine: str, handler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLML_AIRFLOW_TOKEN", "ann")
    with fake_cluster(handler) as server:
        server.folder = tmp_path  # type: ignore[attr-defined]
        place = ["--engine", engine, "--set", f"server={server.url}"]
        place += ["--set", f"dags={tmp_path}"] if engine == "airflow" else []
        words = [*on_argo("--output", "csv"), *place]
        code, out, err = sqlml(*words, "--run-id", "nightly-1")
        assert (code, out) == (0, "total\n90\n"), err
        posts = server.count("post")
        assert sqlml(*words, "--run-id", "nightly-1")[:2] == (code, out)
        assert (server.count("post"), len(server.state.runs)) == (posts, 1)
        assert "succeeded" in sqlml("show", "nightly-1", "--db", "x.duckdb")[1]
        assert sqlml("cancel", "nightly-1", "--db", "x.duckdb")[1].endswith("had ended already\n")
        page = re.compile(f"^{server.url}/(dags/(nightly|yearly)|#/recurringrun/details/1111-.*) ")
        times = ["--cron", "0 3 * * *", "--name", "nightly", "--suspended", "--store", "d"]
        code, out, err = sqlml("schedule", "p.sql", "--db", "x.duckdb", *times, *place)
        assert code == 0, err
        assert page.search(out), out
        assert out.endswith(" is scheduled: 0 3 * * *\n")
        if engine == "airflow":
            assert "CronTriggerTimetable('0 3 * * *'" in (tmp_path / "nightly.py").read_text()
            assert server.state.objects["dags", "nightly"]["is_paused"]
        job = "CREATE JOB yearly SCHEDULE '0 0 1 1 *' AS SELECT 1"
        code, out, err = sqlml("run", "-c", job, "--db", "x.duckdb", "--store", "d", *place)
        assert code == 0, err
        assert page.search(out), out
        assert out.endswith(" is scheduled: 0 0 1 1 *\n")
        gone = [key for key, one in server.state.objects.items() if "nightly-1" in str(one)]
        for key in gone:
            del server.state.objects[key]
        code, _, err = sqlml("cancel", "nightly-1", "--db", "x.duckdb")
        assert (code, err[6:11]) == (2, "E0777")


def test_the_steps_of_parts_that_are_runs_of_their_own_are_told_as_any(
    sqlml: Any, server: FakeCluster, tmp_path: Path
) -> None:
    (tmp_path / "p.sql").write_text("""
        CREATE TABLE doubled AS SELECT 2 * a AS b FROM base;
        SELECT sum(b) AS c FROM doubled;
    """)
    words = on_argo("--json", "--passes", "split{steps=1}", "--run-id", "parts-1")
    code, out, err = sqlml(*words)
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    ends = {e["step"]: e["event"] for e in events if e["event"].startswith("step_f")}
    assert ends == dict.fromkeys(("query", "query-2"), "step_finished")
    assert [kind for kind, _ in server.state.objects].count("workflows") == 3
    assert told_in(out)[-1] == [{"c": 90}]


def told_in(out: str) -> list[Any]:
    """What a run has told of its steps' ends, and its results."""
    events = [json.loads(line) for line in out.splitlines()]
    ends = [(e["step"], e["summary"], e["metrics"]) for e in events if "metrics" in e]
    return [*ends, *(event["rows"] for event in events if event["event"] == "result")]


def test_misuse_of_engines(sqlml: Any, tmp_path: Path) -> None:
    def error(*words: str) -> str:
        code, _, err = sqlml(*words)
        assert code == 2
        return str(err[6:11])

    base = ["run", "p.sql", "--db", "x.duckdb", "--engine"]
    assert error(*base, "argo") == "E0782"
    assert error(*base, "airflow", "--store", "depot") == "E1101"
    assert error(*on_argo("--run-id", "Not_Good")) == "E0781"
    assert sqlml("run", "-c", "SELECT 1", "--db", "x.duckdb")[0] == 0
    with connect(tmp_path / "x.duckdb") as session:
        run = session.store.runs.names()[-1]
    assert error(*on_argo("--run-id", run)) == "E0781"
    schedule = ["schedule", "p.sql", "--db", "x.duckdb", "--engine", "argo", "--cron"]
    assert error(*schedule, "daily at 3") == "E0784"
    assert error(*schedule, "0 3 * * *") == "E0782"
    assert error(*on_argo("--set", "kind=WorkflowTemplate")) == "E0780"
    assert error(*base, "kfp", "--store", "depot") == "E1101"
    assert error(*base, "python", "--store", "depot") == "E0780"
    assert error(*schedule[:5], "airflow", "--store", "d", "--cron", "0 3 * * *") == "E1101"
    assert error(*schedule[:5], "kfp", "--store", "d", "--cron", "0 3 * * *") == "E1101"
    assert error(*schedule[:5], "python", "--store", "d", "--cron", "0 3 * * *") == "E0780"
    on_tekton = [*schedule[:5], "tekton", "--store", "depot"]
    assert error(*on_tekton, "--cron", "0 3 * * *", "--cron", "0 5 * * *") == "E1077"
    assert error("cancel", run, "--db", "x.duckdb") == "E0783"


def test_a_program_is_scheduled_on_tekton(sqlml: Any, server: FakeCluster) -> None:
    base = ["--db", "x.duckdb", "--engine", "tekton", "--store", "depot", "--name", "nightly"]
    told = "cronjobs/nightly is scheduled{} in namespace lab: {}\n"
    for cron, anew in (("0 3 * * *", ""), ("30 4 * * *", " anew")):
        code, out, err = sqlml("schedule", "p.sql", *base, "--cron", cron)
        assert (code, out) == (0, told.format(anew, cron)), err
        assert server.state.objects["cronjobs", "nightly"]["spec"]["schedule"] == cron
    made = {kind for kind, _ in server.state.objects}
    assert made == {
        "configmaps", "pipelines", "serviceaccounts", "roles", "rolebindings", "cronjobs"
    }  # fmt: skip


def test_a_program_is_scheduled_and_scheduled_anew(
    sqlml: Any, server: FakeCluster, tmp_path: Path
) -> None:
    base = ["--db", "x.duckdb", "--engine", "argo", "--store", "depot"]
    words = ["schedule", "p.sql", *base, "--name", "nightly"]
    code, out, err = sqlml(*words, "--cron", "0 3 * * *")
    assert (code, out) == (
        0,
        "cronworkflows/nightly is scheduled in namespace lab: 0 3 * * *\n",
    ), err
    server.faults = [Fault("patch", status=409)]
    assert "scheduled anew" in sqlml(*words, "--cron", "30 4 * * *")[1]
    there = server.state.objects["cronworkflows", "nightly"]
    assert there["spec"]["schedules"] == ["30 4 * * *"]
    assert there["spec"]["workflowSpec"]["entrypoint"]
    (tmp_path / "p.sql").write_text("""CREATE TABLE made AS SELECT * FROM base;
        CREATE JOB one SCHEDULE '5 5 * * *' AS SELECT * FROM base;
        CREATE JOB two SCHEDULE '6 6 * * *' AS SELECT * FROM made;""")
    code, out, err = sqlml(*on_argo())
    told = "cronworkflows/{0} is scheduled in namespace lab: {1} {1} * * *\n"
    assert (code, out) == (0, told.format("one", 5) + told.format("two", 6)), err
    assert (tmp_path / "depot/tables/made.parquet").exists()
    job = "CREATE JOB nightly SCHEDULE '45 5 * * *' AS SELECT 1"
    assert "nightly is scheduled anew" in sqlml("run", *base, "-c", job)[1]
    there = server.state.objects["cronworkflows", "nightly"]
    assert there["spec"]["schedules"] == ["45 5 * * *"]
