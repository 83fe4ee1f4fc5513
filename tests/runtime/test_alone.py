"""Single steps, as an engine's tasks run them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from sqlml.cli.step import step as command
from sqlml.codegen.programs import Worker, as_programs
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import SqlmlError
from sqlml.runtime.alone import Data, run_step
from sqlml.runtime.call import StepCall
from sqlml.runtime.supply import Supply
from sqlml.session import connect
from sqlml.source import Source
from sqlml.store.depot import Depot
from sqlml.store.store import Store
from sqlml.workflow.graph import topological_order
from sqlml.workflow.ir import Constant, Relation, Workflow

PROGRAM = """
SET threads = 1;
CREATE SCHEMA IF NOT EXISTS lab;
CREATE OR REPLACE TABLE lab.t AS SELECT a, a * 2 + b AS y, b FROM base;
CREATE OR REPLACE VIEW v AS SELECT * FROM lab.t WHERE a < 400;
SELECT a, b, y FROM v TO TRAIN xgboost.gbtree WITH train.num_boost_round = 5 LABEL y INTO m;
SELECT a, b, y FROM v TO TRAIN xgboost.gbtree WITH train.num_boost_round = 5 LABEL y USING m INTO m;
INSERT INTO lab.t VALUES (1, 2, 3);
SELECT * FROM lab.t TO PREDICT answers.guess USING m;
SELECT * FROM lab.t TO EVALUATE m WITH validation.metrics = [r2];
SELECT count(*) AS n, round(sum(guess)) AS total, sum(PREDICT('m', a, b)) AS again FROM answers;
DROP VIEW v;
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workflow, Path, list[Any]]:
    """The program's workflow, a database with its input, and the rows that it gives here."""
    folder = tmp_path_factory.mktemp("alone")
    base = "CREATE TABLE base AS SELECT range AS a, range % 7 AS b FROM range(500)"
    with connect(folder / "x.duckdb") as session:
        session.run(base)
        workflow = session.compile([Source("x.sql", PROGRAM)]).workflow
        results = session.run(PROGRAM, name="x.sql")
        *_, measured, counted = (result.to_arrow() for result in results)
    with connect(folder / "fresh.duckdb") as session:
        session.run(base)
    return workflow, folder / "fresh.duckdb", [measured, counted]


def run_all(workflow: Workflow, data: Data, outputs: Path) -> dict[str, str]:
    """Run the steps one by one, as an engine would; the JSON of each."""
    programs = as_programs(workflow, Worker(db=data.db, store=data.store))
    texts = {}
    for node in topological_order(programs):
        step = node.inputs["step"]
        assert isinstance(step, Constant)
        texts[node.name] = str(step.value)
        report = run_step(texts[node.name], run="r1", data=data, outputs=outputs, threads=1)
        assert report.diagnostics == ()
    return texts


@pytest.fixture(params=["beside", "apart"])
def data(request: Any, here: tuple[Workflow, Path, list[Any]], tmp_path: Path) -> Iterator[Data]:
    """The same tables in a database, and in an artifact store."""
    if request.param == "beside":
        copy = tmp_path / "copy.duckdb"
        copy.write_bytes(here[1].read_bytes())
        yield Data(db=str(copy))
        return
    url = str(tmp_path / "depot")
    database, store = DuckDB.open(here[1]), Store.open(None)
    Supply(Depot(url), database, store, tmp_path).put_tables(["base"])
    database.close()
    store.close()
    yield Data(store=url)


def test_steps_run_one_by_one_give_what_the_program_gives_here(
    here: tuple[Workflow, Path, list[Any]], data: Data, tmp_path: Path
) -> None:
    workflow, _, expected = here
    run_all(workflow, data, tmp_path)
    depot = Depot(data.store or f"{data.db}.sqlml/engines")
    steps = [node.name for node in workflow.nodes]
    for name, table in zip((steps[-3], steps[-2]), expected, strict=True):
        path = tmp_path / "result.arrow"
        assert depot.result("r1", name, path)
        assert pa.ipc.open_file(str(path)).read_all().equals(table)
    assert depot.recorded("r1", "train-2")["outputs"] == {"model": "m@2"}  # type: ignore[index]


def test_a_step_whose_forerunner_left_nothing_says_so(
    here: tuple[Workflow, Path, list[Any]], tmp_path: Path
) -> None:
    workflow, _, _ = here
    programs = as_programs(workflow, Worker(store=str(tmp_path)))
    (second,) = (node for node in programs.nodes if node.name == "train-2")
    step = second.inputs["step"]
    assert isinstance(step, Constant)
    with pytest.raises(SqlmlError, match="step `train` has left nothing in run `r2`") as caught:
        run_step(str(step.value), run="r2", data=Data(store=str(tmp_path)))
    assert caught.value.diagnostics[0].code == "E0756"


def test_aliases_of_models_need_the_store_beside_a_database(tmp_path: Path) -> None:
    told = {"name": "a", "operation": {"kind": "alter", "action": "set-alias", "name": "x"}}
    text = json.dumps({"node": {**told, "inputs": {"model": {"kind": "model", "name": "m"}}}})
    with pytest.raises(SqlmlError, match="ALTER MODEL") as caught:
        run_step(text, run="r", data=Data(store=str(tmp_path)))
    assert caught.value.diagnostics[0].code == "E0755"


def test_the_command_runs_a_step_and_tells_events(tmp_path: Path) -> None:
    text = json.dumps({"node": {"name": "q", "operation": {"kind": "query", "sql": "SELECT 42"}}})
    ran = CliRunner().invoke(
        command, [text, "--run", "r", "--store", str(tmp_path)], catch_exceptions=False
    )
    events = [json.loads(line) for line in ran.output.splitlines()]
    assert [event["event"] for event in events] == [
        "run_started", "step_started", "step_finished", "run_finished",
    ]  # fmt: skip
    assert (tmp_path / "runs" / "r" / "q.arrow").is_file()


def test_the_command_must_know_where_the_data_lie() -> None:
    with pytest.raises(SqlmlError, match="--db or --store") as caught:
        command.main(["{}", "--run", "r"], standalone_mode=False)
    assert caught.value.diagnostics[0].code == "E0757"


def test_a_call_survives_its_journey_through_json() -> None:
    relation = Relation("SELECT 1", ("t",), stable=True, files=("f.csv",))
    call = StepCall("train", {"label": ("a", "b"), "x": {"y": (1, 2.5, None)}}, {"rows": relation})
    assert StepCall.from_json(json.loads(json.dumps(call.to_json()))) == call
