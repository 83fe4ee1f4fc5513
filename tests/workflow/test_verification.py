"""What can run is let through, and what cannot is found, at its place; random workflows."""

import copy
import json
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import Context
from dataclasses import replace
from pathlib import Path
from random import Random
from runpy import run_path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqlml.codegen.engine import Options, render
from sqlml.errors import ProgramError
from sqlml.source import Source
from sqlml.workflow.ir import (
    After,
    Artifact,
    Backoff,
    Cache,
    Call,
    Comparison,
    Constant,
    Container,
    ForEach,
    HasStatus,
    Http,
    InputFile,
    Item,
    Join,
    Mount,
    Node,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Place,
    Range,
    Repeat,
    Resources,
    Retry,
    Schedule,
    Script,
    SecretKey,
    StepOf,
    Suspend,
    Take,
    Volume,
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


def giver() -> Node:
    return Node("giver", Script(""), outputs=(replace(Y, type="int"),))


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
        flow, outputs={"x": output_of(flow)}, place=PLACE
    )),
    "an output of a step on exit": ("E0804", lambda flow: replace(
        flow, on_exit=(Node("last", Script(""), outputs=(Y,)),), outputs={"x": Output("last", "y")},
        place=PLACE,
    )),
    "an ill-typed argument of a parameter": ("E0821", lambda flow: replace(
        calling(x=Parameter("flag"))(flow), parameters={
            **flow.parameters, "flag": ParameterDeclaration("bool", default=True)
        },
    )),
    "an ill-typed item": ("E0821", lambda flow: adding(
        bad(operation=Call("called-part"), inputs={"x": Item()},
            loop=ForEach(Constant((1, "many")))), workflows=(*flow.workflows, PART)
    )(flow)),
    "half of a part": ("E0804", adding(bad(operation=StepOf("nowhere")))),
    "an input that is not there": ("E0805", adding(
        bad(operation=Container("a", ("b", Join(("x", Take("y"))))), inputs={"x": Constant(1)})
    )),
    "a variable of no input": ("E0805", adding(bad(env={"A": Take("y")}))),
    "an item in a condition": ("E1098", adding(bad(guard=Comparison(Item(), "==", Constant(1))))),
    "the status of the whole before its end": ("E1098", adding(bad(guard=HasStatus("failed")))),
    "order of a truth value": ("E1098", adding(
        Node("giver", Script(""), outputs=(replace(Y, type="bool"),)),
        bad(guard=Comparison(Output("giver", "y"), ">=", Constant(1))),
    )),
    "order of a list": ("E1098", adding(
        Node("giver", Script(""), outputs=(Y,), loop=ForEach(Range(0, 3))),
        bad(guard=Comparison(Output("giver", "y"), ">", Constant(1))),
    )),
    "no rounds": ("E1098", adding(bad(
        outputs=(Y,), loop=Repeat(Comparison(Output("bad", "y"), "==", Constant(1)), 0)
    ))),
    "repeated for a status": ("E1098", lambda flow: adding(
        bad(loop=Repeat(HasStatus("failed", flow.nodes[0].name), 3))
    )(flow)),
    "repeated for another": ("E1098", adding(giver(), bad(
        inputs={"x": Output("giver", "y")},
        loop=Repeat(Comparison(Output("giver", "y"), "==", Constant(1)), 3),
    ))),
    "a loop over a text": ("E1098", adding(bad(loop=ForEach(Constant("abc"))))),
    "a loop over a number": ("E1098", adding(
        giver(), bad(loop=ForEach(Output("giver", "y")))
    )),
    "a loop of no width": ("E1098", adding(bad(loop=ForEach(Range(0, 3), parallelism=0)))),
    "a range on the spot": ("E1098", adding(bad(loop=ForEach(Range(0, 3, 0))))),
    "a field of numbers": ("E1098", adding(
        bad(inputs={"x": Item("a")}, loop=ForEach(Constant((1, 2))))
    )),
    "two outputs of a name": ("E1099", adding(bad(outputs=(Y, Y)))),
    "two workflows of a name": ("E1099", lambda flow: adding(
        Node("one", Call("called-part"), {"x": Constant(1)}),
        workflows=(*flow.workflows, PART, replace(PART, place=PLACE)),
    )(flow)),
    "a parameter's name": ("E1099", lambda flow: replace(
        flow, parameters={**flow.parameters, "a b": ParameterDeclaration()}, place=PLACE
    )),
    "an input's name": ("E1097", adding(bad(inputs={"a b": Constant(1)}))),
    "a default": ("E1097", lambda flow: replace(
        flow, parameters={**flow.parameters, "n": ParameterDeclaration("int", "abc")}, place=PLACE
    )),
    "no time": ("E1097", adding(bad(timeout=0))),
    "less than no retries": ("E1097", adding(bad(retry=Retry(-1)))),
    "an unknown class of errors": ("E1097", adding(bad(retry=Retry(1, ("transeint",))))),
    "a wait before now": ("E1097", adding(bad(retry=Retry(1, backoff=Backoff(-1))))),
    "a cache for no time": ("E1097", adding(bad(cache=Cache(ttl=0)))),
    "less than no processor": ("E1097", adding(bad(resources=Resources(cpu=-1)))),
    "no memory": ("E1097", adding(bad(resources=Resources(memory=0)))),
    "a volume of nowhere": ("E1097", adding(bad(mounts=(Mount("nowhere", "/data"),)))),
    "a volume without a source": ("E1097", lambda flow: replace(
        flow, volumes=(Volume("v", "claim"),), place=PLACE
    )),
    "an unknown store": ("E1097", adding(
        bad(files={"f": InputFile("/f", Artifact("ftp", "x"))})  # type: ignore[arg-type]
    )),
    "a secret without a key": ("E1097", adding(bad(env={"A": SecretKey("a", "")}))),
    "a variable's name": ("E1097", adding(bad(env={"A B": "c"}))),
    "no image": ("E1097", adding(bad(operation=Container("")))),
    "no interpreter": ("E1097", adding(bad(operation=Script("", command=())))),
    "a request in no time": ("E1097", adding(bad(operation=Http("http://a", timeout=0)))),
    "a wait into the past": ("E1097", adding(bad(operation=Suspend(-1)))),
    "no steps at a time": ("E1097", lambda flow: replace(flow, parallelism=0, place=PLACE)),
    "no time at all": ("E1097", lambda flow: replace(flow, timeout=math.nan, place=PLACE)),
    "a schedule of a part": ("E1097", lambda flow: adding(
        Node("one", Call("called-part"), {"x": Constant(1)}), workflows=(
            *flow.workflows, replace(PART, schedule=Schedule(("* * * * *",)), place=PLACE)
        ),
    )(flow)),
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
@settings(max_examples=2)
def test_what_cannot_run_is_found(what: str, random: Random) -> None:
    code, mutation = MUTATIONS[what]
    with pytest.raises(ProgramError) as caught:
        verify(mutation(random_workflow(random)))
    (fault,) = caught.value.diagnostics
    assert fault.code == code
    assert fault.label == "at flow.py:7:3"


def test_a_schedule_that_names_no_time_is_no_schedule() -> None:
    workflow = Workflow("w", (Node("a", Script("")),), schedule=Schedule(("soon",)), place=PLACE)
    with pytest.raises(ProgramError, match="no schedule") as caught:
        render(workflow, "argo", Options())
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.label) == ("E1097", "at flow.py:7:3")


BROKEN: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "`nodes` is to be a list, not an object": ("", lambda told: told.update(nodes={})),
    "`name` is missing": ("", lambda told: told.pop("name")),
    "`parallel` is known to nobody": ("", lambda told: told.update(parallel=1)),
    "`timeout` is to be a number or null, not 'soon'": (
        "", lambda told: told.update(timeout="soon")
    ),
    "`nodes[0].operation.kind` cannot be 'shell'": (
        "at flow.py:7:3", lambda told: told["nodes"][0]["operation"].update(kind="shell")
    ),
    "`nodes[0].after[0].status` cannot be 'done'": (
        "at flow.py:7:3", lambda told: told["nodes"][0]["after"][0].update(status="done")
    ),
    "`nodes[0].inputs.x.kind` is missing": (
        "at flow.py:7:3", lambda told: told["nodes"][0].update(inputs={"x": {"value": 1}})
    ),
    "`name` has half a character": ("", lambda told: told.update(name="\ud800")),
}  # fmt: skip


@pytest.mark.parametrize("message", BROKEN)
def test_json_that_is_no_workflow_is_told_with_the_way_to_it(message: str) -> None:
    label, breaking = BROKEN[message]
    told = to_json(Workflow("w", (bad(after=(After("a"),)), Node("a", Script("")))))
    breaking(told)
    with pytest.raises(ProgramError) as caught:
        from_json(told)
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.label) == ("E1096", label)
    assert message in fault.message


@given(randoms, st.data())
@settings(max_examples=25, deadline=None)
def test_broken_json_is_an_error_and_never_fails_otherwise(random: Random, data: Any) -> None:
    told = json.loads(json.dumps(to_json(random_workflow(random))))
    where, key = data.draw(st.sampled_from([*_places(told)]))
    where[key] = data.draw(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
        | st.lists(st.integers(), max_size=2) | st.just({"kind": "item"})
        | st.sampled_from([copy.deepcopy(a[b]) for a, b in _places(told)])
    )  # fmt: skip
    with suppress(ProgramError):
        verify(from_json(told))


def _places(told: Any) -> Iterator[tuple[Any, Any]]:
    """Where JSON can be changed: what holds each value, and by which key."""
    for key, value in told.items() if isinstance(told, dict) else enumerate(told):
        yield told, key
        if isinstance(value, dict | list):
            yield from _places(value)


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
