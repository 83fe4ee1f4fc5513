"""The workflows that engines are compared on, run here."""

from collections.abc import Iterator

import pytest

from sqlml.databases.duckdb import DuckDB
from sqlml.runtime import local
from sqlml.runtime.programs.means import Means
from sqlml.runtime.report import RunReport
from sqlml.store.store import Store
from sqlml.workflow.serial import thaw

from .corpus import CORPUS

AS_PROCESSES = Means("process")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunReport]]:
    database, store = DuckDB.open(), Store.open(None)
    found = {}
    for name, sample in CORPUS.items():
        folder = tmp_path_factory.mktemp(name)
        given = {"folder": str(folder)} if "folder" in sample.workflow.parameters else {}
        found[name] = local.run(
            sample.workflow, database, store, parameters=given, means=AS_PROCESSES
        )
    yield found
    database.close()
    store.close()


@pytest.mark.parametrize("name", CORPUS)
def test_a_workflow_comes_to_the_same_here(name: str, reports: dict[str, RunReport]) -> None:
    sample, report = CORPUS[name], reports[name]
    assert {step: report.steps[step].status for step in sample.states} == sample.states
    for step, value in sample.outputs.items():
        assert thaw(report.steps[step].outcome.outputs["result"]) == value
    failed = "failed" in sample.states.values()
    assert report.outcome == ("failed" if failed else "succeeded")
