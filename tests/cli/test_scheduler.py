import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from sqlml.cli import due_jobs
from sqlml.cli.due_jobs import DueJobs, JobRun
from sqlml.cli.main import outcome
from sqlml.store.exclusive import exclusive
from sqlml.store.jobs import Job, Jobs
from sqlml.store.ledger import Ledger
from sqlml.store.store import Store

NOON = 1_704_110_400.0  # 1 January 2024, 12:00 UTC
MINUTE, HOUR = 60.0, 3600.0


class Day:
    """Jobs on a clock that only moves when somebody waits, or a run takes its time."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON
        self.begun: list[tuple[str, float]] = []
        self.takes: dict[str, float] = {}
        self.ends: dict[str, str] = {}
        self.until = NOON + HOUR + MINUTE
        self.on_wait: Callable[[], object] = lambda: None
        self.jobs = Jobs(Ledger(folder / "store.sqlite"), lambda: self.now)
        self.told: list[str] = []
        self.due = self.scheduler()

    def scheduler(self) -> DueJobs:
        return DueJobs(self.jobs, self.run, self.hear, clock=lambda: self.now, wait=self.wait)

    def hear(self, job: Job, done: JobRun) -> None:
        self.told.append(done.outcome)

    def put(self, name: str, *schedule: str, replaces: bool = False) -> None:
        assert self.jobs.put(name, "SELECT 1", schedule=schedule, replaces=replaces)

    def run(self, job: Job) -> JobRun:
        result = self.ends.get(job.name, "succeeded")
        if result != "blocked":
            assert self.jobs.begin(job)
            self.begun.append((job.name, (self.now - NOON) / MINUTE))
            self.now += self.takes.get(job.name, 0.0)
            self.jobs.end(job, result)
        return JobRun(result)

    def wait(self, seconds: float) -> None:
        assert 0 <= seconds <= due_jobs.LONGEST_WAIT
        self.now += max(seconds, 0.001)
        self.on_wait()
        if self.now >= self.until:
            self.due.stopping.set()


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tmp_path)


def test_each_job_runs_at_its_times(day: Day) -> None:
    day.put("often", "*/20 * * * *")
    day.put("once", "30 12 * * *")
    day.due.run_forever()
    assert [(name, round(at)) for name, at in day.begun] == [
        ("often", 20), ("once", 30), ("often", 40), ("often", 60),
    ]  # fmt: skip


def test_times_that_have_passed_meanwhile_count_once(day: Day) -> None:
    day.put("often", "*/5 * * * *")
    day.put("late", "1 12 * * *")
    day.now += 33 * MINUTE  # nobody was there
    assert len(day.due.run_due()) == 2
    assert day.begun == [("late", 33), ("often", 33)]
    assert day.due.run_due() == ()
    day.now += 2 * MINUTE
    assert len(day.scheduler().run_due()) == 1


def test_a_job_that_takes_long_is_not_begun_again_before_it_has_ended(day: Day) -> None:
    day.put("slow", "* * * * *")
    day.takes["slow"] = 10.5 * MINUTE
    day.due.run_forever()
    starts = [at for _, at in day.begun]
    assert starts[0] == 1
    assert all(second - first >= 10.5 for first, second in pairwise(starts))


def test_a_job_that_is_made_or_dropped_meanwhile_is_seen(day: Day) -> None:
    day.put("first", "10 12 * * *")

    def change() -> None:
        day.jobs.put("second", "SELECT 1", schedule=["5 12 * * *"])
        day.jobs.drop("FIRST")

    day.on_wait = change
    day.due.run_forever()
    assert [name for name, _ in day.begun] == ["second"]


def test_a_job_waits_while_another_process_has_the_database(day: Day) -> None:
    day.put("nightly", "10 12 * * *")
    day.ends["nightly"] = "blocked"

    def free() -> None:
        if day.now > NOON + 15 * MINUTE:
            day.ends.clear()

    day.on_wait = free
    day.due.run_forever()
    ((_, begun),) = day.begun
    assert 15 <= begun < 16
    assert day.told == ["blocked", "succeeded"]


def test_a_run_that_is_interrupted_ends_the_scheduler(day: Day) -> None:
    day.put("a", "1 12 * * *")
    day.put("b", "1 12 * * *")
    day.ends["a"] = "interrupted"
    day.due.run_forever()
    assert day.begun == [("a", 1)]


def test_a_job_that_was_replaced_before_it_began_does_not_begin(day: Day) -> None:
    day.put("a", "1 12 * * *")
    day.now += 2 * MINUTE
    (before,) = day.jobs.all()
    day.put("A", "0 0 * * *", replaces=True)
    assert not day.jobs.begin(before)


def test_a_job_that_died_counts_as_interrupted(day: Day, tmp_path: Path) -> None:
    day.put("a", "1 12 * * *")
    assert day.jobs.begin(day.jobs.all()[0])
    day.jobs.clear()
    ledger = Ledger(tmp_path / "store.sqlite")
    assert ledger.rows("SELECT outcome, finished FROM jobs") == [("interrupted", NOON)]


# --- the command --------------------------------------------------------------------------


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_due(folder: Path) -> None:
    """As if the jobs had been made long ago."""
    ledger = Ledger(folder / "x.duckdb.sqlml" / "store.sqlite")
    ledger.write("UPDATE jobs SET next = 1000")
    ledger.close()


PROGRAM = """
CREATE TABLE flowers AS SELECT i AS id, i % 10 AS petal, i % 3 AS species FROM range(300) t(i);
CREATE JOB nightly SCHEDULE '0 3 * * *' IF SELECT count(*) FROM flowers AS BEGIN
  SELECT petal, species FROM flowers TO TRAIN xgboost.gbtree WITH num_boost_round = 2
  LABEL species INTO m;
  SELECT * FROM flowers TO PREDICT guesses.species USING m;
END;
CREATE JOB idle SCHEDULE '@daily' IF SELECT count(*) FROM flowers WHERE id < 0 AS SELECT 1;
CREATE JOB empty SCHEDULE '@daily' IF SELECT * FROM flowers WHERE id < 0 AS SELECT 1;
CREATE JOB first SCHEDULE '@daily' IF SELECT id FROM flowers ORDER BY id AS SELECT 1;
CREATE JOB broken SCHEDULE '@daily' AS SELECT * FROM helper;
CREATE JOB failing SCHEDULE '@daily' AS SELECT error('no luck');
"""


def test_what_is_due_runs_once_and_is_recorded(
    there: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = ("run", "--db", "x.duckdb", "--output", "csv", "-q", "-c")
    assert outcome([*run, f"CREATE TABLE helper AS SELECT 1; {PROGRAM}"]) == 0
    assert outcome([*run, "DROP TABLE helper"]) == 0
    assert outcome(["scheduler", "--db", "x.duckdb", "--once"]) == 0
    make_due(there)
    capfd.readouterr()
    assert outcome(["scheduler", "--db", "x.duckdb", "--once"]) == 1
    told = capfd.readouterr().err
    for words in ("nightly succeeded in", "idle skipped (its IF says no)", "no luck", "`helper`"):
        assert words in told
    assert outcome(["scheduler", "--db", "x.duckdb", "--once"]) == 0
    capfd.readouterr()
    seen = "SELECT job, j.outcome, name FROM sqlml_jobs AS j LEFT JOIN sqlml_runs USING (run)"
    assert outcome([*run, f"{seen} ORDER BY job; SELECT count(*) FROM guesses; SHOW JOBS"]) == 0
    shown = capfd.readouterr().out.split()
    assert shown[:9] == [
        "job,outcome,name", "broken,failed,", "empty,skipped,", "failing,failed,failing",
        "first,succeeded,first", "idle,skipped,", "nightly,succeeded,nightly",
        "count_star()", "300",
    ]  # fmt: skip
    assert shown[9].startswith("job,schedule,timezone,next_run,last_run,outcome,run,message")


def test_two_schedulers_do_not_share_a_database(
    there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("x.duckdb").touch()
    store = Store.open(there / "x.duckdb.sqlml")
    with exclusive(store.folder / "scheduler.lock"):
        assert outcome(["scheduler", "--db", "x.duckdb", "--once"]) == 2
    store.close()
    told = capsys.readouterr().err
    assert "E0816" in told
    assert f"it is process {os.getpid()}" in told
    assert outcome(["scheduler", "--db", "x.duckdb", "--once"]) == 0


def test_jobs_need_a_database_in_a_file(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for db in (":memory:", "nowhere.duckdb"):
        assert outcome(["scheduler", "--db", db]) == 2
        assert "E0818" in capsys.readouterr().err
    assert not list(there.iterdir())


@contextmanager
def ending(process: "subprocess.Popen[str]") -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()


def test_a_scheduler_that_waits_leaves_the_database_to_others_and_ends_when_told(
    there: Path,
) -> None:
    assert outcome(["run", "--db", "x.duckdb", "-q", "-c", "CREATE TABLE t AS SELECT 1"]) == 0
    impatient = "from sqlml.cli import due_jobs, main; due_jobs.LONGEST_WAIT = 0.1; main.main()"
    words = [sys.executable, "-c", impatient, "scheduler", "--db", "x.duckdb"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process, ending(process):
        assert process.stderr is not None
        assert "0 jobs" in process.stderr.readline()
        program = "CREATE JOB j SCHEDULE '@daily' AS CREATE TABLE made AS SELECT 1;"
        assert outcome(["run", "--db", "x.duckdb", "-q", "-c", program]) == 0
        make_due(there)
        assert "j succeeded" in process.stderr.readline()
        assert outcome(["run", "--db", "x.duckdb", "-q", "-c", "SELECT * FROM made"]) == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
