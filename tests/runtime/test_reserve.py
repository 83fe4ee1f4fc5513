"""Idle workers are left to the next run, whichever session it is of."""

import os
from collections.abc import Callable, Iterator
from dataclasses import make_dataclass
from pathlib import Path
from typing import Any

import pytest

from sqlml.config import Settings, in_force
from sqlml.runtime.workers.pool import Pool
from sqlml.runtime.workers.process import Worker, worker_environment
from sqlml.runtime.workers.reserve import MOST, RESERVE, Reserve
from sqlml.workflow.ir import Node

Add = Callable[..., Worker]


@pytest.fixture
def reserve() -> Iterator[Reserve]:
    reserve = Reserve()
    yield reserve
    reserve.close()


@pytest.fixture
def add(reserve: Reserve) -> Add:
    """Puts a new worker into the reserve."""

    def make(**variables: str) -> Worker:
        worker = Worker({**worker_environment(1), **variables}, ())
        reserve.put(worker)
        return worker

    return make


def step(kind: str, name: str = "", **given: Any) -> Node:
    return Node(name or kind, make_dataclass(kind.title(), list(given))(**given), {})


def test_the_next_run_has_the_workers_of_the_last(run: Any) -> None:
    RESERVE.close()
    first, second = (run(step("chatter")).steps["chatter"].outcome.metrics for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("kind", "is_kept"), [("refuse", True), ("blunder", False)])
def test_a_worker_is_kept_after_a_refusal_but_not_after_a_bug(
    run: Any, kind: str, is_kept: bool
) -> None:
    RESERVE.close()
    metrics = run(step("chatter")).steps["chatter"].outcome.metrics
    assert run(step(kind)).outcome == "failed"
    again = run(step("chatter")).steps["chatter"].outcome.metrics
    assert (again == metrics) is is_kept


def test_relative_paths_mean_the_same_in_a_worker_that_was_kept(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        run(step("nap", seconds=0, touch="sign"))
        assert (tmp_path / name / "sign").exists()


def test_workers_of_another_environment_are_not_taken(reserve: Reserve, add: Add) -> None:
    worker = add(COLOUR="red")
    assert reserve.take(worker_environment(1)) is None
    assert reserve.take({**worker_environment(1), "COLOUR": "red"}) is worker
    worker.kill()
    worker.death()


def test_a_worker_that_was_told_other_settings_is_not_taken(reserve: Reserve) -> None:
    with in_force(Settings(containers="process", advisor="ask me")):
        environment = worker_environment(1)
        worker = Worker(environment, ())
        reserve.put(worker)
    told = environment["SQLML_CONTAINERS"], environment["SQLML_ADVISOR"]
    assert told == ("process", "ask me")
    assert reserve.take(worker_environment(1)) is None
    assert reserve.take(environment) is worker
    reserve.put(worker)


def test_a_worker_that_has_died_is_not_taken(reserve: Reserve, add: Add) -> None:
    worker = add()
    worker.kill()
    worker.death()
    assert reserve.take(worker_environment(1)) is None


def test_the_oldest_of_too_many_are_ended(add: Add) -> None:
    workers = [add() for _ in range(MOST + 1)]
    assert [worker.is_alive for worker in workers] == [False] + [True] * MOST


def test_workers_that_have_waited_long_are_ended(reserve: Reserve, add: Add) -> None:
    worker = add()
    reserve.close(60)
    assert worker.is_alive
    reserve.close()
    assert not worker.is_alive


def test_a_worker_that_may_know_an_older_file_of_the_users_is_not_taken(
    reserve: Reserve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLML_ZOO", str(tmp_path))
    file = tmp_path / "parts" / "mine.py"
    file.parent.mkdir()
    file.write_text("A = 1")
    worker = Worker(worker_environment(1), ())
    reserve.put(worker)
    assert reserve.take(worker_environment(1)) is worker
    reserve.put(worker)
    file.write_text("A = 2")
    os.utime(file, (1, 1))
    assert reserve.take(worker_environment(1)) is None


def test_busy_workers_are_ended_with_their_run(reserve: Reserve) -> None:
    pool = Pool(1, reserve)
    busy, idle = pool.lease(), pool.lease()
    pool.give_back(idle)
    pool.close()
    assert [worker.is_alive for worker in (busy, idle)] == [False, True]
    assert reserve.take(worker_environment(1)) is idle
    reserve.put(idle)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_process_that_was_forked_has_no_workers(reserve: Reserve, add: Add) -> None:
    add()
    child = os.fork()
    if not child:
        os._exit(0 if reserve.take(worker_environment(1)) is None else 1)
    assert os.waitpid(child, 0)[1] == 0
