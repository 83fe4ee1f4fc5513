"""Calls of sub-workflows, written out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sqlml.codegen.engine import Options, render
from sqlml.codegen.flatten import flatten
from sqlml.errors import ProgramError
from sqlml.workflow.ir import (
    After,
    AllOf,
    Backoff,
    Call,
    Comparison,
    Constant,
    Container,
    ForEach,
    HasStatus,
    Item,
    Loop,
    Mount,
    Node,
    Output,
    OutputDeclaration,
    Outputs,
    Parameter,
    ParameterDeclaration,
    Place,
    Placement,
    Repeat,
    Retry,
    Script,
    Take,
    Workflow,
)
from sqlml.workflow.verification import verify

from .random_workflows import step
from .tekton_interpreter import PipelineRun

RESULT = (OutputDeclaration("result", "parameter"),)
SCRIPT = Script("print(1)", args=(Take("x"),))
AGAIN = Comparison(Output("both", "answer"), ">", Constant(3))
BIG = Comparison(Output("first", "result"), ">", Constant(3))
TWICE = Workflow(
    "twice",
    (
        Node("one", SCRIPT, {"x": Parameter("x")}, RESULT),
        Node("two", SCRIPT, {"x": Output("one", "result")}, RESULT, guard=Comparison(
            Output("one", "result"), "!=", Constant("0"))),
    ),
    {"x": ParameterDeclaration()},
    {"answer": Output("two", "result")},
)  # fmt: skip


def calling(loop: Loop | None = None) -> Workflow:
    return Workflow(
        "w",
        (
            Node("first", Script("print(5)"), outputs=RESULT),
            Node(
                "both",
                Call("twice"),
                {"x": Item() if loop else Output("first", "result")},
                (OutputDeclaration("answer", "parameter"),),
                guard=BIG,
                loop=loop,
                place=Place("f.py", 3),
            ),
            Node("last", SCRIPT, {"x": Output("both", "answer")}, after=(After("both"),)),
        ),
        workflows=(TWICE,),
        on_exit=(Node("told", Script("print(0)"), guard=HasStatus("failed")),),
    )


def test_the_steps_of_a_call_stand_in_its_place() -> None:
    flat = flatten(calling())
    verify(flat)
    assert not flat.workflows
    nodes = {node.name: node for node in flat.nodes}
    assert list(nodes) == [
        "first", "both-one", "both-two", "both-failed", "both-end", "last",
    ]  # fmt: skip
    assert nodes["both-one"].inputs == {"x": Output("first", "result")}
    assert nodes["both-one"].guard == BIG
    assert nodes["both-two"].guard == AllOf(
        (BIG, Comparison(Output("both-one", "result"), "!=", Constant("0")))
    )
    assert nodes["last"].inputs == {"x": Output("both-two", "result")}
    assert nodes["last"].after == (After("both-end", "succeeded"),)
    assert flat.on_exit == calling().on_exit


def test_a_call_for_each_item_becomes_copies_whose_results_are_collected() -> None:
    flat = flatten(calling(ForEach(Constant((7, 8)))))
    verify(flat)
    nodes = {node.name: node for node in flat.nodes}
    assert nodes["both-1-one"].inputs == {"x": Constant(8)}
    assert nodes["last"].inputs == {"x": Outputs(("both-0-two", "both-1-two"), "result")}


@pytest.mark.parametrize(
    "policy",
    [
        {"loop": ForEach(Output("first", "result"), 2)},
        {"loop": Repeat(AGAIN, 3)},
        {"retry": Retry(2)},
        {"timeout": 5.0},
    ],
)
def test_a_call_that_cannot_be_written_out_becomes_one_step(policy: dict[str, Any]) -> None:
    first, both, last = calling().nodes
    both = replace(both, **policy)
    flat = flatten(replace(calling(), nodes=(first, both, last)))
    verify(flat)
    assert [node.name for node in flat.nodes] == ["first", "both", "last"]
    step = flat.nodes[1]
    assert (step.loop, step.guard, step.inputs) == (both.loop, both.guard, both.inputs)
    assert step.retry == (both.retry or Retry(0))
    assert isinstance(step.operation, Script)
    assert step.operation.args == (Take("x"),)
    assert flat.nodes[2] == last


def test_a_list_of_what_calls_give_that_is_gone_over_is_of_one_step() -> None:
    workflow = calling(ForEach(Constant((7, 8))))
    over = Node("over", SCRIPT, {"x": Item()}, loop=ForEach(Output("both", "answer")))
    flat = flatten(replace(workflow, nodes=(*workflow.nodes, over)))
    verify(flat)
    assert [node.name for node in flat.nodes] == ["first", "both", "last", "over"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"operation": Container("a:1", ("true",))}, "its steps run in several images: b:2, a:1"),
        ({"placement": Placement({"disk": "ssd"})}, "its steps run on different machines"),
        ({"mounts": (Mount("two", "/data"),)}, "its steps find different volumes at one path"),
        ({"outputs": (OutputDeclaration("f", "artifact", path="f"),)}, "its steps have files"),
    ],
)
def test_what_one_step_cannot_do_is_refused_at_its_place(given: dict[str, Any], why: str) -> None:
    other = Node(
        "other",
        Container("b:2"),
        placement=Placement({"disk": "old"}),
        mounts=(Mount("one", "/data"),),
    )
    part = replace(
        TWICE, nodes=(*TWICE.nodes, other, Node("own", **{"operation": SCRIPT, **given}))
    )
    with pytest.raises(ProgramError) as caught:
        flatten(replace(calling(Repeat(AGAIN, 3)), workflows=(part,)))
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.label) == ("E0758", "at f.py:3:1")
    assert why in fault.message


def test_rounds_of_a_call_run_no_more_at_a_time_than_they_may() -> None:
    flat = flatten(calling(ForEach(Constant((7, 8, 9)), 2)))
    waits = {node.name: [after.node for after in node.after] for node in flat.nodes}
    assert waits["both-1-one"] == []
    assert waits["both-2-one"] == ["both-0-one", "both-0-two"]


def test_limits_of_called_workflows_are_kept_by_order_or_by_one_step() -> None:
    second = replace(TWICE.nodes[0], name="second")
    limited = replace(TWICE, nodes=(*TWICE.nodes, second), parallelism=1)
    flat = flatten(replace(calling(), workflows=(limited,)))
    (second,) = (node for node in flat.nodes if node.name == "both-second")
    assert second.after == (After("first"), After("both-two", "finished"))
    others = Workflow("twice", calling().nodes[1:2], TWICE.parameters, TWICE.outputs, parallelism=1)
    inner = replace(others.nodes[0], name="two", operation=Call("inner"), guard=None)
    inner = replace(inner, inputs={"x": Parameter("x")}, outputs=RESULT)
    nested = replace(
        calling(),
        workflows=(
            replace(others, nodes=(inner,), outputs={"answer": Output("two", "result")}),
            replace(TWICE, name="inner", outputs={"result": Output("two", "result")}),
        ),
    )
    verify(nested)
    assert [node.name for node in flatten(nested).nodes] == ["first", "both", "last"]


def test_one_step_is_tried_again_has_a_time_limit_and_gives_what_there_is(tmp_path: Path) -> None:
    """Its parts run by themselves: of what is skipped there is nothing."""
    count = 'echo x >> "$1/{0}"; echo $(wc -l < "$1/{0}")'
    folder = {"folder": Parameter("folder")}
    declared = {"folder": ParameterDeclaration()}
    numbers = (OutputDeclaration("n", "parameter", type="int"),)
    tried = Workflow(
        "tried",
        (
            step("count", count.format("tried"), "int", inputs=folder),
            step("fine", "test $1 = 3 || exit 1", inputs={"n": Output("count", "result")}),
        ),
        declared,
        {"n": Output("count", "result")},
    )
    late = Workflow(
        "late", (step("late", count.format("late") + "; exec sleep 60", inputs=folder),), declared
    )
    odd = Workflow(
        "odd",
        (step("same", "echo $1", "int", inputs={"x": Parameter("x")}, guard=Comparison(
            Parameter("x"), "!=", Constant(2))),),
        {"x": ParameterDeclaration("int")},
        {"n": Output("same", "result")},
    )  # fmt: skip
    items = Node("list", step("l", "echo '[1, 2, 3]'").operation, outputs=(
        OutputDeclaration("result", "parameter", type="json"),))  # fmt: skip
    workflow = Workflow(
        "w",
        (
            Node("tried", Call("tried"), folder, numbers, retry=Retry(4, ("any",), Backoff(0.01))),
            Node("late", Call("late"), folder, timeout=0.5),
            items,
            Node(
                "odd", Call("odd"), {"x": Item()}, numbers, loop=ForEach(Output("list", "result"))
            ),
        ),
        declared,
        workflows=(tried, late, odd),
    )
    (text,) = render(workflow, "tekton", Options()).values()
    run = PipelineRun(text, tmp_path / "run", {"folder": str(tmp_path)})
    assert run.run() == "Failed"
    told = {name: json.loads(given) for name, given in run.results.items()}
    assert told["tried"] == {"state": "succeeded", "values": {"n": 3}}
    assert told["late"] == {"state": "failed", "values": {}}
    assert (tmp_path / "late").read_text() == "x\n"
    assert told["odd"]["values"] == {"n": [1, 3]}
