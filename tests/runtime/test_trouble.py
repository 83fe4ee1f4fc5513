"""Processes killed, interrupted or out of memory: nothing is left behind, nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import make_dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sqlml.databases.database import QueryProblem
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.trouble import ForeignBug, decode, diagnose, encode
from sqlml.store.store import Store
from sqlml.workflow.ir import Node, Relation

PLUGIN = Path(__file__).parent / "plugin"
ROWS = Relation("SELECT * FROM t", stable=True)


def step(kind: str, inputs: dict[str, Any] | None = None, **given: Any) -> Node:
    return Node(kind, make_dataclass(kind.title(), list(given))(**given), inputs or {})


def wait_for(condition: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def is_running(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_worker_killed_from_outside_is_taken_for_out_of_memory(run: Any, tmp_path: Path) -> None:
    sign = tmp_path / "sign"

    def kill() -> None:
        process = wait_for(lambda: sign.exists() and sign.read_text()).split()[0]
        time.sleep(0.3)  # so that its memory has been looked at
        os.kill(int(process), signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    report = run(step("nap", seconds=60, touch=str(sign)))
    killer.join()
    (diagnostic,) = report.diagnostics
    assert diagnostic.code == "E0620"
    assert "killed" in diagnostic.message
    assert "MiB of" in diagnostic.message
    assert report.steps["nap"].peak_memory > 20 << 20
    (recorded,) = run.store.runs.steps(report.run)
    assert (recorded.outcome, recorded.code) == ("failed", "E0620")


def test_a_worker_killed_while_it_writes_leaves_the_old_table(run: Any, tmp_path: Path) -> None:
    sign = tmp_path / "sign"

    def kill() -> None:
        process = wait_for(lambda: sign.exists() and sign.read_text()).split()[0]
        os.kill(int(process), signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    report = run(step("crawl", {"rows": ROWS}, column="a", touch=str(sign), into="t"))
    killer.join()
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["E0620"]
    found = run.database.table("SELECT count(*), count(b) FROM t")
    assert [column.to_pylist() for column in found.columns] == [[200_000], [200_000]]


def test_what_a_dead_worker_had_started_dies_with_it(run: Any, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    run(step("litter", touch=str(sign)))
    wait_for(lambda: not is_running(int(sign.read_text())))


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"signal_number": int(signal.SIGSEGV)}, "E0621", "signal 11 (SIGSEGV)"),
        ({"code": 3}, "E0621", "exit code 3"),
        ({"code": 137}, "E0620", "for lack of memory"),
    ],
)
def test_a_death_is_told_by_its_cause(
    run: Any, given: dict[str, int], code: str, words: str
) -> None:
    report = run(step("die", **given))
    (diagnostic,) = report.diagnostics
    assert diagnostic.code == code
    assert words in diagnostic.message
    assert "last words" in run.store.runs.logs(report.run)["die"]


def test_asking_for_more_memory_than_allowed_is_out_of_memory(run: Any) -> None:
    report = run(step("swell", megabytes=1024))
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["E0620"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", ["nap", "crawl", "query"])
def test_an_interrupted_run_ends_at_once_and_leaves_nothing_behind(
    database: DuckDB, tmp_path: Path, kind: str, number: signal.Signals
) -> None:
    driver, sign = start_driver(database, tmp_path, kind)
    process, folder = wait_for(lambda: sign.exists() and sign.read_text()).split()
    time.sleep(0.2)
    driver.send_signal(number)
    output, errors = driver.communicate(timeout=50)  # the step would have taken a minute
    assert driver.returncode == 130, errors
    words = output.split()
    assert words[0] == "interrupted"
    assert "first:interrupted" in words
    assert not is_running(int(process))
    assert not Path(folder).exists()
    check_database(tmp_path)
    store = Store.open(tmp_path / "test.duckdb.sqlml")
    assert store.runs.latest().outcome == "interrupted"
    assert list((store.folder / "scratch").iterdir()) == []
    store.close()


def test_workers_of_a_killed_driver_end_by_themselves(database: DuckDB, tmp_path: Path) -> None:
    driver, sign = start_driver(database, tmp_path, "crawl")
    process, folder = wait_for(lambda: sign.exists() and sign.read_text()).split()
    driver.kill()
    driver.communicate()
    wait_for(lambda: not is_running(int(process)))
    check_database(tmp_path)
    assert Path(folder).exists()
    driver, sign = start_driver(None, tmp_path, "nap")
    wait_for(sign.exists)
    assert not Path(folder).exists(), "the next run removes what a killed one has left"
    driver.send_signal(signal.SIGINT)
    driver.communicate()


def start_driver(
    database: DuckDB | None, tmp_path: Path, kind: str
) -> tuple[subprocess.Popen[str], Path]:
    """A driver in a process of its own, on the test's database; a file that shows it has begun."""
    if database is not None:
        database.close()  # one process at a time can write
    sign = tmp_path / f"sign-{kind}"
    driver = subprocess.Popen(
        [sys.executable, PLUGIN / "long_run.py", tmp_path / "test.duckdb", sign, kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
    )
    return driver, sign


def check_database(tmp_path: Path) -> None:
    """The database can be opened and has the old table."""
    database = DuckDB.open(tmp_path / "test.duckdb")
    assert database.table("SELECT count(b) FROM t").column(0).to_pylist() == [200_000]
    database.close()


def test_errors_that_users_can_mend_travel_with_all_they_say() -> None:
    error = StepError(
        Diagnostic("E0499", "m", label="l", hint="h", about="a"), Diagnostic("E1", "n")
    )
    found = decode(encode(error))
    assert isinstance(found, StepError)
    assert found.diagnostics == error.diagnostics


def test_bugs_travel_with_their_traceback() -> None:
    found = decode(encode(ZeroDivisionError("x / 0")))
    assert isinstance(found, ForeignBug)
    assert "ZeroDivisionError: x / 0" in str(found)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "E0620"),
        (RuntimeError("std::bad_alloc"), "E0620"),
        (OSError(28, "No space left on device", "/x"), "E0622"),
        (QueryProblem("no such function", hint="nearest"), "E0623"),
    ],
)
def test_known_troubles_have_codes(error: Exception, code: str) -> None:
    diagnostics = diagnose(error)
    assert diagnostics is not None
    assert diagnostics[0].code == code


def test_anything_else_is_a_bug() -> None:
    assert diagnose(KeyError("x")) is None
