"""Workflows as plain scripts, run by themselves, come to the same as they do here."""

from pathlib import Path
from random import Random

import pytest

from sqlml.workflow.ir import Workflow

from .corpus import CORPUS
from .everywhere import here
from .links import LINKS
from .random_workflows import random_workflow
from .script_runs import Ran

SAMPLES = ("called", "failing", "hostile", "mapped", "repeated", "retried")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_workflow_comes_to_the_same_as_a_script(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = CORPUS[name]
    given = {"folder": str(tmp_path)} if "folder" in sample.workflow.parameters else {}
    ran = Ran(sample.workflow, given, monkeypatch)
    nodes = {n.name: n for n in (*sample.workflow.nodes, *sample.workflow.on_exit)}
    ended = {step: ran.ended(nodes[step]) for step in sample.states}
    assert {step: one.state for step, one in ended.items()} == sample.states
    for step, value in sample.outputs.items():
        assert ended[step].values["result"] == value
    assert ran.code == ("failed" in sample.states.values())


@pytest.mark.parametrize("seed", range(10))
def test_random_workflows_come_to_the_same_as_scripts(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = random_workflow(Random(seed))
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    compare(workflow, tmp_path, monkeypatch)


def test_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compare(LINKS, tmp_path, monkeypatch)


def compare(workflow: Workflow, folder: Path, patch: pytest.MonkeyPatch) -> None:
    has_folder = "folder" in workflow.parameters
    expected = here(workflow, **({"folder": str(folder / "here")} if has_folder else {}))
    given = {"folder": str(folder / "there")} if has_folder else {}
    ran = Ran(workflow, given, patch)
    nodes = {n.name: n for n in (*workflow.nodes, *workflow.on_exit)}
    for name, there in expected.items():
        found = ran.ended(nodes[name])
        assert found.state == there.state, name
        if not any(one.kind == "artifact" for one in nodes[name].outputs):
            assert found.values == there.values, name
