"""Guards, loops, calls and exits, run as shell scripts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sqlml.databases.duckdb import DuckDB
from sqlml.errors import ProgramError
from sqlml.runtime import local
from sqlml.runtime.events import StepSkipped, StepStarted
from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
    Call,
    Comparison,
    Constant,
    ForEach,
    HasStatus,
    Item,
    Node,
    Not,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Range,
    Repeat,
    Script,
    Suspend,
    Take,
    Workflow,
)

RESULT = (OutputDeclaration("result", "parameter"),)


@pytest.fixture
def database() -> Iterator[DuckDB]:
    """An empty one in memory: these steps do not look at it."""
    database = DuckDB.open(":memory:")
    yield database
    database.close()


def sh(name: str, source: str, inputs: dict[str, Any] | None = None, **given: Any) -> Node:
    """A shell script; the values of its inputs are its arguments."""
    args = tuple(Take(each) for each in inputs or {})
    given = {"outputs": RESULT, **given}
    return Node(name, Script(source, command=("sh",), args=args), inputs or {}, **given)


def equals(node: str, value: object) -> Comparison:
    return Comparison(Output(node, "result"), "==", Constant(value))  # type: ignore[arg-type]


def states(report: Any) -> dict[str, str]:
    return {name: step.status for name, step in report.steps.items()}


def result(report: Any, name: str) -> Any:
    return report.steps[name].outcome.outputs["result"]


def test_what_a_script_prints_is_what_the_next_one_gets(run: Any) -> None:
    report = run(
        sh("flip", "echo heads; echo noise >&2; sleep 0.1"),
        sh("tell", 'echo "it is $1"', {"side": Output("flip", "result")}),
    )
    assert report.outcome == "succeeded"
    assert result(report, "tell") == "it is heads"
    assert report.steps["tell"].outcome.summary == "it is heads"
    (flip, _) = run.store.runs.steps(report.run)
    assert sorted(flip.log.split()) == ["heads", "noise"]
    assert flip.operation == "script"
    assert 0 < flip.peak_memory < 20 << 20


def test_a_guard_that_does_not_hold_skips_and_what_needs_its_data_is_skipped_too(run: Any) -> None:
    report = run(
        sh("flip", "echo heads"),
        sh("heads", "echo won", guard=equals("flip", "heads")),
        sh("tails", "echo lost", guard=equals("flip", "tails")),
        sh("prize", "echo $1", {"x": Output("tails", "result")}),
        sh("passed", "echo p", after=(After("tails", "passed"),)),
        sh("succeeded", "echo s", after=(After("tails"),)),
        sh("after-prize", "echo a", after=(After("prize", "passed"),)),
        sh("comfort", "echo c", after=(After("prize", "skipped"),)),
    )
    assert states(report) == {
        "flip": "succeeded", "heads": "succeeded", "tails": "skipped", "prize": "skipped",
        "passed": "succeeded", "succeeded": "skipped", "after-prize": "skipped",
        "comfort": "succeeded",
    }  # fmt: skip
    told = {event.step: event.because for event in run.told(StepSkipped)}
    assert told == {
        "tails": "its condition does not hold",
        "prize": "it needs tails, which was skipped",
        "succeeded": "it needs tails",
        "after-prize": "it needs prize to be passed",
    }
    assert report.outcome == "succeeded"


def test_conditions_combine_and_ask_for_statuses(run: Any) -> None:
    failed = HasStatus("failed", "bad")
    report = run(
        sh("good", "echo 9"),
        sh("bad", "exit 3", outputs=()),
        sh("both", "echo b", guard=AllOf((failed, Not(HasStatus("failed", "good"))))),
        sh("neither", "echo n", guard=AnyOf((HasStatus("skipped", "good"), Not(failed)))),
        # as numbers 9 < 10, as text it would not be
        sh("less", "echo l", guard=Comparison(Output("good", "result"), "<", Constant(10))),
    )
    assert states(report) == {
        "good": "succeeded", "bad": "failed", "both": "succeeded", "neither": "skipped",
        "less": "succeeded",
    }  # fmt: skip
    assert report.outcome == "failed"
    assert report.failed_step == "bad"


def test_a_condition_that_puts_text_in_order_fails_its_step(run: Any) -> None:
    less = Comparison(Output("a", "result"), "<", Constant(1))
    report = run(sh("a", "echo much"), sh("b", "echo b", guard=less), sh("c", "echo c"))
    assert states(report) == {"a": "succeeded", "b": "failed", "c": "succeeded"}
    assert [d.code for d in report.diagnostics] == ["E0680"]


def test_a_loop_goes_over_items_and_gives_the_list_of_what_its_rounds_gave(run: Any) -> None:
    report = run(
        sh("items", 'echo \'[{"n": 3}, {"n": 1}]\''),
        sh(
            "square", "echo $(($1 * $1))", {"n": Item("n")}, loop=ForEach(Output("items", "result"))
        ),
        sh("sum", 'echo "$1"', {"all": Output("square", "result")}),
        sh("again", "echo $1", {"x": Item()}, loop=ForEach(Output("square", "result"))),
        sh("none", "echo $1", {"x": Item()}, loop=ForEach(Constant(()))),
        sh("range", "echo $1", {"x": Item()}, loop=ForEach(Range(4, 0, -2))),
    )
    assert report.outcome == "succeeded"
    assert json.loads(result(report, "sum")) == ["9", "1"]
    assert result(report, "again") == ("9", "1")
    assert result(report, "none") == ()
    assert result(report, "range") == ("4", "2")
    assert list(report.steps) == [
        "items", "square", "square.0", "square.1", "sum", "again", "again.0", "again.1", "none",
        "range", "range.0", "range.1",
    ]  # fmt: skip
    recorded = {step.name: step.outcome for step in run.store.runs.steps(report.run)}
    assert recorded["square.1"] == "succeeded"
    assert report.count("succeeded") == 8  # the steps that did something


def test_each_round_asks_its_own_guard_and_one_that_fails_fails_the_loop(run: Any) -> None:
    guard = Comparison(Item(), "!=", Constant(2))
    source = 'test $1 != 3 && echo "$1"'
    report = run(
        sh("odd", "echo $1", {"x": Item()}, loop=ForEach(Range(1, 4)), guard=guard),
        sh("fail", source, {"x": Item()}, loop=ForEach(Range(1, 5))),
        sh("after", "echo", {"x": Output("fail", "result")}),
    )
    assert result(report, "odd") == ("1", "3")
    assert states(report)["odd.1"] == "skipped"
    assert states(report)["fail.3"] == "succeeded"
    assert states(report)["fail"] == "failed"
    assert states(report)["after"] == "skipped"
    assert report.failed_step == "fail.2"


def test_rounds_keep_to_their_parallelism_and_steps_to_the_workflows(
    run: Any, tmp_path: Path
) -> None:
    source = f"cd {tmp_path}; mkdir $1; ls -d [0-9]* | wc -l; sleep 0.05; rmdir $1"
    looped = sh("s", source, {"x": Item()}, loop=ForEach(Range(0, 4), parallelism=1))
    assert result(run(looped), "s") == ("1",) * 4
    free = sh("s", source, {"x": Item()}, loop=ForEach(Range(0, 4)))
    report = run(free, workflow={"parallelism": 1}, threads=4)
    assert result(report, "s") == ("1",) * 4
    assert max(map(int, result(run(free, threads=4), "s"))) > 1


def test_a_step_is_repeated_while_its_condition_holds(run: Any, tmp_path: Path) -> None:
    source = f"echo x >> {tmp_path}/n; wc -l < {tmp_path}/n"
    report = run(
        sh("poll", source, loop=Repeat(Comparison(Output("poll", "result"), "<", Constant(3)), 9)),
        sh("next", "echo $1", {"x": Output("poll", "result")}),
        sh("endless", "echo 0", loop=Repeat(equals("endless", 0), 2)),
    )
    assert result(report, "next") == "3"
    assert [name for name in report.steps if name.startswith("poll.")] == [
        "poll.0", "poll.1", "poll.2",
    ]  # fmt: skip
    assert states(report)["endless"] == "failed"
    assert [d.code for d in report.diagnostics] == ["E0684"]
    assert report.failed_step == "endless"


INNER = Workflow(
    "inner",
    (
        sh("double", "echo $(($1 * 2))", {"n": Parameter("n")}),
        sh("more", "echo $1", {"n": Output("double", "result")},
           guard=Comparison(Parameter("n"), ">", Constant(1))),
    ),
    {"n": ParameterDeclaration("int", required=True)},
    {"result": Output("double", "result")},
    on_exit=(sh("bye", "echo bye", guard=HasStatus("succeeded")),),
)  # fmt: skip


def test_a_call_runs_a_workflow_with_parameters_and_gives_its_outputs(run: Any) -> None:
    report = run(
        Node("one", Call("inner"), {"n": Constant("1")}, RESULT),
        sh("tell", "echo $1", {"x": Output("one", "result")}),
        Node("each", Call("outer"), {"n": Item()}, RESULT, loop=ForEach(Range(1, 3))),
        workflow={"workflows": (
            INNER,
            Workflow(
                "outer",
                (Node("in", Call("inner"), {"n": Parameter("n")}, RESULT),),
                {"n": ParameterDeclaration("int")},
                {"result": Output("in", "result")},
            ),
        )},
    )  # fmt: skip
    assert report.outcome == "succeeded"
    assert result(report, "tell") == "2"
    assert result(report, "each") == ("2", "4")
    assert states(report)["one.more"] == "skipped"
    assert states(report)["one.bye"] == "succeeded"
    assert states(report)["each.1.in.more"] == "succeeded"


def test_what_fails_in_a_call_fails_the_call_and_a_bad_argument_does(run: Any) -> None:
    broken = Workflow(
        "broken", (sh("a", "exit 1"),), on_exit=(sh("b", "echo b", guard=HasStatus("failed")),)
    )
    report = run(
        Node("bad", Call("broken"), {}),
        Node("worse", Call("inner"), {"n": Constant("much")}, RESULT),
        sh("after", "echo", after=(After("bad", "failed"),)),
        workflow={"workflows": (broken, INNER)},
    )
    assert states(report) == {
        "bad": "failed", "bad.a": "failed", "bad.b": "succeeded", "worse": "failed",
        "after": "succeeded",
    }  # fmt: skip
    assert [d.code for d in report.diagnostics] == ["E0540", "E0681"]


@pytest.mark.parametrize(("source", "status"), [("exit 0", "succeeded"), ("exit 1", "failed")])
def test_steps_on_exit_run_last_and_know_how_it_went(run: Any, source: str, status: str) -> None:
    exits = (
        sh("well", "echo w", guard=HasStatus("succeeded")),
        sh("badly", "echo b", guard=HasStatus("failed")),
        sh("always", "echo $1", {"x": Output("well", "result")}),
    )
    report = run(
        sh("a", source, outputs=()),
        sh("b", "echo b", after=(After("a"),)),
        workflow={"on_exit": exits},
        on_error="stop",
    )
    assert report.outcome == status
    assert (states(report)["well"] == "succeeded") == (status == "succeeded")
    assert (states(report)["badly"] == "succeeded") == (status == "failed")
    assert states(report)["always"] == states(report)["well"]
    assert next(event.step for event in run.told(StepStarted)) == "a"


def test_parameters_come_from_outside_typed_and_complete(run: Any) -> None:
    def flow(**given: Any) -> Any:
        workflow = Workflow(
            "w",
            (sh("a", 'echo "$1 $2"', {"n": Parameter("n"), "x": Parameter("x")}),),
            {
                "n": ParameterDeclaration("int", required=True),
                "x": ParameterDeclaration("json", (1, "a")),
            },
            {"said": Output("a", "result")},
        )
        return local.run(workflow, run.database, run.store, parameters=given)

    assert flow(n="7").outputs == {"said": '7 [1,"a"]'}
    assert flow(n=7, x='{"k": null}').outputs == {"said": '7 {"k":null}'}
    before = len(run.store.runs.names())
    for given in ({}, {"n": "x"}, {"n": 1.5}, {"n": True}, {"n": 1, "y": 2}, {"n": 1, "x": "{"}):
        with pytest.raises(ProgramError) as caught:
            flow(**given)
        assert [d.code for d in caught.value.diagnostics] == ["E0681"], given
    assert len(run.store.runs.names()) == before


def test_a_step_that_takes_too_long_is_ended_with_all_it_started(run: Any, tmp_path: Path) -> None:
    source = f"(sleep 30; touch {tmp_path}/late) & sleep 30"
    report = run(
        sh("slow", source, timeout=0.2),
        Node("wait", Suspend(30), timeout=0.1),
        sh("next", "echo n", after=(After("slow", "finished"),)),
    )
    assert states(report) == {"slow": "failed", "wait": "failed", "next": "succeeded"}
    assert [d.code for d in report.diagnostics] == ["E0685", "E0685"]
    assert report.seconds < 25
    assert not (tmp_path / "late").exists()


def test_the_time_of_a_workflow_and_of_a_call_can_be_over(run: Any) -> None:
    slow = Workflow("slow", (Node("nap", Suspend(30)), sh("b", "echo", after=(After("nap"),))))
    report = run(
        Node("in", Call("slow"), timeout=0.1),
        sh("next", "echo", after=(After("in", "failed"),)),
        workflow={"workflows": (slow,)},
    )
    assert states(report) == {
        "in": "failed", "in.nap": "failed", "in.b": "skipped", "next": "succeeded",
    }  # fmt: skip
    report = run(
        Node("nap", Suspend(30)),
        sh("b", "echo", after=(After("nap"),)),
        workflow={"timeout": 0.1, "on_exit": (sh("e", "echo e", guard=HasStatus("failed")),)},
    )
    assert states(report) == {"nap": "failed", "b": "skipped", "e": "succeeded"}
    assert report.outcome == "failed"


def test_a_loop_over_what_is_no_list_fails(run: Any) -> None:
    report = run(
        sh("a", "echo nothing"),
        sh("b", "echo", loop=ForEach(Output("a", "result"))),
        sh("c", "echo $1", {"x": Item("k")}, loop=ForEach(Constant(({"j": 1},)))),
    )
    assert [d.code for d in report.diagnostics] == ["E0682", "E0682"]
