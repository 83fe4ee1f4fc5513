"""Argo's manifests, run by an interpreter of what is in them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sqlml.codegen.engine import Options, render
from sqlml.codegen.lint import lint
from sqlml.source import Source
from sqlml.workflow.ir import (
    AllOf,
    Comparison,
    Condition,
    Constant,
    Container,
    ForEach,
    Input,
    Item,
    Join,
    Node,
    Not,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Repeat,
    Script,
    Take,
    Workflow,
)
from sqlml.workflow.serial import thaw
from sqlml.workflow.texts import typed

from .argo_interpreter import Ended, WorkflowRun
from .corpus import CORPUS, compare
from .corpus import step as scripted

STATES = {
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Error": "failed",
    "Skipped": "skipped",
    "Omitted": "skipped",
}


def run(
    workflow: Workflow, folder: Path, arguments: Mapping[str, str]
) -> tuple[str, dict[str, Ended]]:
    """How it ended, and how its steps did."""
    texts = render(workflow, "argo", Options()).values()
    objects = [one for text in texts for one in yaml.safe_load_all(text)]
    whole = WorkflowRun(objects, folder / "run", arguments)
    return whole.run(), whole.nodes


def states_of(node: Node, ended: Ended) -> set[str]:
    """What its phase may mean: a loop without items is skipped there, and one whose rounds are all
    skipped has succeeded."""
    found = {STATES[ended.phase]}
    if isinstance(node.loop, ForEach):
        of_nothing = ended.phase == "Skipped"
        all_skipped = ended.rounds and {each.phase for each in ended.rounds} == {"Skipped"}
        found |= {"succeeded"} if of_nothing else {"skipped"} if all_skipped else set()
    return found


def result(node: Node, ended: Ended, name: str = "result") -> Any:
    """An output of a step; of one for each of some items, the list of theirs."""
    (declared,) = [one for one in node.outputs if one.name == name]

    def told(one: Ended) -> str:
        return one.parameters.get(name, one.result) or ""

    if not isinstance(node.loop, ForEach):
        return thaw(typed(told(ended), declared.type))
    if ended.rounds:
        return [thaw(typed(told(one), declared.type)) for one in ended.rounds]
    return [thaw(typed(one, declared.type)) for one in json.loads(told(ended) or "[]")]


# What a user's image does not tell by its exit code, Argo does not try again.
DIFFERENT = {"busy": "failed"}


@pytest.mark.parametrize("name", CORPUS)
def test_a_workflow_comes_to_the_same_there(name: str, tmp_path: Path) -> None:
    sample = CORPUS[name]
    arguments = {"folder": str(tmp_path)} if "folder" in sample.workflow.parameters else {}
    phase, nodes = run(sample.workflow, tmp_path, arguments)
    by_name = {node.name: node for node in (*sample.workflow.nodes, *sample.workflow.on_exit)}
    for step, state in sample.states.items():
        wanted = DIFFERENT.get(step, state)
        assert states_of(by_name[step], nodes[step]) >= {wanted}, nodes[step].message
    for step, value in sample.outputs.items():
        if step not in DIFFERENT:
            assert result(by_name[step], nodes[step]) == value
    failed = "failed" in sample.states.values()
    assert phase == ("Failed" if failed else "Succeeded")


@pytest.mark.parametrize(
    ("limit", "wanted"),
    [(1, 1), (1, 2), (7, 3), (64, 9), (90, 91), (91, 92), (100, 51), (150, 150), (1000, 203)],
)
def test_a_loop_has_as_many_rounds_as_are_wanted(limit: int, wanted: int, tmp_path: Path) -> None:
    """A step counts its rounds; those that it still wants after `limit` rounds fail it."""
    count = f"read n < {tmp_path}/n; n=$((n + 1)); echo $n > {tmp_path}/n; echo $n"
    (tmp_path / "n").write_text("0\n")
    counting = Node(
        "count",
        Container("alpine", ("sh", "-c", count)),
        outputs=(OutputDeclaration("result", "parameter", type="int"),),
        loop=Repeat(compare("count", "<", wanted), limit),
    )
    last = Node("last", Container("alpine", ("echo", Take("x"))), {"x": Output("count", "result")})
    workflow = Workflow("w", (counting, last))
    assert not lint([Source("w.yaml", *render(workflow, "argo", Options()).values())])
    phase, nodes = run(workflow, tmp_path, {})
    assert int((tmp_path / "n").read_text()) == min(limit, wanted)
    if wanted <= limit:
        assert (phase, nodes["last"].result) == ("Succeeded", str(wanted))
    else:
        assert (phase, nodes["count"].phase, nodes["last"].phase) == ("Failed", "Failed", "Omitted")


VALUES = (
    "it's",
    'say "x"',
    "a\\b",
    "' == '",
    "{{x}}",
    "{ }}",
    "1 || true",
    "5",
    "true",
    "",
    "é\nb",
)


@pytest.mark.parametrize("value", VALUES)
def test_a_condition_is_about_a_value_whatever_is_in_it(value: str, tmp_path: Path) -> None:
    own = scripted("own", "sys.stdout.write(args[0])", inputs={"x": Constant(value)})
    conditions: dict[str, Condition] = {
        "same": compare("own", "==", value),
        "other": compare("own", "!=", value),
        "given": Comparison(Parameter("p"), "==", Constant(value)),
        "five": compare("own", "==", 5),
        "not-five": compare("own", "!=", 5),
    }
    guarded = [scripted(name, "print(1)", guard=guard) for name, guard in conditions.items()]
    of_items = scripted(
        "items",
        "print(1)",
        inputs={"x": Item()},
        loop=ForEach(Constant((value, "else"))),
        guard=Comparison(Item(), "==", Constant(value)),
    )
    workflow = Workflow("w", (own, *guarded, of_items), {"p": ParameterDeclaration()})
    _, nodes = run(workflow, tmp_path, {"p": value})
    told = {name: STATES[nodes[name].phase] for name in conditions}
    is_five = value == "5"
    wanted = {"same": True, "other": False, "given": True, "five": is_five, "not-five": not is_five}
    assert told == {name: "succeeded" if holds else "skipped" for name, holds in wanted.items()}
    assert nodes["items"].rounds is not None
    assert [each.phase for each in nodes["items"].rounds] == ["Succeeded", "Skipped"]


@pytest.mark.parametrize("text", ["{", "a{{{", "{{", "}}{ '", "{{=1+1}}{", "\\\n{"])
def test_braces_beside_a_value_stay_braces(text: str, tmp_path: Path) -> None:
    joined = Join((text, Take("x"), text))
    script = Script("import sys; sys.stdout.write(sys.argv[1])", args=(joined,))
    outputs = (OutputDeclaration("result", "parameter"),)
    node = Node("joined", script, {"x": Constant("v")}, outputs)
    _, nodes = run(Workflow("w", (node,)), tmp_path, {})
    assert nodes["joined"].result == f"{text}v{text}"


TEXTS = ("[1, 2]", '{"a": 1}', "007", "7", "1.0", "true", "null", '"x"', "=", "", "é\n ", "it's")


def said(name: str, value: Input, loop: ForEach | None = None, path: str = "") -> Node:
    """A step that prints what it is given, or writes it, as JSON."""
    outputs = (
        OutputDeclaration("result", "parameter", path=path, type="json" if path else "text"),
    )
    script = Script(f'printf %s "$1" {path and "> " + path}', command=("sh",), args=(Take("x"),))
    return Node(name, script, {"x": value}, outputs, loop=loop)


@pytest.mark.parametrize("parallelism", [None, 2])
@pytest.mark.parametrize("texts", [TEXTS, ("[1, 2]", '{"b": 1, "a": 2.0}'), ()])
def test_a_list_of_texts_is_of_the_texts_that_the_rounds_gave(
    texts: tuple[str, ...], parallelism: int | None, tmp_path: Path
) -> None:
    each = said("each", Item(), ForEach(Constant(texts), parallelism))
    given = Output("each", "result")
    workflow = Workflow("w", (each, said("whole", given), said("again", Item(), ForEach(given))))
    assert not lint([Source("w.yaml", *render(workflow, "argo", Options()).values())])
    _, nodes = run(workflow, tmp_path, {})
    assert json.loads(nodes["whole"].result or "") == list(texts)
    assert [one.result for one in nodes["again"].rounds or ()] == list(texts)


@pytest.mark.parametrize("values", [([1, 2], {"a": "b"}), (1, "x", [3]), ("[1]",)])
def test_lists_of_json_are_lists_of_its_values(values: tuple[Any, ...], tmp_path: Path) -> None:
    items = Constant(tuple(map(json.dumps, values)))
    each = said("each", Item(), ForEach(items), "/tmp/out/value")
    _, nodes = run(Workflow("w", (each, said("whole", Output("each", "result")))), tmp_path, {})
    assert json.loads(nodes["whole"].result or "") == list(values)


AWKWARD = ("it's", "a' || 'b' == 'b", "\\", "{{x}}", "5", "true", "é\nb", 'say "x"')


@pytest.mark.parametrize("value", AWKWARD)
def test_a_condition_on_a_field_of_an_item_is_about_its_value(value: str, tmp_path: Path) -> None:
    """Of items that are known, and of those that a run makes; compared with all kinds of values."""
    items = ({"x": value, "my-n": 1}, {"x": "else", "my-n": 2}, {"x": value, "my-n": 3})
    given = (Constant(value), Parameter("p"), Output("own", "result"))
    number = Not(Comparison(Item("my-n"), ">", Constant(2)))
    loops = {"known": Constant(items), "made": Output("made", "result")}
    steps = [
        replace(
            said(f"{kind}-{i}", Item("x"), ForEach(loop)),
            guard=AllOf((Comparison(Item("x"), "==", other), number)),
        )
        for kind, loop in loops.items()
        for i, other in enumerate(given)
    ]
    givers = (said("made", Constant(json.dumps(items))), said("own", Constant(value)))
    workflow = Workflow("w", (*givers, *steps), {"p": ParameterDeclaration()})
    assert not lint([Source("w.yaml", *render(workflow, "argo", Options()).values())])
    _, nodes = run(workflow, tmp_path, {"p": value})
    for step in steps:
        rounds = nodes[step.name].rounds or ()
        assert [each.phase for each in rounds] == ["Succeeded", "Skipped", "Skipped"], step.name
        assert rounds[0].result == value


def test_items_are_in_order_with_what_a_step_printed_as_numbers(tmp_path: Path) -> None:
    items = ForEach(Constant(({"n": 9}, {"n": 10}, {"n": "11"}, {"m": 1})))
    most = said("most", Constant("1e1"))
    steps = [
        replace(
            said(name, Constant("x"), items),
            guard=Comparison(Item("n"), sign, Output("most", "result")),
        )
        for name, sign in (("less", "<"), ("same", "=="))
    ]
    _, nodes = run(Workflow("w", (most, *steps)), tmp_path, {})
    told = {name: [each.phase for each in nodes[name].rounds or ()] for name in ("less", "same")}
    assert told["less"] == ["Succeeded", "Skipped", "Skipped", "Error"]
    assert told["same"] == ["Skipped", "Succeeded", "Skipped", "Error"]
