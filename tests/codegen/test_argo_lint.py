"""Manifests that Argo refuses, or takes and then fails on; and those it takes."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sqlml.cli.main import outcome
from sqlml.codegen.argo_lint import lint
from sqlml.codegen.argo_rules.cron import cron_fault
from sqlml.codegen.yaml import dump
from sqlml.source import Source

RIGHT = Path(__file__).parent / "right.yaml"
BASE: dict[str, Any] = yaml.safe_load("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: base}
spec:
  entrypoint: main
  arguments: {parameters: [{name: size, value: "1"}]}
  volumes: [{name: data, emptyDir: {}}]
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: work, arguments: {parameters: [{name: x, value: "{{workflow.parameters.size}}"}]}}
      - {name: b, template: work, depends: a, arguments: {parameters: [{name: x, value: "{{tasks.a.outputs.result}}"}]}}
      - {name: c, template: work, arguments: {parameters: [{name: x, value: "c"}]}}
  - name: work
    inputs: {parameters: [{name: x}]}
    outputs: {parameters: [{name: y, valueFrom: {path: /y}}]}
    container: {image: alpine, args: ["{{inputs.parameters.x}}"], volumeMounts: [{name: data, mountPath: /d}]}
  - name: line
    steps:
    - - {name: s, template: work, arguments: {parameters: [{name: x, value: "1"}]}}
    - - {name: t, template: work, arguments: {parameters: [{name: x, value: "{{steps.s.outputs.parameters.y}}"}]}}
""")  # fmt: skip
MAIN, WORK, LINE = "spec.templates.0.", "spec.templates.1.", "spec.templates.2."
A, B, T = MAIN + "dag.tasks.0.", MAIN + "dag.tasks.1.", LINE + "steps.1.0."
X = "arguments.parameters.0."
RETRY = WORK + "retryStrategy"
GONE = object()
WRONG: list[tuple[str, Any, str]] = [
    ("kind", "Workflo", "E0716 Argo has no `Workflo`"),
    ("apiVersion", "argoproj.io/v1", "E0716 there is no `Workflow` of version"),
    ("kind", GONE, "E0716 the document has no `kind`"),
    ("spec.entrypont", "x", "E0717 `spec` has no field `entrypont`"),
    ("spec.ttlSecondsAfterFinished", 3, "E0717 `spec` has no field `ttlSecondsAfterFinished`"),
    ("spec.parallelism", "2", "E0717 `parallelism` must be a whole number"),
    (WORK + "daemon", "true", "E0717 `daemon` must be true or false"),
    (WORK + "container.args", ["a", 5], "E0717 `args` must be text"),
    (WORK + "container.volumeMounts.0.mountPath", GONE, "E0717 `volumeMounts` lacks `mountPath`"),
    (WORK + "memoize", {"key": "k", "cache": {"configMap": {"name": "c"}}}, "E0717 `memoize` lacks `maxAge`"),
    (WORK + "memoize", {"key": "k", "maxAge": "1h"}, "E0717 `memoize` lacks `cache`"),
    ("spec.templates", "main", "E0717 `templates` must be a list"),
    ("metadata.name", "Big_Name", "E0718 `Big_Name` cannot name a Workflow"),
    ("metadata.name", "n" * 64, "E0718 the name of a Workflow has at most 63"),
    ("metadata.name", GONE, "E0718 the Workflow has no name"),
    (WORK + "name", "wo_rk", "E0718 `wo_rk` cannot name a template"),
    (WORK + "name", "w" * 129, "E0718 the name of a template has at most 128"),
    (WORK + "name", "main", "E0718 there are two of the name `main`"),
    (A + "name", "1a", "E0718 `1a` cannot name a task that others depend on"),
    (MAIN + "dag.tasks.2.name", "a", "E0718 there are two of the name `a`"),
    (WORK + "inputs.parameters.0.name", "x.y", "E0718 `x.y` cannot name a parameter"),
    (T + "name", "s", "E0718 there are two of the name `s`"),
    (T + "name", GONE, "E0718 the step or task has no name"),
    ("spec.entrypoint", "mian", "E0719 there is no template `mian`"),
    ("spec.entrypoint", GONE, "E0719 the workflow has no entrypoint"),
    ("spec.onExit", "bye", "E0719 there is no template `bye`"),
    (A + "template", "wrok", "E0719 there is no template `wrok`"),
    (A + "hooks", {"exit": {"template": "no"}}, "E0719 there is no template `no`"),
    (A + "onExit", "no", "E0719 there is no template `no`"),
    (B + "depends", "aa", "E0719 there is no task `aa`"),
    (MAIN + "dag.target", "z", "E0719 there is no task `z`"),
    (WORK + "container.volumeMounts.0.name", "date", "E0719 there is no volume `date`"),
    ("spec.volumes", GONE, "E0719 there is no volume `data`"),
    (A + X + "value", "{{tasks.c.outputs.result}}", "E0720 `{{tasks.c.outputs.result}}` is not known here"),
    (B + X + "value", "{{tasks.c.outputs.result}}", "E0720 `{{tasks.c.outputs.result}}` is not known here"),
    (B + X + "value", "{{tasks.a.outputs.parameters.z}}", "E0720 `{{tasks.a.outputs.parameters.z}}` is"),
    (T + X + "value", "{{steps.t.outputs.result}}", "E0720 `{{steps.t.outputs.result}}` is not known"),
    (A + X + "value", "{{workflow.parameters.sise}}", "E0720 `{{workflow.parameters.sise}}` is not known"),
    (A + X + "value", "{{workflow.status}}", "E0720 `{{workflow.status}}` is not known here"),
    (A + X + "value", "{{pod.name}}", "E0720 `{{pod.name}}` is not known here"),
    (WORK + "container.image", "{{inputs.parameters.y}}", "E0720 `{{inputs.parameters.y}}` is not known"),
    (WORK + "container.image", "{{tasks.a.outputs.result}}", "E0720 `{{tasks.a.outputs.result}}` is not"),
    (A + X + "value", "{{item}}", "E0720 `{{item}}`: there is no loop here"),
    (A + X + "value", "{{foo.bar}}", "E0720 `{{foo.bar}}`: Argo knows no `foo`"),
    (WORK + "container.args", ["f'{{name}}'"], "E0720 `{{name}}`: Argo knows no `name`"),
    (A + X + "value", "a {{ b", "E0720 a `{{` is not closed"),
    (A + "arguments", GONE, "E0721 input parameter `x` of template `work` is not given"),
    (A + X + "name", "xx", "E0721 template `work` has no input parameter `xx`"),
    (A + X + "value", GONE, "E0721 argument `x` has no value"),
    (MAIN + "inputs", {"parameters": [{"name": "n"}]}, "E0721 input parameter `n` of template `main` is"),
    (MAIN + "inputs", {"artifacts": [{"name": "n"}]}, "E0721 input artifact `n` of template `main` is"),
    ("spec.arguments.parameters.0.value", GONE, "E0721 parameter `size` has no value"),
    (B + "when", "{{tasks.a.outputs.result}} = 3", "E0722 `when` is no expression: `=` has no meaning"),
    (B + "when", "({{tasks.a.outputs.result}} == 3", "E0722 `when` is no expression: `(` is not closed"),
    (B + "when", "a == b and c == d", "E0722 `when` is no expression: an operator is missing before `and`"),
    (RETRY, {"expression": "lastRetry.exitCode >"}, "E0722 `expression` is no expression: something is"),
    (A + X + "value", "{{=1 +}}", "E0722 `{{=1 +}}` is no expression: something is missing behind `+`"),
    (A + X + "value", "{{=}}", "E0722 `{{=}}` is no expression: it is empty"),
    (B + "depends", "a.Succeded", "E0722 `Succeded` is no status of a task"),
    (B + "depends", "a.AllFailed", "E0722 `AllFailed` is of tasks with a loop, and `a` has none"),
    (B + "depends", "a &&", "E0722 `depends` is no expression: something is missing behind `&&`"),
    (A + "depends", "b", "E0723 tasks depend on each other in a circle"),
    (A + "depends", "a", "E0723 tasks depend on each other in a circle: a → a"),
    (WORK + "timeout", "soon", "E0724 `timeout`: `soon` is no time"),
    (WORK + "timeout", "10", "E0724 `timeout`: `10` is no time"),
    (RETRY, {"limit": "many"}, "E0724 `limit`: `many` is no whole number"),
    (RETRY, {"retryPolicy": "Sometimes"}, "E0724 `retryPolicy` cannot be `Sometimes`"),
    (RETRY, {"backoff": {"duration": "1 minute"}}, "E0724 `duration`: `1 minute` is no time"),
    (RETRY, {"backoff": {"factor": "two"}}, "E0724 `factor`: `two` is no number"),
    (WORK + "container.imagePullPolicy", "Often", "E0724 `imagePullPolicy` cannot be `Often`"),
    (WORK + "container.resources", {"limits": {"memory": "4 GB"}}, "E0724 `limits`: `4 GB` is no quantity"),
    (WORK + "activeDeadlineSeconds", 0, "E0724 `activeDeadlineSeconds`: 0 is too small"),
    ("spec.podGC", {"strategy": "Never"}, "E0724 `strategy` cannot be `Never`"),
    ("spec.arguments.parameters.0.enum", ["2"], "E0724 `1` is not in `enum`"),
    (A + "withParam", "nothing", "E0724 `withParam` must be a JSON list, or a reference to one"),
    (A + "withItems", [], ""),
    (MAIN + "dag.tasks", [], "E0726 the graph has no tasks"),
    (WORK + "script", {"image": "a", "source": "b"}, "E0726 template `work` cannot be `container` and `script`"),
    (WORK + "container", GONE, "E0726 template `work` does nothing"),
    (WORK + "container.image", "", "E0726 the container has no image"),
    (A + "withItems", [1], ""),
    (A, {"withItems": [1], "withParam": "[1]"}, "E0726 a step loops over `withItems` or `withParam`"),
    (A + "withSequence", {"count": 1, "end": 2}, "E0726 `withSequence` has either `count` or `end`"),
    (A + "dependencies", ["c"], "E0726 a graph uses `depends` or `dependencies`, not both"),
    (A + "continueOn", {"failed": True}, "E0726 `continueOn` has no meaning where a graph uses `depends`"),
    (MAIN + "activeDeadlineSeconds", 3, "E0726 a template of kind `dag` cannot have `activeDeadlineSeconds`"),
    (LINE + "timeout", "3s", "E0726 a template of kind `steps` cannot have `timeout`"),
    (WORK + "outputs.parameters.0.valueFrom", {"parameter": "x"}, "E0726 a template of kind `container` has no"),
    (WORK + "outputs.parameters.0.valueFrom", GONE, "E0726 output parameter `y` has no source"),
    (WORK + "outputs.parameters.0.valueFrom.jsonPath", "{.a}", "E0726 output parameter `y` is taken from"),
    (WORK + "outputs.artifacts", [{"name": "f"}], "E0726 output artifact `f` has no path"),
    (WORK + "inputs.artifacts", [{"name": "f"}], "E0726 input artifact `f` has no path"),
    (MAIN + "outputs", {"artifacts": [{"name": "f"}]}, "E0726 output artifact `f` has no source"),
    (A + "templateRef", {"name": "t", "template": "u"}, "E0726 a step, task or hook runs one of"),
    (A + "template", GONE, "E0726 a step, task or hook runs one of"),
]  # fmt: skip


def mutated(path: str, value: Any) -> dict[str, Any]:
    """The base manifest with another value at a path; a mapping is merged into one."""
    manifest = deepcopy(BASE)
    place: Any = manifest
    *parents, last = path.rstrip(".").split(".")
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    if path.endswith("."):
        place[int(last)] |= value
    elif value is GONE:
        del place[last]
    else:
        place[last] = value
    return manifest


def told(text: str) -> list[str]:
    return [f"{fault.code} {fault.message}" for fault in lint([Source("w.yaml", text)])]


def test_what_is_right_passes() -> None:
    assert told(RIGHT.read_text("utf-8")) == []
    assert told(dump(BASE)) == []


@pytest.mark.parametrize(("path", "value", "fault"), WRONG)
def test_what_is_wrong_is_found(path: str, value: Any, fault: str) -> None:
    found = told(dump(mutated(path, value)))
    assert any(one.startswith(fault) for one in found) if fault else found == [], found


def test_the_schema_is_strict_all_the_way_down() -> None:
    """No field of the schema, however deep, takes a neighbour that is not in it."""
    manifest = mutated(WORK + "container.env", [{"name": "A", "valueFrom": {"secretKeyRf": {}}}])
    (fault,) = lint([Source("w.yaml", dump(manifest))])
    assert fault.message == "`valueFrom` has no field `secretKeyRf`"
    assert fault.hint == "did you mean `secretKeyRef`?"
    assert fault.span is not None
    assert fault.span.text == "secretKeyRf"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [1", "this is not YAML"),
        ("a: 1\na: 2", "`a` is there twice"),
        ("a: &x [*x]", "an alias holds itself"),
        ("\x01", "this is not YAML"),
        ("a: &a [1,1,1,1,1,1,1,1,1]\n" + "\n".join(
            f"{n}: &{n} [" + ", ".join([f"*{m}"] * 9) + "]" for m, n in zip("abcdefgh", "bcdefghi", strict=True)
        ), "the aliases in it make it too large"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_found_at_its_place(text: str, fault: str) -> None:
    found = lint([Source("w.yaml", text)])
    assert found[0].code == "E0715"
    assert fault in found[0].message
    assert found[0].span is not None


def test_the_limits_of_a_cluster_are_known() -> None:
    tasks = [{"name": f"t{i}", "template": "work", "arguments": {"parameters": [{"name": "x", "value": "1"}]}}
             for i in range(201)]  # fmt: skip
    assert told(dump(mutated(MAIN + "dag.tasks", tasks))) == [
        "E0725 a graph has at most 200 tasks, this has 201"
    ]
    more = [{"name": f"w{i}", "container": {"image": "a"}} for i in range(200)]
    found = told(dump(mutated("spec.templates", BASE["spec"]["templates"] + more)))
    assert found == ["E0725 a workflow has at most 200 templates, this has 203"]


def test_templates_of_other_files_are_known_when_they_are_given() -> None:
    shared = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "shared"},
        "spec": {"templates": [{"name": "t", "container": {"image": "a"}}]},
    }
    user = dump(mutated(A, {"templateRef": {"name": "shared", "template": "u"}, "template": None}))
    assert told(user) == []
    found = lint([Source("w.yaml", user), Source("shared.yaml", dump(shared))])
    assert [fault.message for fault in found] == ["there is no template `u`"]


def test_cron_workflows() -> None:
    spec = {"schedule": "@daily", "workflowSpec": BASE["spec"], "schedules": ["61 * * * *"]}
    manifest = {**BASE, "kind": "CronWorkflow", "metadata": {"name": "c" * 53}, "spec": spec}
    assert told(dump(manifest)) == [
        "E0718 the name of a CronWorkflow has at most 52 characters, this has 53",
        "E0717 `spec` has no field `schedule`",
        "E0724 `schedules`: `61` is no minute",
    ]


@pytest.mark.parametrize(
    "schedule", ["* * * *", "* * * * * *", "@dayly", "*/0 * * * *", "5-1 * * * *"]
)
def test_schedules_that_are_none(schedule: str) -> None:
    assert cron_fault(schedule)


@pytest.mark.parametrize(
    "schedule", ["CRON_TZ=Asia/Tokyo 0 5 * * ?", "1-5/2,7 * 1 JAN sun", "@every 90m"]
)
def test_schedules(schedule: str) -> None:
    assert not cron_fault(schedule)


def test_the_command_tells_places_and_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "right.yml").write_text(RIGHT.read_text("utf-8"), "utf-8")
    assert outcome(["lint", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "1 file, no faults\n"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(dump(mutated("spec.entrypoint", "mian")))
    assert outcome(["lint", str(wrong)]) == 2
    shown = capsys.readouterr().err
    assert f"--> {wrong}:6:15" in shown
    assert "did you mean `main`?" in shown
    assert outcome(["lint", "--json", str(wrong)]) == 2
    assert f'"place": "{wrong}:6:15"' in capsys.readouterr().out
    assert outcome(["lint", str(tmp_path / "nothing")]) == 2
    (tmp_path / "empty").mkdir()
    assert outcome(["lint", str(tmp_path / "empty")]) == 2
