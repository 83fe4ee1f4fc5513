"""TO RUN from one end to the other, and what docs/running-programs.md says of it."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from sqlml.errors import StepError
from sqlml.session import Session
from sqlml.source import Source

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "running-programs.md").read_text("utf-8")
PYTHON, OTHER_PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
SQL, SQL_OF_IMAGE = re.findall(r"^```sql\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
CUSTOMERS = f"CREATE OR REPLACE TABLE customers AS FROM '{ROOT}/examples/data/customers.csv'"


def steps(session, run):
    """The outcomes of a run's steps, by name."""
    return {step.name: step.outcome for step in session.store.runs.steps(run)}


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In an empty folder, with the table `customers`."""
    monkeypatch.chdir(tmp_path)
    Path("tools").mkdir()
    with Session.open(db="shop.duckdb") as session:
        session.run(CUSTOMERS)
        yield session


def test_the_page_shows_what_works(session):
    Path("tools/per_call.py").write_text(PYTHON)
    shown = session.run(SQL).to_arrow().to_pylist()
    by_hand = session.run(
        "SELECT plan, round(avg(bill / (calls + 1)), 2) AS per_call FROM customers"
        " WHERE bill IS NOT NULL GROUP BY plan ORDER BY per_call"
    )
    assert shown == by_hand.to_arrow().to_pylist()
    Path("tools/per_call.py").write_text(OTHER_PYTHON)
    session.run(SQL.partition(";")[0])
    counted = session.run("SELECT count(*) AS n, min(calls) AS least FROM prepared").to_arrow()
    assert counted.to_pylist()[0]["least"] == 4
    (node,) = session.compile([Source("image.sql", SQL_OF_IMAGE)]).workflow.nodes
    assert node.operation.in_image


def test_a_program_runs_every_time_and_a_ready_made_one_once(session):
    Path("tools/count.py").write_text(
        "from sqlml import runnable; open('times', 'a').write('x');"
        "runnable.write('made', runnable.rows())"
    )
    text = (
        "FROM customers TO RUN tools/count.py INTO made;"
        "FROM made TO RUN split INTO train, test;"
        "FROM made TO RUN psi CMD '--columns=bill', '--reference=customers' INTO drift;"
        "FROM made TO RUN sample CMD '--rows=2'"
    )

    def statuses():
        return list(steps(session, session.run(text).run).values())

    assert statuses() == ["succeeded"] * 4
    assert statuses() == ["succeeded", "reused", "reused", "reused"]
    assert Path("times").read_text() == "xx"
    session.run("UPDATE customers SET bill = 0")
    assert statuses() == ["succeeded"] * 4
    session.run("DROP TABLE test")
    assert statuses() == ["succeeded", "succeeded", "reused", "reused"]


def test_only_resume_does_not_repeat_a_program_that_has_succeeded(session):
    Path("tools/count.py").write_text(
        "from sqlml import runnable; open('times', 'a').write('x');"
        "runnable.write('made', runnable.rows())"
    )
    text = (
        "FROM customers TO RUN tools/count.py INTO made;"
        "SELECT CASE WHEN id > ${most} THEN error('no') END AS a FROM made"
    )
    with pytest.raises(StepError):
        session.run(text, variables={"most": "10"})
    (run,) = (found for found in session.store.runs.names() if "run" in steps(session, found))
    again = session.run(text, variables={"most": "1000000"}, resume=run).run
    assert steps(session, again) == {"run": "reused", "query": "succeeded"}
    assert Path("times").read_text() == "x"


def test_a_file_that_a_program_changes_is_read_again(session):
    Path("n.csv").write_text("n\n1\n")
    text = (
        "CREATE OR REPLACE TABLE before AS FROM 'n.csv';"
        "SELECT 1 TO RUN sh CMD '-c', 'echo $(date +%N) >> n.csv';"
        "CREATE OR REPLACE TABLE behind AS FROM 'n.csv'"
    )
    for rows in (2, 3):
        session.run(text)
        counted = session.run(
            "SELECT (SELECT count(*) FROM before) AS before,"
            " (SELECT count(*) FROM behind) AS behind"
        )
        assert counted.to_arrow().to_pylist() == [{"before": rows - 1, "behind": rows}]
    told = session.forecast(session.compile([Source("t.sql", text)]))
    assert [step.why for step in told.steps][1:] == [
        "runs every time: a program may do anything",
        "run changes",
    ]


def test_lineage_names_what_was_read_and_made(session):
    run = session.run("FROM customers TO RUN deduplicate CMD '--keys=plan' INTO plans").run
    found = session.database.table(f"FROM sqlml_lineage WHERE run = '{run}'").to_pylist()
    assert {"customers", "plans"} <= {value for row in found for value in row.values()}


def test_a_failing_program_leaves_its_words_in_the_log_and_the_table_as_it_was(session):
    session.run("CREATE TABLE made AS SELECT 1 AS a")
    Path("tools/fail.py").write_text(
        "from sqlml import runnable; runnable.write('made', {'a': [2]}); print('so far'); 1 / 0"
    )
    with pytest.raises(StepError, match="ZeroDivisionError"):
        session.run("FROM customers TO RUN tools/fail.py INTO made; FROM made")
    assert session.run("FROM made").to_arrow().to_pylist() == [{"a": 1}]
    (run,) = (found for found in session.store.runs.names() if "run" in steps(session, found))
    log = session.store.runs.logs(run, "run")["run"]
    assert "so far" in log
    assert "ZeroDivisionError" in log


def test_programs_run_where_statements_share_one_connection(session):
    Path("tools/same.py").write_text(
        "from sqlml import runnable; runnable.write('made', runnable.rows())"
    )
    results = session.run(
        "BEGIN; CREATE TEMP TABLE few AS FROM customers LIMIT 3;"
        "FROM few TO RUN tools/same.py INTO made; FROM made TO RUN split INTO train, test; COMMIT;"
        "SELECT (SELECT count(*) FROM train) + (SELECT count(*) FROM test) AS n"
    )
    assert results[-1].to_arrow().to_pylist() == [{"n": 3}]


def test_drawn_rows_are_the_same_in_all_parts(session):
    text = "FROM customers ORDER BY random() LIMIT 500 TO RUN split INTO train, test"
    session.run(text)
    found = session.run("SELECT count(DISTINCT id) AS n FROM (FROM train UNION ALL FROM test)")
    assert found.to_arrow().to_pylist() == [{"n": 500}]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ending_sqlml_ends_the_program_and_what_it_has_started(tmp_path, monkeypatch, number):
    monkeypatch.chdir(tmp_path)
    Path("tools").mkdir()
    Path("tools/wait.sh").write_text(
        "#!/bin/sh\nsleep 600 &\necho $$ $! > pids.new\nmv pids.new pids\nwait\n"
    )
    Path("tools/wait.sh").chmod(0o755)
    text = "SELECT 1 AS a TO RUN tools/wait.sh INTO made"
    command = [sys.executable, "-m", "sqlml", "run", "--db", "shop.duckdb", "-c", text]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not Path("pids").exists():
        assert process.poll() is None
        time.sleep(0.02)
    started = [psutil.Process(int(pid)) for pid in Path("pids").read_text().split()]
    os.kill(process.pid, number)
    _, told = process.communicate(timeout=120)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert ("interrupted" in told) == (number == signal.SIGINT)
    for one in started:
        wait_for_end(one)


def wait_for_end(process: psutil.Process) -> None:
    deadline = time.monotonic() + 120
    with suppress(psutil.NoSuchProcess):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.02)
