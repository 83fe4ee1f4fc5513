"""Whatever the workflow, Argo's manifest of it is valid, and has its order."""

import re
from dataclasses import replace
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sqlml.codegen.engine import Options, render
from sqlml.codegen.lint import lint
from sqlml.source import Source
from sqlml.workflow.graph import givers, needs
from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
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
    Not,
    Output,
    OutputDeclaration,
    Outputs,
    Parameter,
    ParameterDeclaration,
    Placement,
    Range,
    Repeat,
    Resource,
    Resources,
    Retry,
    RunId,
    Schedule,
    Script,
    SecretKey,
    Suspend,
    Take,
    Toleration,
    Volume,
    Workflow,
)

NAMES = re.compile(r"\b(n\d+)\b")
TEXTS = st.sampled_from(
    [
        "",
        "a",
        "heads",
        "1e3",
        "it's",
        'say "x"',
        "{{x}}",
        "f'{{y}}' {{",
        "a\nb\n",
        "yes",
        "${A}",
        "é",
    ]
) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
VALUES = TEXTS | st.integers(-9, 99) | st.booleans() | st.none() | st.floats(0, 1)
COMPARATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
PODS = (Container, Script)
STATUSES = st.sampled_from(["succeeded", "failed", "skipped", "passed", "finished"])
RETRIES = st.builds(
    Retry,
    st.integers(1, 5),
    st.sampled_from([("any",), ("transient",), ("resource", "transient")]),
    st.builds(Backoff, st.sampled_from([0.0, 0.5, 3.0]), st.sampled_from([1.0, 2.5])),
)


@st.composite
def operations(draw: Any, takes: list[str]) -> Any:
    """What a step does, taking some of its inputs in its texts."""
    taken = st.sampled_from(takes).map(Take) if takes else st.just("x")
    texts = TEXTS | taken | st.tuples(TEXTS, taken).map(Join)
    lines = TEXTS.filter(lambda text: "\n" not in text) | taken  # a comment ends with its line
    arguments = st.lists(texts, max_size=3).map(tuple)
    return draw(
        st.builds(Container, st.just("alpine"), arguments, arguments)
        | st.builds(Script, TEXTS, st.sampled_from(["", "python:3"]), args=arguments)
        | st.builds(Resource, lines.map(lambda text: Join(("kind: Job\n# ", text))))
        | st.builds(Suspend, st.none() | st.floats(0.5, 9))
        | st.builds(Http, texts.map(lambda text: Join(("http://x/", text))), body=texts)
    )


@st.composite
def nodes(
    draw: Any, number: int, earlier: list[Node], parameters: list[str], calls: list[Workflow]
) -> Node:
    outputs, files = outputs_of(earlier, "parameter"), outputs_of(earlier, "artifact")
    name = f"n{number}"
    loop = draw(st.none() | loops(name, outputs))
    sources: Any = VALUES.map(Constant) | st.just(RunId())
    if outputs:
        sources |= st.sampled_from(outputs)
        sources |= st.lists(st.sampled_from(outputs), max_size=2).map(
            lambda each: Outputs(tuple(o.node for o in each if o.name == "result"), "result")
        )
    if parameters:
        sources |= st.sampled_from(parameters).map(Parameter)
    if isinstance(loop, ForEach):
        sources |= st.just(Item())
    before = [node.name for node in earlier]
    afters = st.lists(st.builds(After, st.sampled_from(before), STATUSES), max_size=2)
    node = Node(
        name,
        Suspend(),
        after=tuple(draw(afters)) if before else (),
        guard=draw(st.none() | conditions(outputs, earlier, parameters)),
        loop=loop,
    )
    plain = replace(node, loop=None) if isinstance(loop, Repeat) else node
    if calls and draw(st.booleans()):
        called = draw(st.sampled_from(calls))
        inputs = {each: draw(sources) for each in called.parameters}
        declared = tuple(OutputDeclaration(each, "parameter") for each in called.outputs)
        return possible(
            replace(plain, operation=Call(called.name), inputs=inputs, outputs=declared)
        )
    inputs = draw(st.dictionaries(st.sampled_from(["a", "b-c", "d_e"]), sources, max_size=3))
    operation = draw(operations([*inputs]))
    if not isinstance(operation, PODS):
        return possible(replace(plain, operation=operation, inputs=inputs))
    return possible(draw(as_pod(replace(node, operation=operation, inputs=inputs), files)))


def possible(node: Node) -> Node:
    """The step, asking nobody for two statuses."""
    others = {*givers(node)}
    after = {each.node: each for each in node.after if each.node not in others}
    return replace(node, after=tuple(after.values()))


@st.composite
def as_pod(draw: Any, node: Node, files: list[Output]) -> Node:
    """The node with what only pods have."""
    stored = st.none() | st.just(Artifact("s3", "b/k"))
    written = OutputDeclaration("f", "artifact", path="/f", artifact=draw(stored))
    source = draw(st.sampled_from([*files, Artifact("http", "http://x/y")]))
    caches = st.builds(Cache, st.sampled_from(["", "key"]), st.none() | st.integers(1, 99))
    resources = [Resources(), Resources(0.5, 2**28), Resources(gpu=2, others={"x/y": "1"})]
    return replace(
        node,
        outputs=(
            OutputDeclaration("result", "parameter"),
            OutputDeclaration("p", "parameter", path="/tmp/p"),
            *((written,) if node.loop is None else ()),
        ),
        resources=draw(st.sampled_from(resources)),
        env={"A": draw(TEXTS), "S": SecretKey("s", "k")},
        files=draw(st.sampled_from([{}, {"in": InputFile("/in", source)}])),
        mounts=draw(st.sampled_from([(), (Mount("data", "/data", read_only=True),)])),
        retry=draw(st.none() | RETRIES),
        timeout=draw(st.none() | st.floats(0.5, 100)),
        cache=draw(st.none() | caches),
    )


def outputs_of(nodes: list[Node], kind: str) -> list[Output]:
    return [
        Output(node.name, each.name) for node in nodes for each in node.outputs if each.kind == kind
    ]


@st.composite
def loops(draw: Any, name: str, outputs: list[Output]) -> Any:
    items = st.lists(VALUES | st.dictionaries(st.just("k"), VALUES, min_size=1), max_size=3)
    listed = st.one_of(
        items.map(lambda each: Constant(tuple(each))),
        st.builds(Range, st.integers(0, 3), st.integers(0, 9), st.integers(1, 3)),
        *([st.sampled_from(outputs)] if outputs else []),
    )
    parallelism = st.none() | st.integers(1, 4)
    condition = st.builds(
        Comparison, st.just(Output(name, "result")), COMPARATORS, VALUES.map(Constant)
    )
    return draw(
        st.builds(ForEach, listed, parallelism) | st.builds(Repeat, condition, st.integers(1, 9))
    )


@st.composite
def conditions(draw: Any, outputs: list[Output], earlier: list[Node], parameters: list[str]) -> Any:
    lists = {node.name for node in earlier if isinstance(node.loop, ForEach)}
    single: Any = VALUES.map(Constant)
    if outputs and (ordered := [output for output in outputs if output.node not in lists]):
        single |= st.sampled_from(ordered)
    if parameters:
        single |= st.sampled_from(parameters).map(Parameter)
    operands = single | st.sampled_from(outputs) if outputs else single
    leaves: Any = st.builds(Comparison, operands, st.sampled_from(["==", "!="]), operands)
    leaves |= st.builds(Comparison, single, COMPARATORS, single)
    if earlier:
        leaves |= st.builds(HasStatus, STATUSES, st.sampled_from([node.name for node in earlier]))
    terms = lambda inner: st.lists(inner, max_size=3).map(tuple)  # noqa: E731
    return draw(
        st.recursive(
            leaves,
            lambda inner: st.builds(Not, inner) | terms(inner).map(AllOf) | terms(inner).map(AnyOf),
            max_leaves=4,
        )
    )


@st.composite
def parts(draw: Any, name: str, calls: list[Workflow]) -> Workflow:
    given_or_not = st.builds(ParameterDeclaration, default=VALUES)
    given_or_not |= st.just(ParameterDeclaration(required=True))
    declared = draw(st.dictionaries(st.sampled_from(["p", "q-r"]), given_or_not))
    made: list[Node] = []
    for number in range(draw(st.integers(1, 5))):
        made.append(draw(nodes(number, made, [*declared], calls)))
    layout = draw(st.sampled_from([{}, {"argo": {"layout": "steps"}}]))
    outputs = [
        Output(node.name, each.name)
        for node in made
        for each in node.outputs
        if each.kind == "parameter"
    ]
    chosen = draw(st.lists(st.sampled_from(outputs), max_size=2)) if outputs else []
    return Workflow(
        name, tuple(made), declared, {f"o{i}": each for i, each in enumerate(chosen)}, ext=layout
    )


def called_by(workflow: Workflow, known: list[Workflow]) -> set[str]:
    """The workflows that one calls, and those that they call."""
    by_name = {each.name: each for each in known}
    operations = [node.operation for node in workflow.nodes]
    called = {each.workflow for each in operations if isinstance(each, Call)}
    return called.union(*(called_by(by_name[name], known) for name in called))


@st.composite
def workflows(draw: Any) -> Workflow:
    calls: list[Workflow] = []
    for number in range(draw(st.integers(0, 2))):
        part = draw(parts(f"sub-{number}", calls))
        calls.append(part)
    top = draw(parts("top", calls))
    calls = [each for each in calls if each.name in called_by(top, calls)]
    ended = HasStatus(draw(st.sampled_from(["succeeded", "failed"])))
    bye = (Node("bye", Container("alpine", ("true",)), guard=ended),)
    toleration = Toleration("gpu", effect="NoSchedule")
    return Workflow(
        draw(st.sampled_from(["top", "Nightly.sql", "n0"])),
        top.nodes,
        top.parameters,
        top.outputs,
        tuple(calls),
        draw(st.sampled_from([(), bye])),
        draw(st.none() | st.integers(1, 9)),
        draw(st.none() | st.floats(1, 99)),
        draw(st.none() | RETRIES),
        draw(st.none() | st.just(Schedule(("0 3 * * *",), "Europe/Zurich", "forbid"))),
        draw(st.none() | st.integers(0, 9)),
        (Volume("data", draw(st.sampled_from(["new-claim", "empty"]))),),
        draw(st.sampled_from([Placement(), Placement({"zone": "a"}, (toleration,))])),
        ext=top.ext,
    )


@given(workflows())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_valid_workflow_becomes_a_valid_manifest(workflow: Workflow) -> None:
    (text,) = render(workflow, "argo", Options()).values()
    assert [fault.message for fault in lint([Source("w.yaml", text)])] == []
    told = yaml.safe_load(text)
    spec = told["spec"].get("workflowSpec", told["spec"])
    (top,) = [each for each in spec["templates"] if each["name"] == spec["entrypoint"]]
    assert spec["templates"][0] is top
    if "dag" in top:
        waits = {
            task["name"]: {*task.get("dependencies", ()), *NAMES.findall(task.get("depends", ""))}
            for task in top["dag"]["tasks"]
            if task["template"] != "nothing"  # it ends a branch that a step ends by failing
        }
        assert waits == {node.name: {*needs(node)} for node in workflow.nodes}
    else:
        at = {step["name"]: i for i, group in enumerate(top["steps"]) for step in group}
        assert all(at[need] < at[node.name] for node in workflow.nodes for need in needs(node))
