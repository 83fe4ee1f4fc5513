"""Objects that Tekton's webhook refuses, and those it takes."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
import yaml

from sqlml.codegen.engine import Options, render
from sqlml.codegen.lint import lint
from sqlml.codegen.yaml import dump, dump_all
from sqlml.source import Source

from .corpus import CORPUS

BASE: list[dict[str, Any]] = [
    *yaml.safe_load_all("""
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: measure}
spec:
  params: [{name: x}, {name: "y.z", default: "1"}]
  results: [{name: size}]
  steps: [{name: s, image: alpine, script: 'echo $(params["y.z"]) > $(results.size.path)'}]
---
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: flow}
spec:
  params: [{name: n, type: string}]
  workspaces: [{name: data}]
  tasks:
  - {name: a, taskRef: {name: measure}, params: [{name: x, value: $(params.n)}]}
  - name: b
    runAfter: [a]
    when: [{input: $(tasks.a.results.size), operator: in, values: ["1"]}]
    workspaces: [{name: w, workspace: data}]
    timeout: 1h30m
    retries: 2
    taskSpec:
      workspaces: [{name: w}]
      volumes: [{name: v, emptyDir: {}}]
      steps: [{image: "a:$(params.n)", volumeMounts: [{name: v, mountPath: /v}]}]
  - {name: c, matrix: {params: [{name: x, value: [p, q]}]}, taskRef: {name: measure}}
  finally:
  - {name: z, taskRef: {name: measure}, params: [{name: x, value: $(tasks.status)}]}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {generateName: flow-}
spec:
  pipelineRef: {name: flow}
  params: [{name: n, value: "1"}]
  workspaces: [{name: data, emptyDir: {}}]
  timeouts: {pipeline: 2h, tasks: 90m, finally: 30m}
""")
]
GONE = object()
A, B = "1.spec.tasks.0.", "1.spec.tasks.1."


def mutated(path: str, value: Any) -> list[dict[str, Any]]:
    documents = deepcopy(BASE)
    place: Any = documents
    *parents, last = path.split(".")
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if value is GONE:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return documents


def told(documents: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{f.code} {f.message}" for f in lint([Source("t.yaml", dump_all(documents))])]


def test_what_is_right_passes() -> None:
    assert told(BASE) == []
    one = {"apiVersion": "tekton.dev/v1beta1", "kind": "CustomRun", "metadata": {}}
    assert told([one]) == []


@pytest.mark.parametrize("name", CORPUS)
def test_what_we_write_passes(name: str) -> None:
    (text,) = render(CORPUS[name].workflow, "tekton", Options()).values()
    assert lint([Source("t.yaml", text)]) == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("1.kind", "Pipline", "E0791 Tekton has no `Pipline`"),
        ("1.apiVersion", "tekton.dev/v2", "E0791 there is no `Pipeline` of version"),
        ("0.spec.steps", [], "E0791 a task has `steps`"),
        ("0.spec.steps.0.image", GONE, "E0791 the step has no image"),
        ("0.spec.steps.0.command", ["ls"], "E0791 a step has either `script` or `command`"),
        ("2.spec.pipelineSpec", {}, "E0791 a run has either `pipelineRef` or `pipelineSpec`"),
        (A + "taskSpec", {}, "E0791 task `a` has either `taskRef` or `taskSpec`"),
        ("1.spec.params.0.type", "int", "E0791 `int` is no type of parameters"),
        ("1.metadata.name", "Flow_1", "E0792 `Flow_1` cannot name an object"),
        (A + "name", "a" * 64, f"E0792 `{'a' * 64}` cannot name a task"),
        (A + "name", "c", "E0792 there are two of the name `c`"),
        ("1.spec.finally.0.name", "a", "E0792 there are two of the name `a`"),
        ("0.spec.params.0.name", "1x", "E0792 `1x` cannot name a parameter"),
        (B + "runAfter", ["aa"], "E0793 there is no task `aa`"),
        (B + "when.0.input", "$(tasks.no.results.size)", "E0793 there is no task `no`"),
        (
            B + "when.0.input", "$(tasks.a.results.sise)",
            "E0793 there is no result of task `a` with the name `sise`",
        ),
        (A + "params.0.value", "$(params.m)", "E0793 there is no parameter `m`"),
        (B + "taskSpec.steps.0.image", "$(params.m)", "E0793 there is no parameter `m`"),
        ("0.spec.steps.0.script", "$(results.sze.path)", "E0793 there is no result `sze`"),
        ("0.spec.steps.0.script", "$(params['y.q'])", "E0793 there is no parameter `y.q`"),
        (A + "params", [], "E0793 parameter `x` of task `a` is not given"),
        (B + "workspaces.0.workspace", "dat", "E0793 there is no workspace `dat`"),
        (B + "taskSpec.volumes", [], "E0793 there is no volume `v`"),
        ("2.spec.params", [], "E0793 param `n` is not given"),
        ("2.spec.workspaces", [], "E0793 workspace `data` is not given"),
        (A + "runAfter", ["b"], "E0794 tasks need each other in a circle: "),
        (B + "when.0.operator", "==", "E0795 `==` is no operator of `when`"),
        (B + "when.0.values", [], "E0795 `when` has no `values`"),
        (
            "1.spec.tasks.2.matrix.params.0.value", ["q"] * 257,
            "E0795 a matrix has at most 256 combinations, this has 257",
        ),
        (B + "timeout", "soon", "E0796 `soon` is no time"),
        (B + "retries", -1, "E0796 `retries` is a number from 0"),
        ("2.spec.timeouts.tasks", "2h", "E0796 `tasks` and `finally` take longer"),
        ("1.spec.finally.0.runAfter", ["a"], "E0796 a task of `finally` has no `runAfter`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(path: str, value: Any, fault: str) -> None:
    found = told(mutated(path, value))
    assert any(one.startswith(fault) for one in found), found


def test_a_fault_is_told_at_its_place() -> None:
    (fault,) = lint([Source("t.yaml", dump(mutated(A + "params.0.value", "$(params.nn)")[1]))])
    assert fault.hint == "did you mean `n`?"
    assert fault.span is not None
    assert fault.span.text == '"$(params.nn)"'
