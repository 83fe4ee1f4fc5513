"""Calls of sub-workflows, written out."""

from dataclasses import replace

import pytest

from sqlml.codegen.flatten import flatten
from sqlml.errors import ProgramError
from sqlml.workflow.ir import (
    After,
    AllOf,
    Call,
    Comparison,
    Constant,
    ForEach,
    HasStatus,
    Item,
    Loop,
    Node,
    Output,
    OutputDeclaration,
    Outputs,
    Parameter,
    ParameterDeclaration,
    Place,
    Repeat,
    Retry,
    Script,
    Take,
    Workflow,
)
from sqlml.workflow.verification import verify

RESULT = (OutputDeclaration("result", "parameter"),)
SCRIPT = Script("print(1)", args=(Take("x"),))
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


@pytest.mark.parametrize("loop", [ForEach(Output("first", "result")), Repeat(BIG, 3)])
def test_what_is_not_known_before_is_refused_at_its_place(loop: Loop) -> None:
    with pytest.raises(ProgramError) as caught:
        flatten(calling(loop))
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.label) == ("E0758", "at f.py:3:1")


def test_a_policy_of_a_call_is_refused() -> None:
    workflow = calling()
    first, both, last = workflow.nodes
    tried = replace(workflow, nodes=(first, replace(both, retry=Retry(2)), last))
    with pytest.raises(ProgramError) as caught:
        flatten(tried)
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.label) == ("E0758", "at f.py:3:1")
