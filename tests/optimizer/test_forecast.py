"""Forecasts and what became of them, against figures worked out by hand."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sqlml.optimizer.forecast import Forecast
from sqlml.optimizer.hindsight import Compared, hindsight
from sqlml.session import Session
from sqlml.source import Source
from sqlml.store.runs import Step

PROGRAM = """
CREATE TABLE t AS SELECT range AS a, range % 2 AS b FROM range(20);
SELECT * FROM t TO TRAIN xgboost.gbtree LABEL b INTO quick;
SELECT * FROM t TO TRAIN lightgbm.gbdt LABEL b INTO slow;
SELECT * FROM t TO PREDICT p.b USING quick;
"""
# By step: seconds, bytes, threads of an earlier run.
KNOWN = {
    "query": ("query", "t", 1.0, 0, 0),
    "train": ("train", "quick", 2.0, 100, 2),
    "train-2": ("train", "slow", 5.0, 300, 1),
    "predict": ("predict", "p", 4.0, 50, 1),
}


def told(known: Mapping[str, tuple[str, str, float, int, int]]) -> Forecast:
    with Session.open(db=":memory:") as session:
        run = session.store.runs.start("earlier")
        for number, (name, facts) in enumerate(known.items()):
            operation, target, seconds, size, threads = facts
            step = Step(name=name, number=number, operation=operation, target=target)
            ended = replace(
                step, started=10.0, finished=10.0 + seconds, peak_memory=size, threads=threads,
                outcome="succeeded",
            )  # fmt: skip
            session.store.runs.record(run, ended)
        return session.forecast(session.compile([Source("p", PROGRAM)]))


def test_time_memory_and_cores_are_added_up() -> None:
    found = told(KNOWN)
    assert found.critical_path == ("query", "train", "predict")
    assert found.seconds == pytest.approx(1 + 2 + 4)
    assert found.memory == 300 + 100  # both trainings; then the slow one and the predictions
    assert found.cpu_seconds == pytest.approx(1 + 2 * 2 + 5 + 4)
    assert found.samples == 1


def test_another_way_may_be_the_longest() -> None:
    found = told({**KNOWN, "train-2": ("train", "slow", 9.0, 300, 1)})
    assert found.critical_path == ("query", "train-2")
    assert found.seconds == pytest.approx(1 + 9)


def test_nothing_is_told_of_what_nobody_knows() -> None:
    found = told({})
    assert (found.seconds, found.memory, found.critical_path) == (None, None, ())


def test_a_run_is_compared_with_those_that_had_ended_before_it() -> None:
    with Session.open(db=":memory:") as session:
        runs = session.store.runs
        for began, seconds, size in [(100.0, 1.0, 70), (200.0, 3.0, 50), (300.0, 9.0, 10)]:
            run = runs.start(f"at {began}")
            step = Step(
                name="train", number=0, operation="train", target="m", static_hash="h",
                started=began, finished=began + seconds, peak_memory=size, outcome="succeeded",
            )  # fmt: skip
            runs.record(run, step)
        found = runs.find(run)
        assert found is not None
        assert list(hindsight(runs, replace(found, started=250.0))) == [
            Compared("train", 2.0, 9.0, 70, 10, 2)
        ]
        assert list(hindsight(runs, replace(found, started=50.0))) == [
            Compared("train", None, 9.0, None, 10, 0)
        ]
