"""Argo's manifests, run by an interpreter of what is in them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sqlml.codegen.engine import Options, render
from sqlml.workflow.ir import ForEach, Node, Workflow
from sqlml.workflow.serial import thaw
from sqlml.workflow.texts import typed

from .argo_interpreter import Ended, WorkflowRun
from .corpus import CORPUS

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
    whole = WorkflowRun(texts, folder / "run", arguments)
    return whole.run(), whole.nodes


def states_of(node: Node, ended: Ended) -> set[str]:
    """What its phase may mean: of no items, Argo skips a step, and nothing is missing."""
    is_loop = isinstance(node.loop, ForEach) and node.guard is None
    of_nothing = {"succeeded"} if is_loop and ended.phase == "Skipped" else set()
    return {STATES[ended.phase], *of_nothing}


def result(node: Node, ended: Ended) -> Any:
    """A step's `result`; of one for each of some items, the list of them."""
    (declared,) = [one for one in node.outputs if one.name == "result"]
    told = ended.parameters.get("result", ended.result) or ""
    if not isinstance(node.loop, ForEach):
        return thaw(typed(told, declared.type))
    if ended.rounds:
        return [thaw(typed(one.result or "", declared.type)) for one in ended.rounds]
    return [thaw(typed(one, declared.type)) for one in json.loads(told or "[]")]


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
