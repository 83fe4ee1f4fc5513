"""The record of runs."""

import secrets
import threading
import time
from dataclasses import replace

import pytest

from sqlml.errors import ProgramError
from sqlml.store.runs import Step
from sqlml.store.store import Store


def train(number: int = 1, **known: object) -> Step:
    values = {"name": "train", "operation": "train", "target": "m", "outcome": "succeeded"}
    return Step(**{**values, "number": number, **known})  # type: ignore[arg-type]


def test_a_run_is_recorded_from_start_to_finish(store: Store) -> None:
    before = time.time()
    run = store.runs.start("iris.sql", "SELECT 1", resumed="ab12")
    found = store.runs.find(run)
    assert found is not None
    assert (found.name, found.program, found.resumed) == ("iris.sql", "SELECT 1", "ab12")
    assert found.outcome == "running"
    assert found.finished is None
    store.runs.finish(run, "succeeded")
    found = store.runs.latest()
    assert found is not None
    assert found.id == run
    assert found.outcome == "succeeded"
    assert before <= found.started <= (found.finished or 0) <= time.time()
    assert store.runs.find("none") is None


def test_ids_are_short_and_grow_when_they_are_taken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda size: "ab" * size)
    assert [store.runs.start("x") for _ in range(3)] == ["abab", "ababab", "abababab"]


def test_a_step_is_recorded_again_as_more_is_known(store: Store) -> None:
    run = store.runs.start("x")
    first = train(known={"rows": 5}, outputs={}, outcome="running", started=1.0, threads=2)
    store.runs.record(run, first)
    assert store.runs.steps(run) == (first,)
    last = train(
        known={"rows": 5},
        outputs={"model": "m@1"},
        started=1.0,
        finished=3.5,
        peak_memory=1 << 40,
        log="a\nb",
    )
    store.runs.record(run, last, train(0, name="first"))
    assert store.runs.steps(run) == (train(0, name="first"), last)
    store.runs.change(run, "train", {"outputs": {"model": "m@2"}, "log": "c", "finished": 4.0})
    store.runs.change(run, "none", {"finished": 9.0})
    changed = replace(last, outputs={"model": "m@2"}, log="c", finished=4.0)
    assert store.runs.steps(run) == (train(0, name="first"), changed)


def test_past_steps_of_a_target_are_told_oldest_first(store: Store) -> None:
    for turn, outcome in enumerate(["succeeded", "failed", "reused", "succeeded"]):
        run = store.runs.start("x")
        store.runs.record(
            run,
            train(static_hash=f"h{turn}", started=10.0, finished=10.5 + turn, outcome=outcome),
            train(name="other", target="n", started=1.0, finished=2.0),
        )
    assert store.runs.past("train", "m") == [("h0", 0.5, 0, 0), ("h3", 3.5, 0, 0)]
    assert store.runs.past("predict", "m") == []


def test_a_run_to_resume_tells_what_it_has_done(store: Store) -> None:
    run = store.runs.start("x")
    steps = [("a", "succeeded"), ("b", "reused"), ("c", "failed"), ("d", "skipped")]
    store.runs.record(
        run,
        *(
            train(number, name=name, outcome=outcome, static_hash=name * 2)
            for number, (name, outcome) in enumerate(steps)
        ),
    )
    assert store.runs.succeeded(run) == {"a": "aa", "b": "bb"}


def test_an_unknown_run_or_step_is_an_error_with_the_nearest(store: Store) -> None:
    with pytest.raises(ProgramError, match="nothing has run yet"):
        store.runs.succeeded("7f3a")
    run = store.runs.start("x")
    with pytest.raises(ProgramError, match=f"did you mean `{run}`"):
        store.runs.steps(run[:-1])
    with pytest.raises(ProgramError, match=f"the newest is `{run}`"):
        store.runs.succeeded("zzzz")
    store.runs.record(run, train(log="some words"))
    assert store.runs.logs(run) == store.runs.logs(run, "train") == {"train": "some words"}
    with pytest.raises(ProgramError, match="did you mean `train`") as raised:
        store.runs.logs(run, "trian")
    assert raised.value.diagnostics[0].code == "E0508"


def test_a_very_long_log_keeps_its_end(store: Store) -> None:
    run = store.runs.start("x")
    store.runs.record(run, train(log="a" * 1_000_000 + "the end"))
    log = store.runs.logs(run)["train"]
    assert log.endswith("the end")
    assert len(log) < 300_000


def test_threads_record_at_once(store: Store) -> None:
    run = store.runs.start("x")

    def work(thread: int) -> None:
        for number in range(50):
            store.runs.record(run, train(number, name=f"s-{thread}-{number}"))

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.runs.steps(run)) == 200
