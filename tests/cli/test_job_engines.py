"""Jobs that engines run, and files that are made jobs."""

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sqlml.cli.engine_jobs import _ANSWER
from sqlml.cli.job_run import _holds
from sqlml.cli.main import outcome
from sqlml.session import connect
from sqlml.store.jobs import Job, Jobs
from sqlml.store.ledger import Ledger
from tests.codegen.argo_interpreter import WorkflowRun

Sqlml = Callable[..., tuple[int, str, str]]
JOB = """CREATE JOB nightly
SCHEDULE '0 3 * * *', '30 12 * * 1' TIMEZONE 'Europe/Berlin'
AS BEGIN
  CREATE OR REPLACE TABLE t AS SELECT i AS x, i % 2 AS y FROM range(9) q(i);
  SELECT * FROM t TO TRAIN xgboost.gbtree LABEL y INTO m;
END;
"""
INNER = """
  CREATE OR REPLACE TABLE t AS SELECT i AS x, i % 2 AS y FROM range(9) q(i);
  SELECT * FROM t TO TRAIN xgboost.gbtree LABEL y INTO m;
"""
TWINS = """CREATE JOB a_b SCHEDULE '@daily' AS SELECT 1;
CREATE JOB "a-b" SCHEDULE '@daily' AS SELECT 2;
"""
PROGRAM = """CREATE TABLE t AS SELECT i AS x, i % 2 AS y FROM range(9) q(i);
CREATE JOB train SCHEDULE '0 3 * * *' TIMEZONE 'Asia/Tokyo' IF SELECT count(*) > 3 FROM t AS
SELECT * FROM t TO TRAIN xgboost.gbtree LABEL y INTO m;
SHOW JOBS;
CREATE JOB job SCHEDULE '@weekly' AS BEGIN
  SELECT * FROM t TO EVALUATE m INTO found;
  CREATE TABLE kept AS SELECT * FROM found;
END
"""


@pytest.fixture
def sqlml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Sqlml:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.sql").write_text(JOB)
    (tmp_path / "inner.sql").write_text(INNER)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = outcome(arguments)
        return code, *capsys.readouterr()

    return run


def steps_of(spec: Any) -> list[tuple[Any, list[str]]]:
    """What the steps of a workflow do, and what they wait for."""
    tasks = next(template for template in spec["templates"] if "dag" in template)["dag"]["tasks"]
    told = [task["arguments"]["parameters"] for task in tasks]
    steps = [next(p["value"] for p in given if p["name"] == "step") for given in told]
    return [
        (json.loads(step)["node"]["operation"], task.get("dependencies"))
        for step, task in zip(steps, tasks, strict=True)
    ]


def test_a_job_is_a_cron_workflow_of_its_program(sqlml: Sqlml) -> None:
    argo = ("--engine", "argo", "--store", "s3://b")
    cron = yaml.safe_load(sqlml("render", "job.sql", *argo)[1])
    assert (cron["kind"], cron["metadata"]["name"]) == ("CronWorkflow", "nightly")
    spec = cron["spec"]
    assert (spec["schedules"], spec["timezone"], spec["concurrencyPolicy"]) == (
        ["0 3 * * *", "30 12 * * 1"], "Europe/Berlin", "Forbid",
    )  # fmt: skip
    once = yaml.safe_load(sqlml("render", "inner.sql", *argo, "--set", "kind=Workflow")[1])["spec"]
    assert steps_of(spec["workflowSpec"]) == steps_of(once)


def test_a_job_is_a_dag_with_a_timetable(sqlml: Sqlml) -> None:
    dag = sqlml("render", "job.sql", "--engine", "airflow", "--store", "s3://b")[1]
    times = "'0 3 * * *', '30 12 * * 1', timezone='Europe/Berlin'"
    assert f"MultipleCronTriggerTimetable({times})" in dag
    assert "catchup=False" in dag


def test_every_job_is_a_file_and_so_is_what_the_program_says_besides(
    sqlml: Sqlml, tmp_path: Path
) -> None:
    (tmp_path / "job.sql").write_text(PROGRAM)
    there = ("--store", "s3://b", "--namespace", "lab", "--to", "made")
    code, out, err = sqlml("render", "job.sql", "--engine", "argo", *there)
    assert (code, out.split()) == (0, ["made/job-first.yaml", "made/train.yaml", "made/job.yaml"])
    assert err == "note: SHOW JOBS is left out: an engine shows its jobs itself (job.sql:4:1)\n"
    first, train, job = (yaml.safe_load(Path(name).read_text()) for name in out.split())
    assert first["kind"] == "Workflow"
    assert [told["sql"][:14] for told, _ in steps_of(first["spec"])] == ["CREATE TABLE t"]
    assert train["spec"]["timezone"] == "Asia/Tokyo"
    crons = [each["spec"]["workflowSpec"] for each in (train, job)]
    kinds = [[told["kind"] for told, _ in steps_of(spec)] for spec in crons]
    assert kinds == [["query", "train"], ["evaluate", "query"]]
    assert '{"kind":"model","name":"m"' in Path("made/job.yaml").read_text().replace('\\"', '"')
    assert sqlml("lint", *out.split())[0] == 0
    for engine in ("tekton", "airflow"):
        code, out, _ = sqlml("render", "job.sql", "--engine", engine, *there)
        assert (code, len(out.split())) == (0, 3)
    code, out, _ = sqlml("render", "job.sql", "--engine", "kfp", "--store", "s3://b")
    _, train, job = yaml.safe_load_all(out)
    assert train["pipelineInfo"]["description"] == (
        "To be made a recurring run at the times `0 0 3 * * *`, time zone Asia/Tokyo, "
        "with one run at a time."
    )
    assert "`0 @weekly`" not in job["pipelineInfo"]["description"]
    code, _, err = sqlml("run", "-c", TWINS, "--engine", "argo", "--store", "s3://b")
    assert code == 2
    assert "error[E0817]: two files for the engine would be called `a-b.yaml`" in err


def test_a_script_has_lines_for_cron(sqlml: Sqlml) -> None:
    code, text, err = sqlml("render", "-c", JOB, "--engine", "python")
    assert code == 0, err
    title = ast.get_docstring(ast.parse(text))
    assert title is not None
    told = ["0 3 * * * python nightly.py FILE.duckdb", "30 12 * * 1 python nightly.py FILE.duckdb"]
    assert [line.strip() for line in title.splitlines()[-2:]] == told
    assert "times of Europe/Berlin" in title


@pytest.mark.parametrize(
    ("engine", "program", "code", "place"),
    [
        ("argo", JOB.replace("12 * * 1", "12 * * 7"), "E0784", ":2:23"),
        ("argo", TWINS, "E0817", ":1:1"),
        ("airflow", "SHOW JOBS", "E0817", ":1:1"),
        ("argo", "SELECT 1; DROP JOB IF EXISTS j", "E0817", ":1:11"),
    ],
)
def test_what_an_engine_cannot_have_is_told_at_its_place(
    sqlml: Sqlml, engine: str, program: str, code: str, place: str
) -> None:
    rc, _, err = sqlml("render", "-c", program, "--engine", engine, "--store", "s3://b")
    assert rc == 2
    assert code in err
    assert f"<command>{place}\n" in err


def test_the_if_of_a_job_is_asked_first(sqlml: Sqlml, tmp_path: Path) -> None:
    """Of the steps that Argo is given, an interpreter runs those that it would run."""
    job = "CREATE JOB j SCHEDULE '0 3 * * *' IF {} AS CREATE TABLE made AS SELECT 1 AS a"
    worker = ("--worker", f"{sys.executable} -m sqlml step")
    for place, (asked, phase) in enumerate(
        [("SELECT count(*) > 3 FROM range(5)", "Succeeded"), ("SELECT 0.0", "Skipped")]
    ):
        store = ("--store", str(tmp_path / f"depot-{place}"))
        words = ("render", "-c", job.format(asked), "--engine", "argo", *worker, *store)
        code, text, err = sqlml(*words)
        assert code == 0, err
        cron = yaml.safe_load(text)
        once = {**cron, "kind": "Workflow", "spec": cron["spec"]["workflowSpec"]}
        run = WorkflowRun([once], tmp_path / f"run-{place}", {})
        assert run.run() == "Succeeded"
        assert [one.phase for one in run.nodes.values()] == ["Succeeded", phase]
        assert (tmp_path / f"depot-{place}" / "tables").exists() == (phase == "Succeeded")
    code, _, err = sqlml(*words, "--dialect", "postgres")
    assert code == 2
    assert "E0817" in err
    assert "in the dialect `postgres`" in err


ASKED = (
    "SELECT 1", "SELECT 0", "SELECT NULL", "SELECT TRUE", "SELECT FALSE", "SELECT 0.0",
    "SELECT 0.00::DECIMAL(5, 2)", "SELECT 'abc'", "SELECT '0'", "SELECT DATE '2020-01-01'",
    "SELECT 1 WHERE FALSE", "SELECT 0, 0", "SELECT 0 FROM range(2)", "SELECT [1]",
    "SELECT NULL::INT", "SELECT ''", "SELECT 1 AS a ORDER BY a LIMIT 3",
)  # fmt: skip


def test_if_is_answered_as_the_scheduler_answers_it() -> None:
    with connect(":memory:") as session:
        for asked in ASKED:
            job = Job("j", ("@daily",), "SELECT 1", condition=asked)
            table = session.database.table(_ANSWER.format(query=asked))
            assert table["answer"].to_pylist() == ["yes" if _holds(session, job) else "no"], asked


def test_a_file_becomes_a_job_of_its_database(sqlml: Sqlml, tmp_path: Path) -> None:
    Path("broken.sql").write_text("SELECT * FROM nowhere")
    Path("flow.py").write_text(
        "import sqlml\nwith sqlml.workflow('w') as flow:\n    flow.wait(1)\n"
    )
    words = ("schedule", "inner.sql", "--db", "x.duckdb")
    assert sqlml(*words, "--cron", "0 3 * * *")[:2] == (0, "job inner is kept: 0 3 * * *\n")
    zone = ("--timezone", "Asia/Tokyo")
    assert sqlml(*words, "-c", "SELECT 1 AS one", "--cron", "@daily", *zone)[0] == 0
    jobs = Jobs(Ledger(tmp_path / "x.duckdb.sqlml" / "store.sqlite"), lambda: 0.0)
    (job,) = jobs.all()
    assert (job.name, job.schedule, job.timezone) == ("inner", ("@daily",), "Asia/Tokyo")
    assert sqlml("plan", "--db", "x.duckdb", "-c", job.program)[0] == 0
    for said, code in [
        (("schedule", "broken.sql", "--db", "x.duckdb", "--cron", "@daily"), "E0301"),
        (("schedule", "job.sql", "--db", "x.duckdb", "--cron", "@daily"), "E0814"),
        (("schedule", "flow.py", "--db", "x.duckdb", "--cron", "@daily"), "E0813"),
        ((*words, "--cron", "0 3 * *"), "E0784"),
        ((*words, "--cron", "@daily", "--timezone", "Tokyo"), "E0784"),
        (("schedule", "-c", "-- nothing", "--name", "n", "--cron", "@daily"), "E0813"),
        (("schedule", "-c", "SELECT 1", "--cron", "@daily"), "--name"),
        ((*words, "--cron", "@daily", "--suspended"), "--engine"),
    ]:
        rc, _, err = sqlml(*said)
        assert rc == 2
        assert code in err
