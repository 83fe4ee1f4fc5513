"""What can run is let through, and what cannot is found, at its place; random workflows."""

import json
from collections.abc import Callable
from contextvars import Context
from dataclasses import replace
from pathlib import Path
from random import Random
from runpy import run_path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqlml.errors import ProgramError
from sqlml.source import Source
from sqlml.workflow.ir import (
    After,
    Call,
    Comparison,
    Constant,
    Item,
    Node,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Place,
    Script,
    Take,
    Workflow,
)
from sqlml.workflow.serial import from_json, to_json
from sqlml.workflow.text import parse_workflow, print_workflow
from sqlml.workflow.verification import verify
from tests.codegen.random_workflows import random_workflow

PLACE = Place("flow.py", 7, 3)
PART = Workflow(
    "called-part",
    (Node("one", Script("", args=(Take("x"),)), {"x": Parameter("x")}),),
    {"x": ParameterDeclaration("int", required=True)},
)
randoms = st.randoms(use_true_random=False)
Mutation = Callable[[Workflow], Workflow]


def bad(**more: object) -> Node:
    """A step that is wrong, at a place of its own."""
    return replace(Node("bad", Script(""), place=PLACE), **more)  # type: ignore[arg-type]


def adding(*nodes: Node, **more: object) -> Mutation:
    return lambda flow: replace(flow, nodes=(*flow.nodes, *nodes), **more)  # type: ignore[arg-type]


def calling(**inputs: object) -> Mutation:
    call = bad(operation=Call("called-part"), inputs=inputs)
    return lambda flow: replace(flow, nodes=(*flow.nodes, call), workflows=(*flow.workflows, PART))


def circle_of_workflows(flow: Workflow) -> Workflow:
    one = Workflow("one", (bad(operation=Call("other")),))
    other = Workflow("other", (bad(operation=Call("one")),))
    changed = adding(Node("start", Call("one")))(flow)
    return replace(changed, workflows=(*flow.workflows, one, other))


def renamed(flow: Workflow) -> Workflow:
    return adding(bad(name=flow.nodes[0].name))(flow)


def output_of(flow: Workflow) -> Output:
    return Output(flow.nodes[0].name, "nothing-of-the-kind")


Y = OutputDeclaration("y", "parameter")
MUTATIONS: dict[str, tuple[str, Mutation]] = {
    "a circle": ("E0806", adding(
        bad(after=(After("other", "finished"),)), Node("other", Script(""), after=(After("bad"),)),
    )),
    "a step that needs itself": ("E0806", adding(bad(after=(After("bad"),)))),
    "an unknown step": ("E0804", adding(bad(after=(After("nowhere"),)))),
    "an unknown step's output": ("E0804", adding(bad(inputs={"x": Output("nowhere", "y")}))),
    "a step on exit": ("E0804", lambda flow: replace(adding(
        bad(inputs={"x": Output("last", "y")})
    )(flow), on_exit=(*flow.on_exit, Node("last", Script(""), outputs=(Y,))))),
    "an item of no loop": ("E0805", adding(bad(inputs={"x": Item()}))),
    "two of a name": ("E0803", renamed),
    "a name that no engine takes": ("E0802", adding(bad(name="Bad_1"))),
    "an undeclared output": ("E0805", lambda flow: adding(
        bad(inputs={"x": output_of(flow)})
    )(flow)),
    "an undeclared output in a condition": ("E0805", lambda flow: adding(
        bad(guard=Comparison(output_of(flow), "==", Constant(1)))
    )(flow)),
    "an unknown parameter": ("E0805", adding(bad(inputs={"x": Parameter("nowhere")}))),
    "a missing argument": ("E0821", calling()),
    "an extra argument": ("E0821", calling(x=Constant(1), y=Constant(2))),
    "an ill-typed argument": ("E0821", calling(x=Constant("many"))),
    "an unknown workflow": ("E0820", adding(bad(operation=Call("nowhere")))),
    "an order that cannot be": ("E0824", lambda flow: adding(
        bad(after=(After(flow.nodes[0].name), After(flow.nodes[0].name, "failed")))
    )(flow)),
    "a workflow that nobody calls": ("E0823", lambda flow: replace(
        flow, workflows=(*flow.workflows, Workflow("alone", (bad(),)))
    )),
    "workflows that call each other": ("E0822", circle_of_workflows),
    "an output that is not there": ("E0805", lambda flow: replace(
        flow, outputs={"x": output_of(flow)}
    )),
}  # fmt: skip


@given(randoms)
@settings(max_examples=40)
def test_what_can_run_is_let_through_and_kept(random: Random) -> None:
    workflow = random_workflow(random)
    verify(workflow)
    assert from_json(json.loads(json.dumps(to_json(workflow)))) == workflow
    assert parse_workflow(Source("w", print_workflow(workflow))) == workflow


@pytest.mark.parametrize("what", MUTATIONS)
@given(randoms)
@settings(max_examples=5)
def test_what_cannot_run_is_found(what: str, random: Random) -> None:
    code, mutation = MUTATIONS[what]
    with pytest.raises(ProgramError) as caught:
        verify(mutation(random_workflow(random)))
    (fault,) = caught.value.diagnostics
    assert fault.code == code
    assert fault.label == "at flow.py:7:3" or what == "an output that is not there"


def test_arguments_may_be_given_by_other_steps() -> None:
    number = (OutputDeclaration("n", "parameter", type="int"),)
    giver = Node("giver", Script("print(1)"), outputs=number)
    call = Node("call", Call("called-part"), {"x": Output("giver", "n")})
    verify(Workflow("w", (giver, call), workflows=(PART,)))


FOR_COULER = """
import sqlml.couler as couler

def step(name):
    return couler.run_container(image="a", command=["true"], step_name=name)

couler.dag([
    [lambda: step("a"), lambda: step("b")],
    [lambda: step("b"), lambda: step("a")],
])
couler.workflow()
"""
NATURAL = """
import sqlml

@sqlml.step
def first() -> int:
    return 1

with sqlml.workflow("w") as flow:
    one = first()
    other = first()
    one >> other
    other >> one
sqlml.render(flow, engine="argo")
"""


@pytest.mark.parametrize(("program", "line"), [(FOR_COULER, 5), (NATURAL, 9)])
def test_a_fault_names_the_line_of_the_program(program: str, line: int, tmp_path: Path) -> None:
    file = tmp_path / "flow.py"
    file.write_text(program)
    with pytest.raises(ProgramError) as caught:
        Context().run(run_path, str(file))
    (fault,) = caught.value.diagnostics
    assert fault.code == "E0806"
    assert f"{file}:{line}:" in fault.label
