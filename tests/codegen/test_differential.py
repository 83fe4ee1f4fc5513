"""A random workflow comes to the same here, by Argo's manifest and by Tekton's documents."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sqlml.codegen.engine import Options, render
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import ProgramError
from sqlml.runtime import local
from sqlml.runtime.programs.means import Means
from sqlml.store.store import Store
from sqlml.workflow.ir import Call, Workflow
from sqlml.workflow.serial import thaw

from .random_workflows import random_workflow
from .tekton_interpreter import PipelineRun
from .test_argo_runs import result, run, states_of

EXAMPLES = int(os.environ.get("SQLML_EXAMPLES", "12"))


@pytest.fixture(scope="module")
def parts() -> Iterator[tuple[DuckDB, Store]]:
    database, store = DuckDB.open(), Store.open(None)
    yield database, store
    database.close()
    store.close()


@given(st.randoms(use_true_random=False))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_workflow_comes_to_the_same_everywhere(
    parts: tuple[DuckDB, Store], random: Random
) -> None:
    with TemporaryDirectory() as folder:
        compare(random_workflow(random), Path(folder), *parts)


def compare(workflow: Workflow, folder: Path, database: DuckDB, store: Store) -> None:
    """Run a workflow in three ways.

    Raises:
        AssertionError: they differ.
    """
    given = [{"folder": str(folder / each)} for each in ("here", "argo", "tekton")]
    for each in given:
        Path(each["folder"]).mkdir()
    report = local.run(workflow, database, store, parameters=given[0], means=Means("process"))
    nodes = (*workflow.nodes, *workflow.on_exit)
    here = {node.name: report.steps[node.name] for node in nodes}
    values = {name: thaw(step.outcome.outputs) for name, step in here.items()}
    as_argo(workflow, folder, given[1], {n: s.status for n, s in here.items()}, values)
    as_tekton(workflow, folder, given[2], {n: s.status for n, s in here.items()}, values)


def as_argo(
    workflow: Workflow, folder: Path, given: Mapping[str, str], states: Any, values: Any
) -> None:
    phase, ended = run(workflow, folder, given)
    for node in (*workflow.nodes, *workflow.on_exit):
        there = ended[node.name]
        assert states[node.name] in states_of(node, there), (node.name, there)
        for output in node.outputs if states[node.name] == "succeeded" else ():
            assert result(node, there, output.name) == values[node.name][output.name], node.name
    failed = any(state == "failed" for state in states.values())
    assert phase == ("Failed" if failed else "Succeeded")


def as_tekton(
    workflow: Workflow, folder: Path, given: Mapping[str, str], states: Any, values: Any
) -> None:
    try:
        (text,) = render(workflow, "tekton", Options()).values()
    except ProgramError:
        return
    there = PipelineRun(text, folder / "run-tekton", given)
    status = there.run()
    told = {step: json.loads(each) for step, each in there.results.items()}
    for node in (*workflow.nodes, *workflow.on_exit):
        if isinstance(node.operation, Call):  # its steps stand in its place
            continue
        found = told.get(node.name, {"state": there.states[node.name].lower()})
        state = "skipped" if found["state"] == "held back" else found["state"]
        assert state == states[node.name], (node.name, state)
        if state == "succeeded":
            assert found["values"] == values[node.name], (node.name, found)
    failed = any(state == "failed" for state in states.values())
    assert status == ("Failed" if failed else "Succeeded")
