"""EVALUATE: the metrics that scikit-learn gives for the same rows."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sqlml.errors import StepError

ROUNDS = {"num_boost_round": 3}


def evaluate(context: Any, sql: str, *metrics: str, **options: Any) -> Any:
    options.setdefault("model", "m@1")
    return context.run("evaluate", metrics=metrics, rows=sql, **options)


def refusal(context: Any, sql: str, **options: Any) -> Any:
    with pytest.raises(StepError) as caught:
        evaluate(context, sql, **options)
    return caught.value.diagnostics[0]


@pytest.fixture
def trained(iris: Any) -> Any:
    sql = "SELECT * FROM iris WHERE sepal_width > 2.8"
    iris.train("xgboost.gbtree", sql, "species", settings={"num_boost_round": 3})
    return iris


def test_the_metrics_are_those_of_scikit_learn(trained: Any) -> None:
    from sklearn import metrics

    names = ("accuracy", "f1", "roc_auc")
    outcome = evaluate(trained, "SELECT * FROM iris", *names)
    found = trained.predict("SELECT species AS truth, * FROM iris", "species", probability=True)
    truth, guess = found["truth"].to_pylist(), found["species"].to_pylist()
    proba = np.column_stack([found[name].to_numpy() for name in found.column_names[-3:]])
    proba /= proba.sum(axis=1, keepdims=True)  # single precision: to 1e-7
    assert outcome.metrics == pytest.approx(
        {
            "loss": metrics.log_loss(truth, proba),
            "accuracy": metrics.accuracy_score(truth, guess),
            "f1": metrics.f1_score(truth, guess, average="macro"),
            "roc_auc": metrics.roc_auc_score(truth, proba, multi_class="ovr"),
        }
    )


def test_one_row_of_doubles_is_the_result_or_a_table(trained: Any) -> None:
    evaluate(trained, "SELECT * FROM iris", "accuracy")
    (row,) = trained.results[-1].to_pylist()
    assert list(row) == ["loss", "accuracy"]
    evaluate(trained, "SELECT * FROM iris", "accuracy", into="scores")
    assert [kind for _, kind, *_ in trained.query("DESCRIBE scores")] == ["DOUBLE", "DOUBLE"]
    assert trained.query("SELECT * FROM scores") == [tuple(row.values())]


def test_without_names_the_usual_metrics_are_taken(trained: Any) -> None:
    outcome = evaluate(trained, "SELECT * FROM iris")
    assert list(outcome.metrics) == ["loss", "accuracy", "f1", "roc_auc"]
    assert outcome.summary == f"accuracy {outcome.metrics['accuracy']:.3f}"


def test_another_column_may_hold_the_truth(trained: Any) -> None:
    trained.connection.execute("CREATE TYPE kind AS ENUM ('virginica', 'setosa', 'versicolor')")
    sql = "SELECT * EXCLUDE species, species::kind AS real FROM iris"
    named = evaluate(trained, sql, "accuracy", label=("real",)).metrics
    assert named == evaluate(trained, "SELECT * FROM iris", "accuracy").metrics


@pytest.mark.parametrize(
    ("sql", "label", "code", "about"),
    [
        ("SELECT * EXCLUDE species FROM iris", (), "E0422", "query"),
        ("SELECT * FROM iris", ("spcies",), "E0422", "label"),
        ("SELECT * REPLACE (1 AS species) FROM iris", (), "E0405", "label"),
        ("SELECT * REPLACE ('rose' AS species) FROM iris", (), "E0407", "label"),
        ("SELECT * REPLACE (NULL::VARCHAR AS species) FROM iris", (), "E0412", "label"),
        ("SELECT species FROM iris", (), "E0409", "query"),
    ],
)
def test_rows_that_cannot_be_measured_are_refused(
    trained: Any, sql: str, label: tuple[str, ...], code: str, about: str
) -> None:
    found = refusal(trained, sql, label=label)
    assert (found.code, found.about) == (code, about)


def test_values_are_measured(context: Any) -> None:
    sql = "SELECT i AS x, i * 2.5 AS y FROM range(80) t(i)"
    context.train("sklearn.linear_model.LinearRegression", sql, "y")
    metrics = evaluate(context, sql, "r2", "mean_absolute_error").metrics
    assert metrics == pytest.approx({"loss": 0, "r2": 1, "mean_absolute_error": 0}, abs=1e-9)


def test_whole_numbers_may_be_compared_with_other_numbers(context: Any) -> None:
    sql = "SELECT i AS x, i // 40 AS y FROM range(80) t(i)"
    context.train("xgboost.gbtree", sql, "y", settings=ROUNDS)
    as_double = f"SELECT x, y::DOUBLE AS y FROM ({sql})"
    assert evaluate(context, as_double, "accuracy").metrics["accuracy"] == 1
    assert refusal(context, f"SELECT x, y + 0.5 AS y FROM ({sql})").code == "E0407"


def test_clusters_are_measured_with_and_without_a_known_grouping(iris: Any) -> None:
    iris.train(
        "sklearn.cluster.KMeans", "SELECT * EXCLUDE species FROM iris",
        parameters={"n_clusters": 3, "n_init": 3},
    )  # fmt: skip
    alone = evaluate(iris, "SELECT * EXCLUDE species FROM iris").metrics
    assert alone["silhouette"] == pytest.approx(0.55, abs=0.01)
    known = evaluate(iris, "SELECT * FROM iris", "adjusted_rand", label=("species",)).metrics
    assert known["adjusted_rand"] == pytest.approx(0.73, abs=0.02)


def test_a_ranking_is_measured_by_its_groups(context: Any) -> None:
    sql = "SELECT i % 10 AS g, hash(i) % 50 AS x, (hash(i) % 50 // 10) AS y FROM range(300) t(i)"
    context.train("lightgbm.LGBMRanker", sql, "y", settings={**ROUNDS, "group": "g"})
    assert evaluate(context, sql, "ndcg").metrics["ndcg"] > 0.9


def test_an_undefined_metric_is_null(trained: Any) -> None:
    evaluate(trained, "SELECT * FROM iris WHERE species = 'setosa'", "roc_auc")
    assert trained.results[-1]["roc_auc"].to_pylist() == [None]


@pytest.mark.parametrize("kinds", [("confusion",), ("roc", "pr", "lift"), ("all",)])
def test_plots_are_drawn_into_files_that_are_told(trained: Any, kinds: tuple[str, ...]) -> None:
    outcome = evaluate(trained, "SELECT * FROM iris", "accuracy", plots=kinds)
    paths = [Path(path) for path in outcome.outputs.values()]
    everything = ("confusion", "roc", "pr", "calibration", "gain", "lift")
    expected = everything if kinds == ("all",) else kinds
    assert [path.stem.rpartition("-")[2] for path in paths] == list(expected)
    assert list(outcome.outputs)[:2] == ["plot", "plot_2"][: len(paths)]
    for path in paths:
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        assert f"plot: {path}" in trained.notes


def test_the_confusion_matrix_is_told_as_text(trained: Any) -> None:
    evaluate(trained, "SELECT * FROM iris", plots=("confusion",))
    found = trained.predict("SELECT species AS truth, * FROM iris", "guess")
    counts = {(a, b): 0 for a in NAMES for b in NAMES}
    for pair in zip(found["truth"].to_pylist(), found["guess"].to_pylist(), strict=True):
        counts[pair] += 1
    title, head, *lines = trained.notes[0].splitlines()
    assert title == "truth (rows) and prediction (columns)"
    assert head.split() == list(NAMES)
    for true, line in zip(NAMES, lines, strict=True):
        assert line.split() == [true, *(str(counts[true, guess]) for guess in NAMES)]


NAMES = ("setosa", "versicolor", "virginica")


def test_values_have_plots_of_their_own(context: Any) -> None:
    sql = "SELECT i AS x, i * 2.5 AS y FROM range(80) t(i)"
    context.train("sklearn.linear_model.LinearRegression", sql, "y")
    outputs = evaluate(context, sql, plots=("all",)).outputs
    assert [Path(path).stem for path in outputs.values()] == ["m-1-residuals", "m-1-predicted"]
    refused = refusal(context, sql, plots=("roc",))
    assert (refused.code, refused.about) == ("E0590", "attribute evaluate.plots")


def test_a_classifier_without_probabilities_has_no_curves(iris: Any) -> None:
    iris.train("sklearn.svm.LinearSVC", "SELECT * FROM iris", "species")
    outputs = evaluate(iris, "SELECT * FROM iris", plots=("all",)).outputs
    assert [Path(path).stem for path in outputs.values()] == ["m-1-confusion"]
    assert refusal(iris, "SELECT * FROM iris", plots=("pr",)).hint == "there are: confusion"


def test_outliers_need_a_label_to_be_drawn(context: Any) -> None:
    sql = "SELECT i % 10 + 50 * (i % 20 = 0)::INT AS x FROM range(100) t(i)"
    context.train("sklearn.ensemble.IsolationForest", sql)
    assert refusal(context, sql, plots=("confusion",)).code == "E0590"
    labelled = f"SELECT x, x >= 50 AS odd FROM ({sql})"
    evaluate(context, labelled, "recall", label=("odd",), plots=("confusion",))
    assert "usual" in context.notes[-2]


def test_without_matplotlib_the_confusion_matrix_is_text_alone(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert evaluate(trained, "SELECT * FROM iris", plots=("confusion",)).outputs == {}
    assert trained.notes[-1].startswith("truth (rows)")
    assert refusal(trained, "SELECT * FROM iris", plots=("roc",)).code == "E0591"
