"""Which failures are followed by another attempt, how many, and when."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.cli.lines import again as told_again
from sqlml.databases.duckdb import DuckDB
from sqlml.runtime.events import StepFailed, StepFinished, StepRetried
from sqlml.runtime.retry import decide, wait
from sqlml.workflow.error_kinds import ERROR_KINDS, kind_of
from sqlml.workflow.ir import (
    Backoff,
    Call,
    Comparison,
    Constant,
    ForEach,
    Item,
    Node,
    Output,
    OutputDeclaration,
    Query,
    Repeat,
    Retry,
    Script,
    Take,
    Train,
    Workflow,
)

SCRIPT = Node("s", Script("exit 1"))
TRAIN = Node("t", Train("e", {}, {}, {}, (), "m"))
AT_ONCE = Backoff(0.0)
RESULT = (OutputDeclaration("result", "parameter"),)


@pytest.fixture
def database() -> Iterator[DuckDB]:
    """An empty one in memory."""
    database = DuckDB.open(":memory:")
    yield database
    database.close()


def attempts(node: Node, policy: Retry | None, text: str) -> int:
    """How many attempts there are if all fail with that text."""
    kind = kind_of(text)
    number = 1
    while decide(node, policy, number, kind, chance=lambda: 0.0) is not None:
        number += 1
    return number


def test_a_policy_says_which_errors_and_how_often() -> None:
    transient, full = "connection reset by peer", "OOMKilled"
    assert attempts(SCRIPT, None, transient) == 1  # a program may have done half of its work
    assert attempts(SCRIPT, Retry(2), transient) == 3
    assert attempts(SCRIPT, Retry(2), full) == 3
    assert attempts(SCRIPT, Retry(2, ("transient",)), full) == 1
    assert attempts(SCRIPT, Retry(2, ("out-of-memory",)), full) == 3
    assert attempts(SCRIPT, Retry(2, ("dns",)), transient) == 1
    assert attempts(SCRIPT, Retry(2), "ValueError: x") == 1
    assert attempts(SCRIPT, Retry(2, ("any",)), "ValueError: x") == 3
    assert attempts(SCRIPT, Retry(0, ("any",)), "ValueError: x") == 1


def test_statements_are_tried_again_by_themselves_after_transient_errors() -> None:
    conflict = "TransactionContext Error: Catalog write-write conflict on create"
    assert attempts(TRAIN, None, conflict) == 1 + ERROR_KINDS["serialization"].limit
    assert attempts(TRAIN, None, "OOMKilled") == 1
    assert attempts(TRAIN, None, "Binder Error: no such column") == 1
    assert attempts(Node("q", Query("BEGIN", session=True)), None, conflict) == 1
    assert attempts(TRAIN, Retry(1), conflict) == 2


@given(
    limit=st.integers(0, 6),
    on=st.sets(st.sampled_from(["transient", "resource", "any", "dns", "gpu"])),
    kind=st.sampled_from([None, *ERROR_KINDS.values()]),
    node=st.sampled_from([SCRIPT, TRAIN]),
    asked=st.booleans(),
)
def test_never_more_attempts_than_the_limit_and_none_for_a_users_error(
    limit: int, on: set[str], kind: Any, node: Node, asked: bool
) -> None:
    policy = Retry(limit, tuple(sorted(on))) if asked else None
    most = limit if asked else (kind.limit if kind else 0)
    number = 1
    while decide(node, policy, number, kind) is not None:
        number += 1
        assert number <= most + 1
    if kind is not None and kind.category == "user":
        assert number == 1


@given(
    seconds=st.floats(0, 1e6),
    factor=st.floats(1, 1e6),
    longest=st.none() | st.floats(0, 1e6),
    attempt=st.integers(1, 2000),
    chance=st.floats(0, 1),
)
def test_waits_grow_up_to_the_longest_and_leave_half_to_chance(
    seconds: float, factor: float, longest: float | None, attempt: int, chance: float
) -> None:
    backoff = Backoff(seconds, factor, longest)
    waited = wait(backoff, attempt, chance)
    assert wait(backoff, attempt, 0.0) <= waited <= wait(backoff, attempt, 1.0)
    assert wait(backoff, attempt, 0.0) == wait(backoff, attempt, 1.0) / 2
    if longest is not None:
        assert waited <= longest
    if attempt < 5 and longest is None:
        assert wait(backoff, attempt, 1.0) == pytest.approx(seconds * factor ** (attempt - 1))


def counted(tmp_path: Path, failing: int, says: str) -> str:
    """A script that fails so often, and then succeeds."""
    file = tmp_path / "count"
    return (
        f"echo x >> {file}; n=$(wc -l < {file});"
        f" if [ $n -le {failing} ]; then echo '{says}' >&2; exit 1; fi; echo $n"
    )


def test_a_process_that_fails_for_a_while_succeeds_in_the_end(run: Any, tmp_path: Path) -> None:
    source = counted(tmp_path, 2, "curl: (6) Could not resolve host: example.org")
    node = Node(
        "s", Script(source, command=("sh",)), outputs=RESULT, retry=Retry(3, backoff=AT_ONCE)
    )
    report = run(node, Node("q", Query("SELECT 1")))
    assert report.steps["s"].outcome.outputs["result"].strip() == "3"
    retried = run.told(StepRetried)
    assert [(e.step, e.attempt, e.error) for e in retried] == [("s", 1, "dns"), ("s", 2, "dns")]
    assert told_again(retried[0]) == "attempt 1 failed (dns: `s` ended with exit code 1); again"
    rows = run.store.tables()["sqlml_attempts"]().to_pylist()
    assert [(r["step"], r["number"], r["kind"], r["code"]) for r in rows] == [
        ("s", 1, "dns", "E0540"), ("s", 2, "dns", "E0540"),
    ]  # fmt: skip
    assert [a.number for a in run.store.runs.attempts(report.run, "s")] == [1, 2]
    assert run.told(StepFailed) == []
    assert {e.step for e in run.told(StepFinished)} == {"s", "q"}


@pytest.mark.parametrize(
    ("says", "policy", "count"),
    [
        ("etcdserver: leader changed", Retry(2, backoff=AT_ONCE), 3),
        ("KeyError: 'x'", Retry(2, backoff=AT_ONCE), 1),
        ("KeyError: 'x'", Retry(2, ("any",), AT_ONCE), 3),
        ("manifest unknown", Retry(2, ("any",), AT_ONCE), 1),
    ],
)
def test_a_process_that_goes_on_failing_fails(
    run: Any, tmp_path: Path, says: str, policy: Retry, count: int
) -> None:
    node = Node("s", Script(counted(tmp_path, 99, says), command=("sh",)))
    report = run(node, workflow={"retry": policy})
    assert report.steps["s"].status == "failed"
    assert len((tmp_path / "count").read_text().split()) == count
    assert len(run.told(StepRetried)) == count - 1


def test_a_killed_process_is_told_from_one_that_fails(run: Any, tmp_path: Path) -> None:
    kill = f"echo x >> {tmp_path}/n; [ $(wc -l < {tmp_path}/n) -gt 1 ] || kill -KILL $$"
    policy = Retry(1, ("resource",), AT_ONCE)
    report = run(Node("s", Script(kill, command=("sh",)), retry=policy))
    assert report.outcome == "succeeded"
    assert [event.error for event in run.told(StepRetried)] == ["out-of-memory"]


def test_rounds_and_calls_are_tried_again_one_by_one(run: Any, tmp_path: Path) -> None:
    source = f"echo x >> {tmp_path}/$1; [ $(wc -l < {tmp_path}/$1) -gt 1 ] && echo $1"
    policy = Retry(1, ("any",), AT_ONCE)
    script = Script(source, command=("sh",), args=(Take("x"),))
    inner = Workflow(
        "inner",
        (Node("a", script, {"x": Constant("a")}, RESULT),),
        outputs={"result": Output("a", "result")},
    )
    report = run(
        Node("each", script, {"x": Item()}, RESULT, loop=ForEach(Constant((1, 2))), retry=policy),
        Node("in", Call("inner"), outputs=RESULT, retry=policy),
        Node(
            "until", script, {"x": Constant("u")}, RESULT, retry=policy,
            loop=Repeat(Comparison(Output("until", "result"), "!=", Constant("u")), 2),
        ),
        workflow={"workflows": (inner,)},
    )  # fmt: skip
    assert report.outcome == "succeeded"
    assert report.steps["each"].outcome.outputs["result"] == ("1", "2")
    assert report.steps["in"].outcome.outputs["result"] == "a"
    assert {event.step for event in run.told(StepRetried)} == {"each.0", "each.1", "in", "until.0"}


def test_a_wait_for_another_attempt_ends_with_the_run(run: Any) -> None:
    policy = Retry(5, ("any",), Backoff(60))
    report = run(
        Node("s", Script("exit 1", command=("sh",)), retry=policy), workflow={"timeout": 0.3}
    )
    assert report.steps["s"].status == "failed"
    assert report.seconds < 50
