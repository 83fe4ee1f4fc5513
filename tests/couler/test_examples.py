"""The listings of the Couler paper: what their workflows are, and that they run.

`pytest tests/couler/test_examples.py --accept` writes the expected texts; review the difference.
"""

import runpy
from pathlib import Path

import duckdb
import pytest

from sqlml import couler
from sqlml.source import Source
from sqlml.workflow.text import parse_workflow, print_workflow

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
