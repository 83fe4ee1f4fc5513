"""Steps that run out of memory, for real, and are given more."""

from dataclasses import make_dataclass
from typing import Any

import pytest

from sqlml.runtime.events import StepRetried
from sqlml.runtime.machine import memory_limit
from sqlml.runtime.programs.means import Means
from sqlml.workflow.ir import Backoff, Node, Resources, Retry, Script

MIB = 2**20
PYTHON = ("python",)
AT_ONCE = Retry(4, ("resource",), Backoff(0.0))

# The kernel refuses what exceeds the address space that was given: a real MemoryError.
REFUSED = """
import os, resource
given = int(os.environ["SQLML_MEMORY"])
resource.setrlimit(resource.RLIMIT_AS, (given, given))
held = bytearray(300 << 20)
print(len(held) >> 20)
"""
HELD = """
import time
held = []
for _ in range(2):
    held.append(bytearray(b"x") * (100 << 20))
    time.sleep(0.5)
"""


def script(source: str, memory: int, **options: Any) -> Node:
    return Node("s", Script(source, command=PYTHON), resources=Resources(memory=memory), **options)


def given(run: Any, number: str) -> list[int]:
    """The bytes that the attempts of `s` in a run were given, the last one's included."""
    tables = [run.store.tables()[name]() for name in ("sqlml_attempts", "sqlml_steps")]
    return [row["memory"] for t in tables for row in t.to_pylist() if row["run"] == number]


def test_what_the_kernel_refuses_is_tried_again_with_twice_as_much(run: Any) -> None:
    report = run(script(REFUSED, 100 * MIB, retry=AT_ONCE))
    assert report.outcome == "succeeded"
    assert given(run, report.run) == [100 * MIB, 200 * MIB, 400 * MIB]
    assert {event.error for event in run.told(StepRetried)} == {"out-of-memory"}


def test_who_exceeds_a_limit_is_ended_lifted_and_learnt_from(run: Any) -> None:
    means = Means(limits_memory=True)
    report = run(script(HELD, 64 * MIB), means=means)
    assert report.outcome == "succeeded"
    first, *lifts = given(run, report.run)
    assert first == 64 * MIB
    assert lifts
    assert lifts[-1] > 200 * MIB
    (row,) = run.store.tables()["sqlml_utilisation"]().to_pylist()
    assert row["out_of_memory"] == len(lifts)
    assert row["requested_gb_hours"] > row["wasted_gb_hours"] > 0

    seen = run.store.tables()["sqlml_steps"]().to_pylist()[0]["peak_memory"]
    second = run(script(HELD, 64 * MIB), means=means)
    assert given(run, second.run)[1] == seen  # the largest seen comes first now


def test_a_request_is_no_limit_unless_the_user_wants_it_to_be_one(run: Any) -> None:
    assert run(script(HELD, 64 * MIB)).outcome == "succeeded"
    assert run.told(StepRetried) == []


@pytest.mark.parametrize("source", ["raise KeyError('x')", "import sys; sys.exit(3)"])
def test_no_other_failure_is_lifted(run: Any, source: str) -> None:
    report = run(script(source, 64 * MIB), means=Means(limits_memory=True))
    assert report.outcome == "failed"
    assert given(run, report.run) == [64 * MIB]


def test_nobody_is_given_more_than_the_machine_has(run: Any) -> None:
    endless = "held = []\nwhile True: held.append(bytearray(b'x') * (32 << 20))"
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28,) * 2)\n{endless}"
    report = run(script(limited, memory_limit()), means=Means(limits_memory=True))
    assert report.outcome == "failed"
    assert run.told(StepRetried) == []


def test_a_statement_in_a_worker_is_lifted_as_well(run: Any) -> None:
    """A worker holds more than 16 MiB before it does anything."""
    nap = make_dataclass("Nap", ["seconds"], frozen=True)(seconds=1.0)
    report = run(
        Node("s", nap, resources=Resources(memory=16 * MIB)), means=Means(limits_memory=True)
    )
    assert report.outcome == "succeeded"
    first, *lifts = given(run, report.run)
    assert first == 16 * MIB
    assert lifts[0] >= 32 * MIB
