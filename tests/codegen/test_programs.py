"""SQL steps as calls of the worker."""

import json
from pathlib import Path

import pytest

from sqlml.codegen.programs import STORE, Worker, as_programs
from sqlml.errors import ProgramError
from sqlml.session import connect
from sqlml.source import Source
from sqlml.workflow.ir import (
    After,
    Comparison,
    Constant,
    Container,
    Node,
    Output,
    OutputDeclaration,
    Script,
    Take,
    Workflow,
)
from sqlml.workflow.serial import decode
from sqlml.workflow.verification import verify

PROGRAM = """
SET threads = 1;
CREATE TABLE t AS SELECT range AS a, range * 2 AS b FROM range(50);
SELECT * FROM t TO TRAIN LinearRegression LABEL b INTO m;
SELECT * FROM t TO PREDICT answers.b USING m;
"""


def compiled(text: str, tmp_path: Path) -> Workflow:
    with connect(tmp_path / "x.duckdb") as session:
        return session.compile([Source("x.sql", text)]).workflow


def test_every_step_of_sql_is_a_call_that_carries_its_node(tmp_path: Path) -> None:
    workflow = compiled(PROGRAM, tmp_path)
    programs = as_programs(workflow, Worker(image="here/sqlml:1"))
    verify(programs)
    assert programs.parameters[STORE].required
    for before, after in zip(workflow.nodes, programs.nodes, strict=True):
        assert isinstance(after.operation, Container)
        assert after.operation.image == "here/sqlml:1"
        assert Take(STORE) in after.operation.args
        step = after.inputs["step"]
        assert isinstance(step, Constant)
        carried = decode(Node, json.loads(str(step.value))["node"])
        assert (carried.operation, carried.inputs) == (before.operation, before.inputs)


def test_what_lasts_for_a_connection_is_carried_by_every_later_step(tmp_path: Path) -> None:
    programs = as_programs(compiled(PROGRAM, tmp_path), Worker())
    carried = [json.loads(str(node.inputs["step"].value)) for node in programs.nodes]  # type: ignore[union-attr]
    assert "session" not in carried[0]
    assert [[one["sql"] for one in told["session"]] for told in carried[1:]] == [
        ["SET threads = 1"]
    ] * 3


def test_a_model_that_is_passed_is_order_alone(tmp_path: Path) -> None:
    programs = as_programs(compiled(PROGRAM, tmp_path), Worker(db="x.duckdb"))
    assert STORE not in programs.parameters
    train, predict = programs.nodes[2:]
    assert After(train.name) in predict.after
    assert not predict.outputs
    assert not train.outputs


def test_a_metric_that_a_program_takes_becomes_a_file_of_the_step(tmp_path: Path) -> None:
    workflow = compiled(PROGRAM, tmp_path)
    *others, train, predict = workflow.nodes
    declared = OutputDeclaration("r2", "parameter", type="float")
    told = Node("tell", Script("print(1)"), {"r2": Output("train", "r2")})
    guard = Comparison(Output("train", "r2"), ">", Constant(0.5))
    train = Node(train.name, train.operation, train.inputs, (*train.outputs, declared))
    predict = Node("guarded", predict.operation, predict.inputs, predict.outputs, guard=guard)
    programs = as_programs(Workflow("w", (*others, train, predict, told)), Worker(outputs="/o"))
    verify(programs)
    lowered = {node.name: node for node in programs.nodes}
    assert [(one.name, one.path) for one in lowered["train"].outputs] == [("r2", "/o/r2")]
    assert "/o" in lowered["train"].operation.args  # type: ignore[union-attr]
    assert lowered["guarded"].guard == guard
    assert lowered["tell"] == told


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')", "E0753"),
        ("BEGIN", "E0754"),
    ],
)
def test_secrets_and_transactions_do_not_go_to_an_engine(
    statement: str, code: str, tmp_path: Path
) -> None:
    workflow = compiled(f"{statement}; SELECT 1;", tmp_path)
    with pytest.raises(ProgramError) as caught:
        as_programs(workflow, Worker())
    assert caught.value.diagnostics[0].code == code
    assert "x.sql:1:1" in caught.value.diagnostics[0].label
