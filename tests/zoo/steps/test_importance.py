"""Permutation importance and partial dependence: what scikit-learn gives for the same rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier

from sqlml.errors import StepError

MEASURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
VALUES = (
    "SELECT i % 17 AS a, (i * 7) % 23 AS b, 2.0 * (i % 17) + (i * 7) % 23 AS y FROM range(200) t(i)"
)
TREE = "sklearn.tree.DecisionTreeClassifier"


def explain(
    context: Any, sql: str, explainer: str, into: str | None = None, **settings: Any
) -> Any:
    outcome = context.run(
        "explain", explainer=explainer, settings=settings, into=into, rows=sql, model="m@1"
    )
    return outcome, [] if into else context.results[-1].to_pylist()


def refusal(*arguments: Any, **options: Any) -> Any:
    with pytest.raises(StepError) as caught:
        explain(*arguments, **options)
    return caught.value.diagnostics[0]


def columns(context: Any, sql: str) -> Any:
    return np.column_stack(list(context.connection.sql(sql).fetchnumpy().values())).astype(float)


@pytest.fixture
def flowers(iris: Any) -> Any:
    parameters = {"max_depth": 3}
    iris.train(TREE, "SELECT * FROM iris", "species", parameters=parameters)
    return iris


@pytest.fixture
def tree(flowers: Any) -> Any:
    """scikit-learn's own tree on the same rows, and those rows."""
    matrix = columns(flowers, "SELECT * EXCLUDE species FROM iris")
    species = flowers.connection.sql("SELECT species FROM iris").fetchnumpy()["species"]
    truth = np.unique(species.astype(str), return_inverse=True)[1]
    return DecisionTreeClassifier(max_depth=3, random_state=0).fit(matrix, truth), matrix, truth


def test_importance_is_scikit_learns_draw_by_draw(flowers: Any, tree: Any) -> None:
    for seed in (0, 5):
        outcome, found = explain(
            flowers, "SELECT * FROM iris", "PermutationExplainer", repeats=4, seed=seed
        )
        expected = permutation_importance(*tree, n_repeats=4, random_state=seed)
        by_name = {row["feature"]: (row["importance"], row["std"]) for row in found}
        for place, name in enumerate(MEASURES):
            exact = (expected.importances_mean[place], expected.importances_std[place])
            assert by_name[name] == pytest.approx(exact, abs=1e-12)
        assert found[0]["importance"] == max(expected.importances_mean)
        score = tree[0].score(*tree[1:])
        assert outcome.summary == f"accuracy {score:.3f} on 150 rows"


def test_another_metric_can_be_lost_and_errors_are_gained(context: Any) -> None:
    context.train("sklearn.linear_model.LinearRegression", VALUES, "y")
    names = {"mse": "neg_mean_squared_error", "r2": "r2"}
    matrix = columns(context, f"SELECT a, b, y FROM ({VALUES})")
    model = LinearRegression().fit(matrix[:, :2], matrix[:, 2])
    for metric, scoring in names.items():
        _, found = explain(context, VALUES, "permutation_importance", metric=metric, sort=False)
        expected = permutation_importance(
            model, matrix[:, :2], matrix[:, 2], random_state=0, scoring=scoring
        )
        assert [row["feature"] for row in found] == ["a", "b"]
        means = [row["importance"] for row in found]
        assert means == pytest.approx(list(expected.importances_mean), rel=1e-9)


def test_a_column_is_one_feature_however_many_it_becomes(context: Any) -> None:
    sql = (
        "SELECT ['x', 'y', 'z'][i % 3 + 1] AS kind, i % 5 AS b, (i % 3) * 2.0 AS y"
        " FROM range(90) t(i)"
    )
    context.train("sklearn.linear_model.LinearRegression", sql, "y")
    _, found = explain(context, sql, "PermutationExplainer")
    assert [row["feature"] for row in found] == ["kind", "b"]
    assert found[0]["importance"] > 1
    assert found[1]["importance"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        ("sklearn.cluster.KMeans", {"n_clusters": 3, "n_init": 2}),
        ("sklearn.decomposition.PCA", {"n_components": 1}),
        ("sklearn.mixture.GaussianMixture", {"n_components": 2}),
        ("sklearn.ensemble.IsolationForest", {"n_estimators": 20}),
    ],
)
def test_models_without_a_label_are_compared_with_themselves(
    context: Any, estimator: str, parameters: dict[str, Any]
) -> None:
    sql = "SELECT hash(i) % 100 AS wide, hash(i + 1) % 2 / 1000 AS narrow FROM range(120) t(i)"
    context.train(estimator, sql, parameters=parameters)
    _, found = explain(context, sql, "PermutationExplainer")
    assert [row["feature"] for row in found] == ["wide", "narrow"]
    assert found[0]["importance"] > 0.3
    assert found[1]["importance"] < 0.2


def test_a_ranking_loses_its_order_within_groups(context: Any) -> None:
    sql = (
        "SELECT i % 10 AS g, hash(i) % 50 AS x, i % 3 AS z, (hash(i) % 50 // 10) AS y"
        " FROM range(300) t(i)"
    )
    settings = {"num_boost_round": 5, "group": "g"}
    context.train("lightgbm.LGBMRanker", sql, "y", settings=settings)
    outcome, found = explain(context, sql, "PermutationExplainer")
    assert outcome.summary.startswith("ndcg ")
    assert found[0]["feature"] == "x"
    assert found[0]["importance"] > 0.1


def test_importance_needs_the_label_and_rows(flowers: Any) -> None:
    bare = "SELECT * EXCLUDE species FROM iris"
    assert refusal(flowers, bare, "PermutationExplainer").code == "E0422"
    assert refusal(flowers, f"{bare} LIMIT 0", "PartialDependence").code == "E0401"


def test_dependence_is_scikit_learns(flowers: Any, tree: Any) -> None:
    _, found = explain(flowers, "SELECT * FROM iris", "PartialDependence", grid=7)
    model, matrix, _ = tree
    for place, name in enumerate(MEASURES):
        expected = partial_dependence(
            model, matrix, [place], kind="average", grid_resolution=7, percentiles=(0.05, 0.95)
        )
        rows = [row for row in found if row["feature"] == name]
        assert len(rows) == 3 * 7
        for number, species in enumerate(("setosa", "versicolor", "virginica")):
            line = [row for row in rows if row["class"] == species]
            spread = np.ptp(matrix[:, place])
            grid = expected["grid_values"][0]
            assert [row["value"] for row in line] == pytest.approx(list(grid), abs=0.02 * spread)
            exact = partial_dependence(
                model, matrix, [place], custom_values={place: np.array([r["value"] for r in line])}
            )["average"][number]
            assert [row["prediction"] for row in line] == pytest.approx(list(exact), abs=1e-12)


def test_few_values_are_all_tried(context: Any) -> None:
    context.train("sklearn.linear_model.LinearRegression", VALUES, "y")
    outcome, found = explain(context, VALUES, "PDP", features=("A",))
    assert [list(row) for row in found[:1]] == [["feature", "value", "prediction"]]
    assert [row["value"] for row in found] == list(range(17))
    mean = np.mean([(i * 7) % 23 for i in range(200)])
    assert [r["prediction"] for r in found] == pytest.approx([2 * v + mean for v in range(17)])
    assert outcome.summary == "1 feature on 200 rows"


def test_text_dates_and_truth_values_can_be_varied(context: Any) -> None:
    sql = (
        "SELECT ['x', 'y', 'z'][i % 3 + 1] AS kind, DATE '2024-01-01' + (i % 100)::INT AS day,"
        " i % 2 = 0 AS even, (i % 3) * 2.0 AS y FROM range(300) t(i)"
    )
    context.train("lightgbm.gbdt", sql, "y", settings={"num_boost_round": 40})
    explain(context, sql, "PartialDependence", into="curves", grid=10)
    assert [(n, t) for n, t, *_ in context.query("DESCRIBE curves")] == [
        ("feature", "VARCHAR"),
        ("value", "VARCHAR"),
        ("prediction", "DOUBLE"),
    ]
    kinds = context.query("SELECT value, prediction FROM curves WHERE feature = 'kind'")
    assert [value for value, _ in kinds] == ["x", "y", "z"]
    assert [mean for _, mean in kinds] == pytest.approx([0, 2, 4], abs=0.1)
    days = context.query("SELECT value::DATE FROM curves WHERE feature = 'day'")
    assert len(days) == 10
    assert context.query("SELECT value FROM curves WHERE feature = 'even'") == [
        ("false",),
        ("true",),
    ]


def test_two_classes_have_one_line_and_clusters_their_shares(context: Any) -> None:
    sql = "SELECT i AS a, CASE WHEN i < 50 THEN 'low' ELSE 'up' END AS y FROM range(100) t(i)"
    context.train(TREE, sql, "y")
    _, found = explain(context, sql, "PartialDependence", grid=3)
    assert [(row["class"], row["prediction"]) for row in found] == [("up", 0), ("up", 0), ("up", 1)]
    context.train(
        "sklearn.cluster.KMeans", f"SELECT a FROM ({sql})", parameters={"n_clusters": 2}, into="k"
    )
    context.run("explain", explainer="PDP", settings={"grid": 3}, into=None, rows=sql, model="k@1")
    shares = context.results[-1].to_pylist()
    assert {row["class"] for row in shares} == {"0", "1"}
    assert sum(row["prediction"] for row in shares) == 3


def test_a_column_that_cannot_be_varied_is_refused(context: Any) -> None:
    sql = "SELECT [i, i + 1]::DOUBLE[2] AS pair, i AS a, i * 1.0 AS y FROM range(60) t(i)"
    context.train("sklearn.linear_model.LinearRegression", sql, "y")
    for name, hint in (("aa", "did you mean `a`?"), ("pair", "name other columns")):
        found = refusal(context, sql, "PartialDependence", features=(name,))
        assert (found.code, found.hint) == ("E0592", hint)


@pytest.mark.parametrize(
    ("explainer", "kind"),
    [("PermutationExplainer", "permutation"), ("PartialDependence", "dependence")],
)
def test_both_are_drawn_without_a_table(flowers: Any, explainer: str, kind: str) -> None:
    outcome, _ = explain(flowers, "SELECT * FROM iris", explainer)
    path = Path(outcome.outputs["plot"])
    assert path.name == f"m-1-{kind}.png"
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    outcome, _ = explain(flowers, "SELECT * FROM iris", explainer, into="answers")
    assert outcome.outputs == {}
