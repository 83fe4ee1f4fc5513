"""EXPLAIN: the SHAP values that shap gives, gains, and plots."""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sqlml.errors import StepError
from sqlml.zoo.steps.contributions import Contributions
from sqlml.zoo.steps.plot import _decision

ROUNDS = {"num_boost_round": 4}
MEASURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")


def explain(
    context: Any, sql: str, explainer: str = "", into: str | None = None, **settings: Any
) -> Any:
    return context.run(
        "explain", explainer=explainer, settings=settings, into=into, rows=sql, model="m@1"
    )


def refusal(*arguments: Any, **options: Any) -> Any:
    with pytest.raises(StepError) as caught:
        explain(*arguments, **options)
    return caught.value.diagnostics[0]


@pytest.fixture
def trained(iris: Any) -> Any:
    iris.train("xgboost.gbtree", "SELECT * FROM iris", "species", settings=ROUNDS)
    return iris


def test_the_values_are_those_of_shap(trained: Any) -> None:
    import xgboost

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        booster = xgboost.Booster(model_file=trained.model("m@1") / "model.ubj")
        columns = trained.connection.sql("SELECT * EXCLUDE species FROM iris").fetchnumpy()
        measures = np.column_stack(list(columns.values())).astype(np.float32)
        expected = shap.TreeExplainer(booster).shap_values(measures)
    explain(trained, "SELECT * FROM iris", into="effects")
    names = [f"{m}_{s}" for s in ("setosa", "versicolor", "virginica") for m in MEASURES]
    assert [(n, t) for n, t, *_ in trained.query("DESCRIBE effects")] == [
        (n, "FLOAT") for n in names
    ]
    found = np.array(trained.query("SELECT * FROM effects")).reshape(150, 3, 4)
    np.testing.assert_allclose(found, np.moveaxis(expected, 1, 2), atol=1e-5)


def test_two_classes_and_values_have_a_column_per_feature(context: Any) -> None:
    for label in ("i % 2 = 0", "i * 0.5"):
        sql = f"SELECT i AS a, i % 2 AS b, {label} AS y FROM range(60) t(i)"
        context.train("lightgbm.gbdt", sql, "y", settings=ROUNDS)
        explain(context, sql, into="effects")
        assert [name for name, *_ in context.query("DESCRIBE effects")] == ["a", "b"]


def test_keys_tell_the_rows_apart(trained: Any) -> None:
    sql = "SELECT *, row_number() OVER () AS Id FROM iris"
    explain(trained, sql, into="effects", keys=("id",))
    assert trained.query("DESCRIBE effects")[0][0] == "Id"
    assert trained.query("SELECT count(DISTINCT Id) FROM effects") == [(150,)]
    assert refusal(trained, sql, into="effects", keys=("idd",)).code == "E0424"


def test_a_key_may_not_have_the_name_of_a_result(context: Any) -> None:
    sql = "SELECT i AS a, i * 2.0 AS y FROM range(60) t(i)"
    context.train("xgboost.gbtree", sql, "y", settings=ROUNDS)
    assert refusal(context, sql, into="effects", keys=("a",)).hint.endswith("`a AS a_key`")


@pytest.mark.parametrize("name", ["XGBoostExplainer", "gainexplainer"])
def test_gains_are_those_of_the_booster(trained: Any, name: str) -> None:
    import xgboost

    booster = xgboost.Booster(model_file=trained.model("m@1") / "model.ubj")
    explain(trained, "SELECT * FROM iris", name)
    found = trained.results[-1].to_pylist()
    gain, weight = (booster.get_score(importance_type=kind) for kind in ("gain", "weight"))
    assert {row["feature"]: row["gain"] for row in found} == pytest.approx(gain)
    assert {row["feature"]: row["fscore"] for row in found} == pytest.approx(weight)
    assert [row["gain"] for row in found] == sorted((row["gain"] for row in found), reverse=True)


def test_without_a_table_the_mean_sizes_are_the_result(trained: Any) -> None:
    outcome = explain(trained, "SELECT * FROM iris")
    explain(trained, "SELECT * FROM iris", into="effects")
    means = np.abs(np.array(trained.query("SELECT * FROM effects"))).mean(axis=0)
    expected = dict(zip(MEASURES, means.reshape(3, 4).mean(axis=0), strict=True))
    found = trained.results[-1].to_pylist()
    assert {r["feature"]: r["mean_abs_shap"] for r in found} == pytest.approx(expected, rel=1e-5)
    assert found[0]["mean_abs_shap"] == max(expected.values())
    assert outcome.summary == "150 rows"


@pytest.mark.parametrize("kind", ["bar", "dot", "violin", "decision"])
def test_a_plot_is_drawn_and_its_path_told(trained: Any, kind: str) -> None:
    outcome = explain(trained, "SELECT * FROM iris", plot_type=kind, max_display=3)
    path = outcome.outputs["plot"]
    assert Path(path).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert trained.notes[-1] == f"plot: {path}"
    assert explain(trained, "SELECT * FROM iris", plot_type=kind).outputs["plot"] != path


def test_lines_of_a_decision_plot_end_at_what_the_model_says_whatever_is_left_out() -> None:
    from matplotlib.figure import Figure

    values = np.random.default_rng(1).normal(size=(2, 7, 4))
    whole = Contributions(
        values,
        values[0],
        np.array([0.5, -1]),
        np.zeros((2, 7)),
        ("a", "b", "c", "d"),
        ("x", "y"),
        7,
    )
    axis = Figure().add_subplot()
    _decision(axis, whole.only(np.array([3, 1, 0])).only(np.array([1])), 1)
    *lines, _ = axis.lines
    ends = [line.get_xdata()[-1] for line in lines]
    np.testing.assert_allclose(ends, values[1].sum(axis=1) - 1)


def test_many_classes_and_odd_names_can_be_drawn(context: Any) -> None:
    sql = 'SELECT i AS "$a", i % 2 AS "b$\\q$", \'$c_\' || (i % 15) AS y FROM range(90) t(i)'
    context.train("lightgbm.gbdt", sql, "y", settings={"num_boost_round": 1})
    for kind in ("bar", "dot"):
        assert Path(explain(context, sql, plot_type=kind).outputs["plot"]).exists()


def test_without_matplotlib_the_bars_are_numbers_and_other_plots_an_error(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert explain(trained, "SELECT * FROM iris").outputs == {}
    assert trained.notes[-1] == 'no plot without matplotlib: pip install "sqlml[explain]"'
    assert refusal(trained, "SELECT * FROM iris", plot_type="dot").code == "E0428"


def test_a_model_without_trees_is_explained(context: Any) -> None:
    sql = "SELECT i AS a, hash(i) % 7 AS b, i * 3.0 AS y FROM range(60) t(i)"
    context.train("sklearn.linear_model.LinearRegression", sql, "y")
    explain(context, sql)
    first, second = context.results[-1].to_pylist()
    assert (first["feature"], second["feature"]) == ("a", "b")
    assert second["mean_abs_shap"] == pytest.approx(0, abs=1e-9)
    assert refusal(context, sql, "GainExplainer").code == "E0414"


@pytest.mark.parametrize(
    ("sql", "explainer", "code"),
    [
        ("SELECT * FROM iris", "TreeExplaner", "E0425"),
        ("SELECT species FROM iris", "", "E0409"),
        ("SELECT * FROM iris LIMIT 0", "", "E0401"),
    ],
)
def test_what_cannot_be_explained_is_refused(
    trained: Any, sql: str, explainer: str, code: str
) -> None:
    assert refusal(trained, sql, explainer).code == code
