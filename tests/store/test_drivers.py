"""Who drives a run, and what becomes of the runs of drivers that were killed."""

import subprocess
import sys
from dataclasses import replace

import pytest

from sqlml.errors import ProgramError
from sqlml.store.drivers import RECOVERED
from sqlml.store.processes import Process
from sqlml.store.runs import Step
from sqlml.store.store import Store


def ended() -> Process:
    """A process that was there."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    known = replace(Process.own(), number=process.pid)
    process.wait()
    return known


def test_a_process_is_not_taken_for_another_of_its_number() -> None:
    own = Process.own()
    assert own.is_running
    assert not replace(own, began=own.began - 1).is_running
    assert not ended().is_running
    assert replace(own, host="elsewhere", number=1).is_running


def test_a_run_that_is_being_done_is_not_gone_on_from(store: Store) -> None:
    first = store.runs.start("x", driver=Process.own())
    with pytest.raises(ProgramError, match="E0870") as caught:
        store.runs.start("x", resumed=first)
    assert str(Process.own().number) in str(caught.value)
    store.runs.finish(first, "failed")
    second = store.runs.start("x", resumed=first, driver=Process.own())
    with pytest.raises(ProgramError, match=f"E0870(?s:.)*{second}"):
        store.runs.start("x", resumed=first)
    store.runs.finish(second, "failed")
    with pytest.raises(ProgramError, match=f"E0871(?s:.)*--resume {second}"):
        store.runs.start("x", resumed=first)
    assert store.chains.of(first) == store.chains.of(second) == (second, first)


def test_what_a_killed_driver_has_done_is_written_down(store: Store) -> None:
    run = store.runs.start("x", driver=ended())
    alive = store.runs.start("y", driver=Process.own())
    steps = [
        Step(name=name, number=i, operation="query", outcome="running")
        for i, name in enumerate(["told", "marked", "cut"])
    ]
    store.runs.record(run, *steps)
    store.drivers.receipt(run, "told", {"model": "m@1"})
    assert store.drivers.dead() == (run,)
    store.drivers.bury(run, ["marked"])
    found = {step.name: (step.outcome, step.key, step.outputs) for step in store.runs.steps(run)}
    assert found == {
        "told": ("succeeded", RECOVERED, {"model": "m@1"}),
        "marked": ("succeeded", RECOVERED, {}),
        "cut": ("interrupted", "", {}),
    }
    known = store.runs.find(run)
    assert known is not None
    assert known.outcome == "interrupted"
    assert store.drivers.dead() == ()
    assert store.drivers.living() == {alive}
