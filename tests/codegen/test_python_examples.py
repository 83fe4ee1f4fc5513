"""Example programs as plain scripts, run by themselves, against what sqlml does with the same."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from sqlml.codegen.engine import Options, render
from sqlml.session import connect
from sqlml.source import Source

ROOT = Path(__file__).parents[2]
EXAMPLES = ("iris", "churn", "houses", "anomalies", "clusters", "ranking")
FURTHER = """
CREATE TABLE visits AS
SELECT CASE WHEN i % 9 > 0 THEN (i * 37 % 101) / 7 END AS length, 1 + i * 31 % 97 AS pages,
  TIMESTAMPTZ '2024-02-28 22:30:00+00' + INTERVAL (i * 7) HOUR AS at, i % 4 = 0 AS known,
  CASE i % 5 WHEN 0 THEN 'ask' WHEN 1 THEN 'buy' END AS page,
  CASE WHEN (i * 17 % 23) + pages / 9 > 17 THEN 'yes' WHEN i % 6 = 1 THEN 'maybe' ELSE 'no' END
    AS paid
FROM range(300) t(i);
SELECT * FROM visits TO TRAIN LogisticRegression WITH model.max_iter = 50, validation.split = 0.2
COLUMN STANDARDIZE(IMPUTE(length, mean)), MINMAX(IMPUTE(length, median)), LOG(pages),
  IMPUTE(length, mode), BUCKET(LOG(pages), 3), IMPUTE(length, -1), DATE_PARTS(at, [epoch, week]),
  INDICATOR(page), known
LABEL paid INTO buyers;
SELECT * FROM visits TO PREDICT bought.paid WITH predict.probability = TRUE USING buyers;
SELECT * FROM visits TO EVALUATE buyers WITH validation.metrics =
  'f1_weighted, f2_micro, f0_5, precision, recall_macro, jaccard, balanced_accuracy, mcc, kappa'
INTO many_measures;
SELECT * FROM visits TO EVALUATE buyers WITH validation.metrics =
  'roc_auc, roc_auc_weighted, average_precision, log_loss, zero_one_loss' INTO more_measures;
SELECT * FROM visits WHERE paid <> 'maybe' TO EVALUATE buyers INTO two_of_three;
SELECT * EXCLUDE (page) FROM visits WHERE paid <> 'maybe'
TO TRAIN lightgbm.gbdt WITH train.num_boost_round = 8, validation.split = 0.3
LABEL paid INTO decided;
SELECT * FROM visits WHERE paid <> 'maybe' TO EVALUATE decided INTO usual_measures;
SELECT * FROM visits WHERE paid = 'no' TO EVALUATE decided
WITH validation.metrics = 'gini, f1, true_positives, true_negatives, false_positives'
INTO one_class;
SELECT * FROM visits TO EXPLAIN decided WITH explain.keys = 'page' INTO decided_why;
SELECT * FROM visits TO EXPLAIN decided USING GainExplainer INTO decided_gains;
SELECT * FROM visits TO TRAIN xgboost.gbtree WITH train.num_boost_round = 5
COLUMN length, INDICATOR(page), DATE_PARTS(at) LABEL paid INTO trees;
SELECT * FROM visits TO EXPLAIN trees INTO trees_why;
SELECT pages, length, known FROM visits TO TRAIN xgboost.XGBRegressor
WITH n_estimators = 5 LABEL pages INTO amounts;
SELECT * FROM visits TO EVALUATE amounts WITH validation.metrics =
  'r2, mae, rmse, mape, medae, max_error, explained_variance, d2_absolute_error' INTO amounts_good;
"""
LISTS = "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """What sqlml leaves, what the script leaves, and what the script prints."""
    folder = tmp_path_factory.mktemp("script")
    texts = [(ROOT / f"examples/sql/{name}.sql").read_text() for name in EXAMPLES]
    program = "\n".join([*texts, FURTHER]).replace("examples/data", f"{ROOT}/examples/data")
    program = re.sub(r"(num_boost_round|n_estimators) = \d{2,}", r"\1 = 10", program)
    with connect(folder / "here.duckdb") as session:
        workflow = session.compile([Source("flow.sql", program)]).workflow
        session.run(program, name="flow.sql")
    ((name, text),) = render(workflow, "python", Options()).items()
    assert "import sqlml" not in text
    (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, name, "there.duckdb"], cwd=folder, capture_output=True, text=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "here.duckdb", folder / "there.duckdb", done.stdout


def test_examples_leave_the_same_tables(databases: tuple[Path, Path, str]) -> None:
    ours, theirs, _printed = databases
    with duckdb.connect(ours) as here, duckdb.connect(theirs) as there:
        names = there.sql(LISTS).fetchall()
        assert names == here.sql(LISTS).fetchall()
        assert len(names) > 20
        for schema, table in names:
            left, right = contents(here, schema, table), contents(there, schema, table)
            assert left.schema == right.schema, table
            for column in left.column_names:
                same(left[column], right[column], f"{table}.{column}")


def test_measures_are_printed(databases: tuple[Path, Path, str]) -> None:
    printed = databases[2]
    assert re.search(r"^accuracy 0\.9\d+$", printed, re.MULTILINE)
    assert re.search(r"^average_precision 0\.\d+$", printed, re.MULTILINE)


def same(ours: pa.ChunkedArray, theirs: pa.ChunkedArray, name: str) -> None:
    if pa.types.is_floating(ours.type):
        assert ours.null_count == theirs.null_count, name
        np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-6, err_msg=name)
    else:
        assert theirs.equals(ours), name


def contents(con: Any, schema: str, table: str) -> Any:
    return con.sql(f'FROM "{schema}"."{table}" ORDER BY ALL').to_arrow_table()
