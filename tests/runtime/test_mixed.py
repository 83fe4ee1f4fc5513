"""SQL and programs in one workflow: values that pass between them, reuse, going on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sqlml.session import Session
from sqlml.source import Source
from sqlml.workflow.ir import (
    After,
    Cache,
    Call,
    Comparison,
    Constant,
    ForEach,
    InputFile,
    Item,
    Node,
    Output,
    OutputDeclaration,
    Query,
    Repeat,
    Script,
    Take,
    Workflow,
)
from sqlml.workflow.verification import verify

RESULT = (OutputDeclaration("result", "parameter"),)
ROWS = "SELECT 1.0 * (i % 7) AS a, 3.0 * (i % 7) - (i % 11) AS y FROM range(400) AS r(i)"
PROGRAM = f"""
CREATE TABLE points AS {ROWS};
SELECT * FROM points TO TRAIN Ridge LABEL y INTO m;
SELECT * FROM points TO EVALUATE m LABEL y INTO scores;
SELECT * FROM points TO PREDICT answers.p USING m;
"""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.open(db=str(tmp_path / "x.duckdb"), threads=2) as session:
        yield session


def sh(name: str, source: str, inputs: dict[str, Any] | None = None, **given: Any) -> Node:
    args = tuple(Take(each) for each in inputs or {})
    given = {"outputs": RESULT, **given}
    return Node(name, Script(source, command=("sh",), args=args), inputs or {}, **given)


def states(execution: Any) -> dict[str, str]:
    return {name: step.status for name, step in execution.report.steps.items()}


def test_metrics_and_models_of_sql_steps_are_values_for_programs(session: Session) -> None:
    lowered = session.compile([Source("p", PROGRAM)]).stages[0][1]
    nodes = {node.name: node for node in lowered.nodes}
    r2 = OutputDeclaration("r2", "parameter", type="float")
    nodes["evaluate"] = replace(nodes["evaluate"], outputs=(*nodes["evaluate"].outputs, r2))
    good = Comparison(Output("evaluate", "r2"), ">", Constant(0.5))
    nodes["predict"] = replace(nodes["predict"], guard=good)
    count = Query("SELECT count(*) AS n, max(a) AS top FROM points", ("points",))
    counted = (
        OutputDeclaration("n", "parameter", type="int"),
        OutputDeclaration("top", "parameter", type="float"),
    )
    inputs = {"m": Output("train", "model"), "r2": Output("evaluate", "r2")}
    workflow = replace(
        lowered,
        nodes=(
            *nodes.values(),
            Node("count", count, outputs=counted, after=(After("query"),)),
            sh("tell", 'echo "$1 $2"', inputs, guard=good),
            sh("sorry", "echo", guard=replace(good, comparator="<")),
            sh("sum", "echo $(($1 + 1))", {"n": Output("count", "n")}),
        ),
    )  # fmt: skip
    verify(workflow)
    execution = session.execute_workflow(workflow)
    assert execution.report.outcome == "succeeded", execution.report.diagnostics
    steps = execution.report.steps
    value = steps["evaluate"].outcome.outputs["r2"]
    assert value == steps["evaluate"].outcome.metrics["r2"] > 0.5
    assert steps["tell"].outcome.outputs["result"] == f"m@1 {value}"
    assert steps["count"].outcome.outputs == {"n": 400, "top": 6.0}
    assert steps["sum"].outcome.outputs["result"] == "401"
    assert states(execution)["sorry"] == "skipped"
    again = session.execute_workflow(workflow)
    assert states(again) == {
        "query": "reused", "train": "reused", "evaluate": "reused", "predict": "reused",
        "count": "succeeded", "tell": "succeeded", "sorry": "skipped", "sum": "succeeded",
    }  # fmt: skip
    assert again.report.steps["evaluate"].outcome.outputs["r2"] == value


def test_a_metric_that_is_not_there_fails_the_step(session: Session) -> None:
    query = Node("q", Query("SELECT 1 AS one"), outputs=(OutputDeclaration("two", "parameter"),))
    report = session.execute_workflow(Workflow("w", (query,))).report
    (fault,) = report.diagnostics
    assert fault.code == "E0683"
    assert "one" in fault.hint


def test_a_program_that_says_so_is_not_run_again(session: Session, tmp_path: Path) -> None:
    log = tmp_path / "ran"

    def run(value: int, cache: Cache | None, **more: Any) -> dict[str, str]:
        source = f"echo $1 >> {log}; echo $1; echo file > f"
        outputs = (*RESULT, OutputDeclaration("f", "artifact", path="f"))
        node = sh("s", source, {"x": Constant(value)}, cache=cache, outputs=outputs, **more)
        files = {"f": InputFile("g", Output("s", "f"))}
        user = sh("u", 'echo "$1 $(cat g)"', {"r": Output("s", "result")}, files=files)
        execution = session.execute_workflow(Workflow("w", (node, user)))
        assert execution.report.steps["u"].outcome.outputs["result"] == f"{value} file"
        return states(execution)

    assert run(1, Cache())["s"] == "succeeded"
    assert run(1, Cache())["s"] == "reused"
    assert run(2, Cache())["s"] == "succeeded"
    assert run(1, Cache(), env={"A": "b"})["s"] == "succeeded"
    assert run(1, Cache(ttl=0))["s"] == "succeeded"
    assert run(1, None)["s"] == "succeeded"
    assert run(3, Cache("mine"))["s"] == "succeeded"
    assert run(3, Cache("mine"))["s"] == "reused"
    assert log.read_text().split() == ["1", "2", "1", "1", "1", "3"]


def test_a_file_made_again_to_the_same_effect_does_not_make_its_readers_run(
    session: Session, tmp_path: Path
) -> None:
    text = tmp_path / "text"

    def run(words: str) -> dict[str, str]:
        text.write_text(words)
        outputs = (OutputDeclaration("f", "artifact", path="f"),)
        made = sh("make", f"mkdir f; cat {text} > f/in", cache=Cache(), outputs=outputs)
        files = {"f": InputFile("g", Output("make", "f"))}
        read = sh("read", "cat g/in", files=files, cache=Cache())
        execution = session.execute_workflow(Workflow("w", (made, read)))
        assert execution.report.steps["read"].outcome.outputs["result"] == words
        session.store.artifacts.remove(one.key for one in session.store.artifacts.find("make"))
        return states(execution)

    assert run("one") == {"make": "succeeded", "read": "succeeded"}
    assert run("one") == {"make": "succeeded", "read": "reused"}
    assert run("other") == {"make": "succeeded", "read": "succeeded"}


def test_a_run_that_failed_is_gone_on_from(session: Session, tmp_path: Path) -> None:
    flag, log = tmp_path / "flag", tmp_path / "log"

    def ran(word: str) -> str:
        return f"echo {word} >> {log}; "

    inner = Workflow(
        "inner",
        (sh("a", ran("a") + "echo a"), sh("b", ran("b") + f"cat {flag}", after=(After("a"),))),
        outputs={"result": Output("a", "result")},
    )
    workflow = Workflow(
        "w",
        (
            sh("first", ran("first") + "echo '[1, 2]'"),
            sh("each", ran("each") + "echo $1", {"x": Item()},
               loop=ForEach(Output("first", "result"))),
            sh("until", ran("until") + "echo 1",
               loop=Repeat(Comparison(Output("until", "result"), "==", Constant(2)), 3)),
            Node("in", Call("inner"), outputs=RESULT),
            sh("never", "echo", guard=Comparison(Constant(1), "==", Constant(2))),
            sh("last", ran("last") + 'echo "$1 $2"',
               {"e": Output("each", "result"), "i": Output("in", "result")},
               after=(After("never", "passed"), After("until"))),
        ),
        workflows=(inner,),
    )  # fmt: skip
    failed = session.execute_workflow(workflow)
    assert states(failed)["in.b"] == states(failed)["in"] == "failed"
    assert states(failed)["last"] == "skipped"
    flag.touch()
    log.unlink()
    resumed = session.execute_workflow(workflow, resume=failed.report.run)
    assert resumed.report.outcome == "succeeded"
    assert log.read_text().split() == ["b", "last"]
    assert resumed.report.steps["last"].outcome.outputs["result"] == '["1","2"] a'
    log.unlink()
    session.execute_workflow(workflow, resume=resumed.report.run)
    assert not log.exists()
    edited = replace(
        workflow, nodes=(sh("first", ran("first") + "echo '[3]'"), *workflow.nodes[1:])
    )
    session.execute_workflow(edited, resume=resumed.report.run)
    assert sorted(log.read_text().split()) == ["each", "first", "last"]
