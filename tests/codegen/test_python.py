"""Plain scripts, run by themselves, against what sqlml does with the same program."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sqlml.codegen.engine import Options, render
from sqlml.errors import ProgramError
from sqlml.session import connect
from sqlml.source import Source
from sqlml.workflow.ir import Workflow

ROOT = Path(__file__).parents[2]
PROGRAM = """
CREATE OR REPLACE TABLE flowers AS
SELECT * REPLACE (CASE WHEN rowid % 7 > 0 THEN petal_width END AS petal_width)
FROM (SELECT row_number() OVER () AS rowid, * FROM read_csv('examples/data/iris.csv'));
SELECT * EXCLUDE rowid FROM flowers
TO TRAIN xgboost.gbtree WITH train.num_boost_round = 5, model.max_depth = 3
LABEL species INTO kinds;
SELECT * FROM flowers TO PREDICT guesses.species USING kinds;
SELECT * FROM flowers TO EVALUATE kinds WITH validation.metrics = 'accuracy' INTO how_good;
CREATE OR REPLACE TABLE homes AS
SELECT i AS id, (i * 37 % 101) / 10.0 AS rooms, i % 3 = 0 AS garden,
  CASE i % 5 WHEN 0 THEN 'north' WHEN 1 THEN 'it''s "south"' WHEN 2 THEN 'east' END AS town,
  (2 * rooms + 3 * (i % 5) + garden::INT)::FLOAT AS price
FROM range(200) t(i);
SELECT rooms, garden, town, price FROM homes
TO TRAIN xgboost.gbtree COLUMN rooms, garden, INDICATOR(town), town LABEL price INTO prices;
SELECT * FROM homes TO PREDICT worth.amount USING prices;
SELECT rooms, garden, town, price FROM homes
TO TRAIN sklearn.linear_model.Ridge WITH model.alpha = 0.5 LABEL price INTO lines;
SELECT * FROM homes TO PREDICT line_worth.amount USING lines;
SELECT * FROM homes TO EVALUATE lines WITH validation.metrics = 'r2,mean_absolute_error'
INTO line_good;
SELECT rooms, town, garden FROM homes
TO TRAIN sklearn.ensemble.RandomForestClassifier WITH model.n_estimators = 5
LABEL garden INTO gardens;
SELECT * FROM homes TO PREDICT garden_guess.maybe WITH predict.probability = TRUE USING gardens;
SELECT rooms, garden, town, price FROM homes
TO TRAIN lightgbm.gbdt WITH train.num_boost_round = 7, model.num_leaves = 5
COLUMN BUCKET(rooms, [2, 5.5]), INDICATOR(BUCKET(rooms, 4)), garden, town
LABEL price INTO light;
SELECT * FROM homes TO PREDICT light_worth.amount USING light;
SELECT * EXCLUDE rowid FROM flowers
TO TRAIN lightgbm.gbdt WITH train.num_boost_round = 5 LABEL species INTO light_kinds;
SELECT * FROM flowers TO PREDICT light_guesses.species USING light_kinds;
SELECT * FROM flowers TO EVALUATE light_kinds WITH validation.metrics = 'accuracy'
INTO light_good;
SELECT rooms, town, price FROM homes
TO TRAIN xgboost.gbtree COLUMN BUCKET(rooms, 3), INDICATOR(BUCKET(rooms, [4])), town
LABEL price INTO ranges;
SELECT * FROM homes TO PREDICT range_worth.amount USING ranges;
SELECT rooms, garden, town, price FROM homes
TO TRAIN xgboost.gbtree
WITH train.num_boost_round = 40, eta = 0.9, train.early_stopping_rounds = 3,
  validation.split = 0.25, validation.metrics = 'r2'
COLUMN rooms, INDICATOR(CROSS([garden, town], 9)),
  INDICATOR(CROSS([BUCKET(rooms, [4, 8]), town], 9))
LABEL price INTO stopped;
SELECT * FROM homes TO PREDICT stopped_worth.amount USING stopped;
SELECT * EXCLUDE rowid FROM flowers WHERE rowid % 3 > 0
TO TRAIN lightgbm.gbdt
WITH train.num_boost_round = 60, learning_rate = 0.5, train.early_stopping_rounds = 2,
  validation.select = 'SELECT * EXCLUDE rowid FROM flowers WHERE rowid % 3 = 0'
LABEL species INTO light_stopped;
SELECT * FROM flowers TO PREDICT light_stopped_guesses.species USING light_stopped;
SELECT * EXCLUDE rowid FROM flowers
TO TRAIN xgboost.gbtree WITH train.num_boost_round = 4, validation.split = 0.3, train.seed = 3
LABEL species INTO split_kinds;
SELECT * FROM flowers
TO PREDICT split_guesses.species WITH predict.probability = TRUE USING split_kinds;
SELECT rooms, garden, price FROM homes
TO TRAIN sklearn.linear_model.Ridge WITH validation.split = 0.2, validation.metrics = 'r2'
LABEL price INTO split_lines;
SELECT * FROM homes TO PREDICT split_worth.amount USING split_lines;
SELECT count(*) AS n FROM worth;
"""
TABLES = ("flowers", "guesses", "how_good", "homes", "worth", "line_worth", "line_good",
          "garden_guess", "light_worth", "light_guesses", "light_good", "range_worth",
          "stopped_worth", "light_stopped_guesses", "split_guesses", "split_worth")  # fmt: skip


def compiled(program: str) -> Workflow:
    with connect(":memory:") as session:
        return session.compile([Source("flow.sql", program)]).workflow


def test_a_script_leaves_the_tables_that_the_program_leaves_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with connect(tmp_path / "here.duckdb") as session:
        session.run(PROGRAM, name="flow.sql")
    ((name, text),) = render(compiled(PROGRAM), "python", Options()).items()
    assert name == "flow.py"
    assert "import sqlml" not in text
    (tmp_path / name).write_text(text)
    command = [sys.executable, tmp_path / name, tmp_path / "there.duckdb"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "200" in done.stdout
    with (
        duckdb.connect(tmp_path / "here.duckdb") as here,
        duckdb.connect(tmp_path / "there.duckdb") as there,
    ):
        for table in TABLES:
            assert columns(here, table) == columns(there, table)
            pairs = zip(rows(here, table), rows(there, table), strict=True)
            for ours, theirs in pairs:
                assert list(theirs) == [
                    pytest.approx(one, rel=1e-5) if isinstance(one, float) else one for one in ours
                ], table


def columns(con: Any, table: str) -> Any:
    return con.sql(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()


def rows(con: Any, table: str) -> Any:
    return con.sql(f"FROM {table} ORDER BY ALL").fetchall()


TRAIN = "CREATE TABLE t AS SELECT * FROM read_csv('examples/data/iris.csv');\nSELECT * FROM t "


def test_a_secret_is_not_written() -> None:
    workflow = compiled("CREATE SECRET s (TYPE s3, KEY_ID 'k', SECRET 'hush')")
    with pytest.raises(ProgramError) as caught:
        render(workflow, "python", Options())
    assert "holds a secret" in caught.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("TO TRAIN lightgbm.rf LABEL species INTO m", "models are `xgboost.gbtree`, `xgb"),
        ("TO TRAIN DBSCAN COLUMN sepal_width INTO m", "models are `xgboost.gbtree`, `xgb"),
        (
            "TO TRAIN xgboost.gbtree WITH validation.folds = 3 LABEL species INTO m",
            "it has the attribute `validation.folds`",
        ),
        (
            "TO TRAIN xgboost.gbtree COLUMN CATEGORY_HASH(species, 4) LABEL sepal_width INTO m",
            "features are numbers, dates, lists",
        ),
        (
            "TO TRAIN xgboost.gbtree COLUMN INDICATOR(IMPUTE(species, 'x'))"
            " LABEL sepal_width INTO m",
            "features are numbers, dates, lists",
        ),
        (
            "TO TRAIN xgboost.gbtree LABEL species INTO m; SELECT * FROM t TO EXPLAIN m",
            "it draws a plot",
        ),
        (
            "TO TRAIN xgboost.gbtree LABEL species INTO m;"
            " SELECT * FROM t TO EXPLAIN m USING PermutationExplainer INTO why",
            "it has no words for `PermutationExplainer`",
        ),
        (
            "TO TRAIN GaussianNB LABEL species INTO m; SELECT * FROM t TO EXPLAIN m INTO why",
            "it explains XGBoost and LightGBM, not `sklearn.naive_bayes.GaussianNB`",
        ),
        (
            "TO TRAIN xgboost.gbtree COLUMN INDICATOR(BUCKET(sepal_width, 3)) LABEL species INTO m;"
            " SELECT * FROM t TO EXPLAIN m INTO why",
            "not each of its features has a name",
        ),
        (
            "TO TRAIN xgboost.gbtree LABEL species INTO m;"
            " SELECT * FROM t TO EVALUATE m WITH validation.metrics = 'top_k_accuracy'",
            "it has no words for the metric `top_k_accuracy`",
        ),
        (
            "TO TRAIN KMeans COLUMN sepal_width INTO m;"
            " SELECT * FROM t TO EVALUATE m LABEL species",
            "it measures classifiers and regressors, not clustering",
        ),
        (
            "TO TRAIN xgboost.gbtree LABEL species INTO m; SELECT * FROM t TO EVALUATE m"
            " WITH evaluate.plots = 'roc'",
            "it draws plots",
        ),
        (
            "; ATTACH 'sqlite:///examples/data/desk.sqlite' AS desk (TYPE adbc)",
            "DuckDB itself does not attach such a database",
        ),
        (
            "TO TRAIN xgboost.gbtree LABEL species INTO m; ALTER MODEL m SET ALIAS best",
            "`alter` is none of what it can say",
        ),
    ],
)
def test_what_a_script_cannot_do_is_told_at_its_place(
    rest: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    workflow = compiled(TRAIN + rest)
    with pytest.raises(ProgramError) as caught:
        render(workflow, "python", Options())
    first = caught.value.diagnostics[0]
    assert first.code == "E0797"
    assert fault in first.message
    assert first.label.startswith("at flow.sql:2:")
