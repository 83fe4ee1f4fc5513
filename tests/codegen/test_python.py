"""What plain scripts cannot do is told before they are written."""

import warnings
from importlib import import_module
from pathlib import Path

import pytest

from sqlml.codegen.engine import Options, render
from sqlml.codegen.python.families.sklearn import UNLIKELY
from sqlml.errors import ProgramError
from sqlml.session import connect
from sqlml.source import Source
from sqlml.workflow.ir import Node, Query, Workflow
from sqlml.zoo.models.sklearn import dictionary

ROOT = Path(__file__).parents[2]


def compiled(program: str) -> Workflow:
    with connect(":memory:") as session:
        return session.compile([Source("flow.sql", program)]).workflow


TRAIN = "CREATE TABLE t AS SELECT * FROM read_csv('examples/data/iris.csv');\nSELECT * FROM t "


def test_classifiers_without_probabilities_are_known() -> None:
    """Those of the dictionary, as scikit-learn has them by default."""
    found = set()
    for path, entry in dictionary()["estimators"].items():
        module, _, name = path.rpartition(".")
        if entry["task"] == "classification":
            kind = getattr(import_module(module), name)
            with warnings.catch_warnings(action="ignore"):
                found |= set() if hasattr(kind(), "predict_proba") else {name}
    assert found == {*UNLIKELY}


def test_a_secret_is_not_written() -> None:
    workflow = compiled("CREATE SECRET s (TYPE s3, KEY_ID 'k', SECRET 'hush')")
    with pytest.raises(ProgramError) as caught:
        render(workflow, "python", Options())
    assert "holds a secret" in caught.value.diagnostics[0].message


def test_a_server_is_not_read() -> None:
    """ADBC's driver reads it here; DuckDB itself has an extension that a script may load."""
    attach = Query("ATTACH 'postgresql://h/shop' AS shop (TYPE adbc)", session=True)
    with pytest.raises(ProgramError) as caught:
        render(Workflow("flow.sql", (Node("query", attach),)), "python", Options())
    (fault,) = caught.value.diagnostics
    assert "it has no words for the tables of `postgresql://h/shop`" in fault.message
    assert "TYPE postgres" in fault.hint


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("TO TRAIN DBSCAN COLUMN sepal_width INTO m", "`sklearn.cluster.DBSCAN` has no rule for"),
        ("TO TRAIN AutoClassifier LABEL species INTO m", "not `AutoClassifier`"),
        (
            "TO TRAIN xgboost.gbtree WITH validation.folds = 3 LABEL species INTO m",
            "it has the attribute `validation.folds`",
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
            "TO TRAIN xgboost.gbtree LABEL species INTO m; SELECT * FROM t TO EVALUATE m"
            " WITH evaluate.plots = 'roc'",
            "it draws plots",
        ),
        (
            "TO TRAIN xgboost.gbtree WITH tune.trials = 2, model.max_depth = RANGE(2, 3),"
            " tune.pruner = median, validation.split = 0.2 LABEL species INTO m",
            "it gives trials up within their rounds",
        ),
        (
            "TO TRAIN xgboost.gbtree WITH model.tree_method = GRID('hist', 'exact')"
            " LABEL species INTO m",
            "what it does depends on the value of `model.tree_method`",
        ),
        (
            "TO TRAIN GaussianNB WITH tune.trials = 3, tune.strategy = halving,"
            " model.var_smoothing = RANGE(0.1, 1) LABEL species INTO m",
            "it halves with some of the rows",
        ),
        (
            "TO TRAIN xgboost.gbtree LABEL species INTO m; ALTER MODEL m RENAME TO n",
            "it has no words for `rename`",
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
    assert "`argo`, `airflow`, `kfp` and `tekton`" in first.hint
