"""The listings of the Couler paper: what their workflows are, and that they run.

`pytest tests/couler/test_examples.py --accept` writes the expected texts; review the difference.
"""

import re
import runpy
import time
from pathlib import Path

import duckdb
import pytest

from sqlml import couler
from sqlml.source import Source
from sqlml.workflow.text import parse_workflow, print_workflow
from tests.codegen.script_runs import Ran, stand_ins

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "couler").glob("*.py"))
EXPECTED = Path(__file__).parent / "expected"


@pytest.fixture(autouse=True)
def _without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLML_DB", str(tmp_path / "none.duckdb"))
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_the_workflow_that_it_should_be(
    example: Path, request: pytest.FixtureRequest
) -> None:
    runpy.run_path(str(example))
    text = print_workflow(couler.workflow())
    expected = EXPECTED / f"{example.stem}.txt"
    if request.config.getoption("--accept"):
        expected.write_text(text, "utf-8")
    assert text == expected.read_text("utf-8")
    assert print_workflow(parse_workflow(Source(expected.name, text))) == text


CAME_TO = {
    "code1_diamond": {"a": "A", "b": "B", "c": "C", "d": "D"},
    "code2_artifact": {"step1": "hello world", "step2": "hello world"},
    "code4_dependencies": {"a": "A", "b": "B", "c": "C", "d": "D"},
    "code5_recursion": {"flip-coin": "heads"},
    "code6_model_search": {
        "train-tensorflow": [{"job-id": "u", "job-name": "job-1"}] * 5,
        "eval": ["model_eval.py job-1"] * 5,
    },
}


@pytest.mark.parametrize("name", [*CAME_TO, "code3_control_flow"])
def test_a_listing_as_a_plain_script(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = stand_ins(tmp_path, monkeypatch)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # it waits for the cluster
    text = (EXPECTED / f"{name}.txt").read_text("utf-8")
    workflow = parse_workflow(Source(name, text))
    ran = Ran(workflow, {}, monkeypatch)
    assert ran.code == 0
    found = {node.name: ran.left(node) for node in workflow.nodes}
    if name == "code3_control_flow":
        came = {"heads": "it was headed", "tails": "it was tailed"}
        side = found["flip-coin"]
        other = "tails" if side == "heads" else "heads"
        assert found == {"flip-coin": side, side: came[side], other: None}
        return
    for each in found.get("train-tensorflow") or ():
        assert each.pop("job-obj")["kind"] == "TFJob"
    if name == "code2_artifact":
        found["step1"] = found["step1"]["output"]
    assert found == CAME_TO[name]
    if name == "code6_model_search":
        created = (boxes / "created").read_text("utf-8")
        sizes = re.findall(r'"--input_batch_size=(\d+)"', created)
        assert sizes == [str(size) for size in (100, 200, 300, 400, 500) for _ in range(2)]


def test_the_models_of_the_automl_listing_are_trained_on_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "telco.duckdb"
    columns = ("tenure", "age", "marital", "address", "ed", "employ")
    drawn = ", ".join(f"(hash(i, '{name}') % 60)::INT AS {name}" for name in columns)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"CREATE TABLE pai_telco_demo_data AS SELECT *, (tenure < 20)::INT AS churn "
            f"FROM (SELECT {drawn} FROM range(400) AS numbers(i))"
        )
    monkeypatch.setenv("SQLML_DB", str(path))
    runpy.run_path(str(ROOT / "examples" / "couler" / "code7_automl.py"))
    assert couler.workflow().nodes[0].operation.features[""][0]["column"]["type"] == "INTEGER"  # type: ignore[union-attr]
    report = couler.run()
    assert {name: step.status for name, step in report.steps.items()} == {
        "train-xgboost": "succeeded",
        "train-lgbm": "succeeded",
    }
    assert {"train_xgboost", "lightgbm_model"} == _models(path)


def _models(path: Path) -> set[str]:
    from sqlml.session import connect

    with connect(path) as session:
        return set(session.store.models.names())
