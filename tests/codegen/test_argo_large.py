"""Workflows larger than Argo takes in one graph or one object."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
import yaml

from sqlml.codegen.argo.objects import BYTES, TASKS, TEMPLATES
from sqlml.codegen.engine import Options, render
from sqlml.codegen.lint import lint
from sqlml.errors import ProgramError
from sqlml.source import Source
from sqlml.workflow.graph import givers
from sqlml.workflow.ir import (
    After,
    Comparison,
    Constant,
    Container,
    HasStatus,
    InputFile,
    Node,
    Output,
    OutputDeclaration,
    Outputs,
    Parameter,
    ParameterDeclaration,
    Place,
    RunId,
    Script,
    Take,
    Volume,
    Workflow,
)
from sqlml.workflow.parts import in_parts

RESULT = (OutputDeclaration("result", "parameter"),)
TAG = re.compile(r"\{\{(\w+)\.([\w-]+)\.([\w.-]+)\}\}")


def chain(size: int) -> Workflow:
    """Each step prints a number of its own and takes what the tenth before it has printed."""
    nodes = []
    for i in range(size):
        inputs = {"depth": Parameter("depth"), "run": RunId()}
        if i >= 10:
            inputs["x"] = Output(f"s{i - 10}", "result")
        command = Container("alpine", ("echo",), (f"number {i}", *map(Take, inputs)))
        guard = Comparison(Parameter("depth"), ">", Constant(i)) if i % 100 == 99 else None
        after = (After(f"s{i - 1}", "passed"),) if i % 7 == 6 else ()
        nodes.append(Node(f"s{i}", command, inputs, RESULT, after, guard=guard))
    return Workflow(
        "chain",
        tuple(nodes),
        {"depth": ParameterDeclaration("int", 10_000)},
        {"last": Output(f"s{size - 1}", "result")},
    )


def manifests(workflow: Workflow) -> dict[str, Any]:
    """By name, each within Argo's limits."""
    files = render(workflow, "argo", Options())
    sources = [Source(name, text) for name, text in files.items()]
    assert [fault.message for fault in lint(sources)] == []
    for text in files.values():
        spec = next(each for each in yaml.load_all(text, yaml.CSafeLoader))["spec"]
        assert len(text) < BYTES
        assert len(spec["templates"]) <= TEMPLATES
        assert all(len(t.get("dag", {}).get("tasks", ())) <= TASKS for t in spec["templates"])
    told = [yaml.load(text.removeprefix("---\n"), yaml.CSafeLoader) for text in files.values()]
    return {each["metadata"]["name"]: each for each in told}


def templates(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {each["name"]: each for each in manifest["spec"]["templates"]}


def argument(task: Mapping[str, Any], name: str) -> str:
    parameters = task.get("arguments", {}).get("parameters", ())
    return next(each["value"] for each in parameters if each["name"] == name)  # type: ignore[no-any-return]


def test_more_steps_than_one_graph_holds_are_graphs_of_graphs() -> None:
    (manifest,) = manifests(chain(450)).values()
    known = templates(manifest)
    main = known["chain"]["dag"]["tasks"]
    sizes = [len(known[task["template"]]["dag"]["tasks"]) for task in main]
    assert (len(sizes), sum(sizes)) == (3, 450)
    assert [task.get("dependencies", []) for task in main] == [[], ["group-1"], ["group-2"]]
    assert known["chain"]["outputs"]["parameters"][0]["valueFrom"]["parameter"] == (
        "{{tasks.group-3.outputs.parameters.s449-result}}"
    )
    groups = {task["name"]: (task, known[task["template"]]) for task in main}
    texts = set()
    for group, (call, template) in groups.items():
        for task in template["dag"]["tasks"]:
            number = int(task["name"][1:])
            texts.add(argument(task, "text-1"))
            assert argument(task, "depth") == "{{inputs.parameters.depth}}"
            assert argument(call, "depth") == "{{workflow.parameters.depth}}"
            if number >= 10:
                assert origin(argument(task, "x"), group, groups) == f"s{number - 10}"
    assert texts == {f"number {i}" for i in range(450)}  # one template for all of them
    assert len(known) == 1 + 3 + 2  # those that take an `x`, and those that do not


def test_scripts_share_a_template_where_there_are_too_many_for_one_each() -> None:
    nodes = [Node(f"a{i}", Script(f"print({i})", "python:3")) for i in range(150)]
    nodes += [Node(f"b{i}", Script(f"print({i})", "python:3", args=("x",))) for i in range(150)]
    (manifest,) = manifests(Workflow("scripts", tuple(nodes))).values()
    known = templates(manifest)
    assert [*known] == ["scripts", "group-1", "run-script", "run-container", "group-2"]
    (file,) = known["run-container"]["inputs"]["artifacts"]
    parameter = file["raw"]["data"].removeprefix("{{inputs.parameters.").removesuffix("}}")
    last = known["group-2"]["dag"]["tasks"][-1]
    assert argument(last, parameter) == "print(149)"


def test_the_program_of_a_command_is_a_text_of_its_template_unless_there_are_too_many() -> None:
    def nodes(programs: int) -> tuple[Node, ...]:
        return tuple(
            Node(f"s{i}", Container("a", (f"p{i % programs}", f"{i}"))) for i in range(300)
        )

    (few,) = manifests(Workflow("few", nodes(3))).values()
    shared = [t["container"]["command"] for t in few["spec"]["templates"] if "container" in t]
    assert shared == [[f"p{i}", "{{inputs.parameters.text-1}}"] for i in range(3)]
    (many,) = manifests(Workflow("many", nodes(300))).values()
    known = templates(many)
    (shape,) = [t for t in known.values() if "container" in t]
    assert shape["container"]["command"] == [f"{{{{inputs.parameters.text-{n}}}}}" for n in (1, 2)]
    last = known["group-2"]["dag"]["tasks"][-1]
    assert [argument(last, f"text-{n}") for n in (1, 2)] == ["p299", "299"]


def test_templates_of_more_kinds_than_one_object_holds_are_in_several_objects() -> None:
    nodes = (Node(f"s{i}", Container(f"image-{i}", ("echo",))) for i in range(300))
    found = manifests(Workflow("kinds", tuple(nodes)))
    assert [*found] == ["kinds", *(f"kinds-part-{i}" for i in range(1, len(found)))]
    images = {
        t["container"]["image"]
        for each in found.values()
        for t in each["spec"]["templates"]
        if "container" in t
    }
    assert len(images) == 300


def origin(value: str, group: str, groups: Mapping[str, tuple[Any, Any]]) -> str:
    """The step that an argument comes from, through the groups it passes."""
    tag = TAG.fullmatch(value)
    assert tag
    root, name, rest = tag.groups()
    if root == "tasks":
        assert rest == "outputs.result"
        return name
    outer = TAG.fullmatch(argument(groups[group][0], rest))
    assert outer
    _, giver, output = outer.groups()
    declared = groups[giver][1]["outputs"]["parameters"]
    source = next(o for o in declared if o["name"] == output.removeprefix("outputs.parameters."))
    return origin(source["valueFrom"]["parameter"], giver, groups)


def test_many_steps_are_workflows_that_a_workflow_starts() -> None:
    told = manifests(chain(2_100))
    assert [*told] == ["chain", "chain-part-1", "chain-part-2"]
    assert [each["kind"] for each in told.values()] == ["Workflow"] + ["WorkflowTemplate"] * 2
    known = templates(told["chain"])
    first, second = known["chain"]["dag"]["tasks"]
    assert second["dependencies"] == ["chain-part-1"]
    *_, name = [each["name"] for each in second["arguments"]["parameters"]]
    assert argument(second, name) == f"{{{{tasks.chain-part-1.outputs.parameters.{name}}}}}"
    start = known[first["template"]]
    assert start["resource"]["successCondition"] == "status.phase == Succeeded"
    path = f'{{.status.outputs.parameters[?(@.name=="{name}")].value}}'
    assert {"name": name, "valueFrom": {"jsonPath": path}} in start["outputs"]["parameters"]
    started = start["resource"]["manifest"]
    assert "    name: chain-part-1\n" in started
    assert "value: {{=toJson(inputs.parameters['run-id'])}}\n" in started
    assert argument(first, "run-id") == "{{workflow.uid}}"
    part = told["chain-part-1"]["spec"]
    shared = {o["globalName"] for t in part["templates"][:1] for o in t["outputs"]["parameters"]}
    assert name in shared
    assert {"name": "run-id", "valueFrom": {"supplied": {}}} in part["arguments"]["parameters"]


def test_what_is_long_is_parted_sooner() -> None:
    long = Container("alpine", ("echo",), ("x" * 50_000,))
    nodes = tuple(Node(f"s{i}", long, env={"I": str(i)}) for i in range(30))
    told = manifests(Workflow("long", nodes))
    assert len(told) > 2
    with pytest.raises(ProgramError, match="is too large for Argo Workflows"):
        render(Workflow("w", (Node("a", Container("a", ("x" * BYTES,))),)), "argo", Options())


def test_links_that_are_no_values_are_kept_within_a_graph() -> None:
    """Steps in turn fail and are mended, write files and are read: by names far from each other."""
    nodes = [Node(f"s{i}", Container("a"), outputs=(*RESULT, *FILE)) for i in range(250)]
    for i in range(250):
        file = InputFile("/g", Output(f"s{i}", "f"))
        links: tuple[dict[str, Any], ...] = (
            {"after": (After(f"s{i}", "failed"),)},
            {"guard": HasStatus("failed", f"s{i}")},
            {"files": {"f": file}},
            {"inputs": {"x": Outputs((f"s{i}",), "result")}},
        )
        nodes.append(Node(f"t{i}", Container("a"), **links[i % 4]))
    (manifest,) = manifests(Workflow("mended", tuple(nodes))).values()
    known = templates(manifest)
    groups = [known[task["template"]] for task in known["mended"]["dag"]["tasks"]]
    of = {task["name"]: i for i, each in enumerate(groups) for task in each["dag"]["tasks"]}
    assert all(of[f"s{i}"] == of[f"t{i}"] for i in range(250))


def test_a_workflow_in_parts_has_them_as_workflows_of_their_own() -> None:
    groups = [[f"s{i}" for i in range(start, start + 10)] for start in (0, 10, 20)]
    told = manifests(in_parts(chain(30), groups))
    assert [*told] == ["chain", "chain-part-1", "chain-part-2", "chain-part-3"]
    inside = templates(told["chain-part-2"])["chain-part-2"]["dag"]["tasks"]
    assert [task["name"] for task in inside] == groups[1]
    assert argument(inside[0], "x") == "{{workflow.parameters.s0-result}}"


FILE = (OutputDeclaration("f", "artifact", path="/f"),)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ({"after": (After("s0", "failed"),)}, "step `last` asks for the status of `s0`"),
        ({"guard": HasStatus("failed", "s0")}, "step `last` asks for the status of `s0`"),
        (
            {"files": {"f": InputFile("/f", Output("file", "f"))}},
            "step `last` takes a file of `file`",
        ),
        ({"inputs": {"x": Outputs(("s0",), "result")}}, "step `last` collects the output of `s0`"),
    ],
)
def test_what_cannot_pass_between_parts_is_told_at_the_step(
    last: dict[str, Any], message: str
) -> None:
    nodes = [Node("file", Container("a"), outputs=FILE)]
    for i in range(TASKS):
        nodes.append(Node(f"s{i}", Container("a"), outputs=RESULT, after=(After(nodes[-1].name),)))
    between = Node("between", Container("a"), after=(After(nodes[-1].name),))
    last["after"] = (*last.get("after", ()), After("between"))
    nodes += [between, Node("last", Container("a"), place=Place("flow.py", 9), **last)]
    with pytest.raises(ProgramError) as caught:
        render(Workflow("w", tuple(nodes)), "argo", Options())
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.label) == ("E0728", "at flow.py:9:1")
    assert fault.message.startswith(message)


def test_a_volume_of_the_run_is_not_shared_by_objects() -> None:
    nodes = tuple(Node(f"s{i}", Container("a")) for i in range(2_001))
    with pytest.raises(ProgramError, match="too large for one object"):
        render(Workflow("w", nodes, volumes=(Volume("v", "new-claim"),)), "argo", Options())


def test_values_that_pass_a_long_way_are_passed_between_slices_of_the_steps() -> None:
    random = Random(0)
    nodes = [Node("s0", Container("a"), outputs=RESULT)]
    for i in range(1, 2_300):
        before = {random.randint(max(0, i - 480), i - 1) for _ in range(2)}
        inputs = {f"x{j}": Output(f"s{each}", "result") for j, each in enumerate(before)}
        echo = Container("a", ("echo", *map(Take, inputs)))
        nodes.append(Node(f"s{i}", echo, inputs, RESULT))
    files = render(Workflow("w", tuple(nodes)), "argo", Options())
    assert [*files] == ["w.yaml", "w-part-1.yaml", "w-part-2.yaml"]
    main = yaml.load(files["w.yaml"], yaml.CSafeLoader)
    _, second = templates(main)["w"]["dag"]["tasks"]
    taken = [each["name"] for each in second["arguments"]["parameters"]]
    late = {f"s{i}" for i in range(2_000, 2_300)}
    expected = {giver for n in nodes if n.name in late for giver in givers(n)} - late
    assert {name.removesuffix("-result") for name in taken} == expected
