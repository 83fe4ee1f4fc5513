"""TRAIN: the same models as the libraries give by hand, with everything recorded beside them."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sqlml.errors import StepError

ROUNDS = {"num_boost_round": 5}


def refusal(train: Any, *arguments: Any, **options: Any) -> Any:
    with pytest.raises(StepError) as caught:
        train(*arguments, **options)
    return caught.value.diagnostics[0]


def matrix_of(context: Any, sql: str) -> np.ndarray:
    columns = context.connection.sql(sql).fetchnumpy()
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns.values()])


def test_a_booster_is_what_xgboost_gives_on_the_same_matrix(iris: Any) -> None:
    import xgboost

    iris.train("xgboost.gbtree", "SELECT * FROM iris", "species", settings=ROUNDS)
    measures = matrix_of(iris, "SELECT * EXCLUDE species FROM iris").astype(np.float32)
    classes = np.repeat([0, 1, 2], 50)
    booster = xgboost.train(
        {"objective": "multi:softprob", "num_class": 3, "tree_method": "hist"},
        xgboost.QuantileDMatrix(measures, classes),
        5,
    )
    expected = booster.predict(xgboost.DMatrix(measures))
    found = iris.predict("SELECT * FROM iris", "species", probability=True)
    names = [f"species_proba_{name}" for name in ("setosa", "versicolor", "virginica")]
    got = np.column_stack([found[name].to_numpy() for name in names])
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_lightgbm_is_what_it_gives_on_the_same_matrix(iris: Any) -> None:
    import lightgbm

    sql = "SELECT sepal_width, petal_length, petal_width, sepal_length FROM iris"
    iris.train("lightgbm.gbdt", sql, "sepal_length", settings=ROUNDS)
    values = matrix_of(iris, sql)
    booster = lightgbm.train(
        {"objective": "regression", "verbosity": -1, "deterministic": True, "force_row_wise": True},
        lightgbm.Dataset(values[:, :3], values[:, 3]),
        5,
    )
    found = iris.predict(sql, "sepal_length")["sepal_length"].to_numpy()
    np.testing.assert_allclose(found, booster.predict(values[:, :3]), atol=1e-6)


def test_an_estimator_is_what_scikit_learn_gives_on_the_same_matrix(iris: Any) -> None:
    from sklearn.tree import DecisionTreeClassifier

    parameters = {"max_depth": 2}
    iris.train(
        "sklearn.tree.DecisionTreeClassifier",
        "SELECT * FROM iris",
        "species",
        parameters=parameters,
    )
    measures = matrix_of(iris, "SELECT * EXCLUDE species FROM iris")
    truth = np.array([row[0] for row in iris.query("SELECT species FROM iris")])
    by_hand = DecisionTreeClassifier(**parameters, random_state=0).fit(measures, truth)
    found = iris.predict("SELECT * FROM iris", "species")["species"].to_pylist()
    assert found == by_hand.predict(measures).tolist()
    assert iris.manifest()["metrics"]["train_accuracy"] == pytest.approx(
        by_hand.score(measures, truth)
    )


@pytest.mark.parametrize(
    "model", ["xgboost.gbtree", "lightgbm.gbdt", "sklearn.naive_bayes.GaussianNB"]
)
@pytest.mark.parametrize(
    ("label", "classes"),
    [
        ("CASE WHEN x > 0 THEN 'é, \"yes\"' ELSE '' END", ["", 'é, "yes"']),
        ("x > 0", [False, True]),
        ("CASE WHEN x > 0 THEN -7 ELSE 40 END::TINYINT", [-7, 40]),
        (f"CASE WHEN x > 0 THEN {2**64 - 1} ELSE 3 END::UBIGINT", [3, 2**64 - 1]),
        ("(x > 0)::INTEGER", [0, 1]),
        ("(CASE WHEN x > 0 THEN 'up' ELSE 'down' END)::ENUM('up', 'down')", ["down", "up"]),
    ],
)
def test_classes_come_back_as_they_were(
    context: Any, model: str, label: str, classes: list[Any]
) -> None:
    sql = f"SELECT x, {label} AS y FROM (SELECT i - 49.5 AS x FROM range(100) t(i))"
    context.train(model, sql, "y")
    assert context.manifest()["classes"] == classes
    found = context.predict(f"SELECT x, y AS expected, y FROM ({sql})", "y")
    assert found.column_names == ["x", "expected", "y"]
    assert [str(v) for v in found["y"].to_pylist()] == [
        str(v) for v in found["expected"].to_pylist()
    ]


def test_the_result_has_the_labels_type(context: Any) -> None:
    types = {
        "SMALLINT": "SMALLINT", "BOOLEAN": "BOOLEAN", "VARCHAR": "VARCHAR", "FLOAT": "FLOAT",
        "DOUBLE": "DOUBLE", "DECIMAL(9,2)": "DOUBLE",
    }  # fmt: skip
    for number, (given, expected) in enumerate(types.items(), 1):
        sql = f"SELECT i AS x, (i % 2)::{given} AS y FROM range(40) t(i)"
        context.train("xgboost.gbtree", sql, "y", settings=ROUNDS)
        context.run("predict", column="y", settings={}, into="p", rows=sql, model=f"m@{number}")
        assert context.query("SELECT DISTINCT typeof(y) FROM p") == [(expected,)]


def test_everything_is_recorded(iris: Any) -> None:
    settings = {**ROUNDS, "validation.split": 0.2, "seed": 3}
    outcome = iris.train(
        "XGBoost.GBTree",
        "SELECT * FROM iris",
        "species",
        settings=settings,
        parameters={"max_depth": 3},
        statement="SELECT … TO TRAIN",
    )
    manifest = iris.manifest()
    assert outcome.outputs == {"model": "m@1"}
    assert outcome.rows == manifest["rows"] == 120
    assert manifest["validation_rows"] == 30
    assert outcome.metrics == manifest["metrics"]
    assert outcome.summary == f"accuracy {outcome.metrics['validation_accuracy']:.3f}"
    assert {"train_accuracy", "validation_accuracy", "train_mlogloss"} <= set(outcome.metrics)
    assert [entry["round"] for entry in manifest["history"]] == [1, 2, 3, 4, 5]
    assert outcome.history[0]["validation_mlogloss"] > outcome.history[-1]["validation_mlogloss"]
    expected = {
        "format": 1,
        "estimator": "xgboost.gbtree",
        "family": "xgboost",
        "task": "classification",
        "label": [{"name": "species", "type": "VARCHAR"}],
        "classes": ["setosa", "versicolor", "virginica"],
        "parameters": {"max_depth": 3},
        "settings": settings,
        "statement": "SELECT … TO TRAIN",
    }
    assert {name: manifest[name] for name in expected} == expected
    assert manifest["columns"][0] == {"name": "sepal_length", "type": "DOUBLE"}
    assert manifest["libraries"]["xgboost"]
    assert set(manifest["seconds"]) == {"read", "fit", "measure"}
    assert (iris.model("m@1") / "model.ubj").exists()
    assert "rounds" in {unit for _, _, unit, _ in iris.told}


def test_a_score_on_the_training_rows_says_so(iris: Any) -> None:
    outcome = iris.train("xgboost.gbtree", "SELECT * FROM iris", "species", settings=ROUNDS)
    assert outcome.summary.endswith("(training)")


def test_metrics_may_be_chosen(iris: Any) -> None:
    settings = {**ROUNDS, "validation.metrics": ("f1_macro", "log_loss")}
    outcome = iris.train("xgboost.gbtree", "SELECT * FROM iris", "species", settings=settings)
    assert {"train_f1_macro", "train_log_loss"} <= set(outcome.metrics)
    assert "train_accuracy" not in outcome.metrics
    assert outcome.summary.startswith("f1_macro")


def test_a_split_is_stratified_and_follows_the_seed(context: Any) -> None:
    sql = "SELECT i AS x, if(i % 10 = 0, 'rare', 'common') AS y FROM range(400) t(i)"
    scores = []
    for seed in (1, 1, 2):
        settings = {**ROUNDS, "validation.split": 0.25, "seed": seed}
        outcome = context.train("xgboost.gbtree", sql, "y", settings=settings)
        scores.append(outcome.metrics["validation_logloss"])
        manifest = context.manifest(outcome.outputs["model"])
        assert (manifest["rows"], manifest["validation_rows"]) == (300, 100)
    assert scores[0] == scores[1] != scores[2]


def test_validation_rows_may_come_from_another_query(iris: Any) -> None:
    outcome = iris.train(
        "xgboost.gbtree",
        "SELECT * FROM iris WHERE petal_length < 5",
        "species",
        settings=ROUNDS,
        validation="SELECT * FROM iris WHERE petal_length >= 5",
    )
    manifest = iris.manifest()
    expected = iris.query("SELECT count(*) FROM iris WHERE petal_length >= 5")[0][0]
    assert manifest["validation_rows"] == expected
    assert outcome.metrics["validation_accuracy"] < outcome.metrics["train_accuracy"]


def test_a_validation_class_that_training_lacks_is_refused(iris: Any) -> None:
    found = refusal(
        iris.train,
        "xgboost.gbtree",
        "SELECT * FROM iris WHERE species <> 'setosa'",
        "species",
        settings=ROUNDS,
        validation="SELECT * FROM iris",
    )
    assert (found.code, found.message) == (
        "E0407",
        "column `species` holds `setosa`, which is none of the model's classes",
    )


def test_early_stopping_keeps_the_best_round_and_needs_validation_rows(context: Any) -> None:
    sql = "SELECT i % 7 AS x, hash(i) % 2 = 0 AS y FROM range(300) t(i)"
    settings = {"num_boost_round": 50, "early_stopping_rounds": 2}
    found = refusal(context.train, "xgboost.gbtree", sql, "y", settings=settings)
    assert (found.code, found.about) == ("E0419", "attribute train.early_stopping_rounds")
    outcome = context.train(
        "xgboost.gbtree", sql, "y", settings={**settings, "validation.split": 0.3}
    )
    assert len(outcome.history) < 50
    best = min(entry["validation_logloss"] for entry in outcome.history)
    scored = context.train(
        "xgboost.gbtree",
        sql,
        "y",
        settings={**settings, "validation.split": 0.3, "validation.metrics": ("log_loss",)},
    )
    assert scored.metrics["validation_log_loss"] == pytest.approx(best, abs=1e-5)
    assert "validation_logloss" not in scored.metrics


def test_a_ranking_orders_the_rows_of_shuffled_groups(context: Any) -> None:
    context.connection.execute(
        "CREATE TABLE answers AS SELECT chr(65 + (i % 20)::INTEGER) AS query, hash(i) % 100 AS x, "
        "(hash(i) % 100 // 25)::INTEGER AS relevance FROM range(600) t(i)"
    )
    settings = {**ROUNDS, "group": "query"}
    for model in ("lightgbm.LGBMRanker", "xgboost.XGBRanker"):
        split = {**settings, "validation.split": 0.25}
        outcome = context.train(model, "SELECT * FROM answers", "relevance", settings=split)
        assert outcome.metrics["train_ndcg"] > 0.95
        assert outcome.rows == 450
        reference = outcome.outputs["model"]
        context.run(
            "predict", column="score", settings={}, into="p", rows="SELECT * FROM answers",
            model=reference,
        )  # fmt: skip
        ((agreement, rows),) = context.query("SELECT corr(x, score), count(*) FROM p")
        assert (agreement > 0.8, rows) == (True, 600)


@pytest.mark.parametrize(
    ("model", "settings"), [("lightgbm.LGBMRanker", {}), ("xgboost.gbtree", {"group": "g"})]
)
def test_groups_and_rankings_belong_together(
    context: Any, model: str, settings: dict[str, Any]
) -> None:
    sql = "SELECT i AS x, i % 2 AS y, i % 3 AS g FROM range(30) t(i)"
    found = refusal(context.train, model, sql, "y", settings=settings)
    assert found.code == "E0420"


def test_weights_count(context: Any) -> None:
    sql = "SELECT 1 AS x, i % 2 = 0 AS y, if(i % 2 = 0, 3, 1) AS w FROM range(100) t(i)"
    context.train(
        "sklearn.dummy.DummyClassifier", sql, "y", settings={"weight": "w"},
        parameters={"strategy": "prior"},
    )  # fmt: skip
    found = context.predict(sql, "y", probability=True)
    assert found["y_proba_true"][0].as_py() == pytest.approx(0.75)
    for weight in (-1, 0):
        bad = refusal(
            context.train, "xgboost.gbtree", f"SELECT * REPLACE ({weight} AS w) FROM ({sql})", "y",
            settings={"weight": "w"},
        )  # fmt: skip
        assert (bad.code, bad.about) == ("E0413", "attribute train.weight")


def test_training_goes_on_from_an_earlier_model(iris: Any) -> None:
    sql = "SELECT * FROM iris"
    iris.train("xgboost.gbtree", sql, "species", settings=ROUNDS)
    iris.train("xgboost.gbtree", sql, "species", settings=ROUNDS, base="m@1")
    iris.train("xgboost.gbtree", sql, "species", settings={"num_boost_round": 10}, into="once")
    assert iris.manifest("m@2")["base"] == "m@1"
    twice, once = (
        iris.predict(sql, "species", model, probability=True)["species_proba_setosa"].to_numpy()
        for model in ("m@2", "once@1")
    )
    np.testing.assert_allclose(twice, once, atol=1e-6)


def test_training_goes_on_with_the_earlier_models_categories(context: Any) -> None:
    sql = "SELECT ['a', 'b', 'c'][1 + i % 3] AS t, i % 3 * 1.5 AS y FROM range(90) q(i)"
    context.train("xgboost.gbtree", sql, "y", settings=ROUNDS)
    context.train("xgboost.gbtree", f"{sql} WHERE i % 3 > 0", "y", settings=ROUNDS, base="m@1")
    assert context.manifest("m@2")["pipeline"] == context.manifest("m@1")["pipeline"]


def test_training_goes_on_with_the_earlier_models_classes(iris: Any) -> None:
    iris.train("xgboost.gbtree", "SELECT * FROM iris", "species", settings=ROUNDS)
    part = "SELECT * FROM iris WHERE species = 'virginica'"
    iris.train("xgboost.gbtree", part, "species", settings=ROUNDS, base="m@1")
    assert iris.manifest("m@2")["classes"] == ["setosa", "versicolor", "virginica"]


@pytest.mark.parametrize(
    ("model", "sql", "label"),
    [
        ("lightgbm.gbdt", "SELECT * FROM iris", "species"),
        ("xgboost.gbtree", "SELECT petal_width, species FROM iris", "species"),
        ("xgboost.gbtree", "SELECT * REPLACE ('x' AS species) FROM iris", "species"),
        ("xgboost.gbtree", "SELECT * REPLACE (species > 'n' AS species) FROM iris", "species"),
    ],
)
def test_training_cannot_go_on_from_something_else(
    iris: Any, model: str, sql: str, label: str
) -> None:
    iris.train("xgboost.gbtree", "SELECT * FROM iris", "species", settings=ROUNDS)
    assert refusal(iris.train, model, sql, label, base="m@1").code == "E0408"
    assert iris.models.names() == ("m",)
    assert len(iris.models.versions("m")) == 1


def test_several_labels_give_a_column_each(context: Any) -> None:
    sql = "SELECT i AS x, i * 2.0 AS a, -i::DOUBLE AS b FROM range(100) t(i)"
    context.train("sklearn.linear_model.LinearRegression", sql, ("a", "b"))
    found = context.predict("SELECT 10 AS x", "a")
    assert found.column_names == ["x", "a", "b"]
    assert [found["a"][0].as_py(), found["b"][0].as_py()] == pytest.approx([20, -10])


def test_clusters_need_no_label(iris: Any) -> None:
    outcome = iris.train(
        "sklearn.cluster.KMeans", "SELECT * EXCLUDE species FROM iris",
        parameters={"n_clusters": 3, "n_init": 3},
    )  # fmt: skip
    assert outcome.summary.startswith("silhouette 0.5")
    found = iris.predict("SELECT * FROM iris", "cluster")
    assert found.column_names[-2:] == ["species", "cluster"]
    assert set(found["cluster"].to_pylist()) == {0, 1, 2}
    assert str(found["cluster"].type) == "int32"


def test_a_transformation_gives_several_columns(iris: Any) -> None:
    iris.train(
        "sklearn.decomposition.PCA", "SELECT * EXCLUDE species FROM iris",
        parameters={"n_components": 2},
    )  # fmt: skip
    found = iris.predict("SELECT species, * EXCLUDE species FROM iris", "pc")
    assert found.column_names[-2:] == ["pc_1", "pc_2"]
    assert abs(np.mean(found["pc_1"].to_numpy())) < 1e-9


def test_outliers_come_with_a_score(iris: Any) -> None:
    iris.train("sklearn.ensemble.IsolationForest", "SELECT * EXCLUDE species FROM iris")
    found = iris.predict("SELECT * FROM iris", "outlier", extra_outputs=("score",))
    assert found.column_names[-2:] == ["outlier", "outlier_score"]
    flags, scores = found["outlier"].to_numpy(), found["outlier_score"].to_numpy()
    assert np.array_equal(flags == -1, scores < 0)


def test_a_failed_training_stores_nothing(iris: Any) -> None:
    for sql in ("SELECT * FROM iris LIMIT 0", "SELECT * FROM iris WHERE species = 'setosa'"):
        refusal(iris.train, "xgboost.gbtree", sql, "species")
    assert iris.models.names() == ()


def test_whole_numbers_taken_as_classes_are_noted(context: Any) -> None:
    context.train("xgboost.gbtree", "SELECT i AS x, i % 5 AS y FROM range(100) t(i)", "y")
    assert context.notes == [
        "`y` has 5 whole numbers: a classification; "
        "name a regression model or objective if they are amounts"
    ]


def test_an_objective_decides_what_whole_numbers_are(context: Any) -> None:
    sql = "SELECT i AS x, i % 5 AS y FROM range(100) t(i)"
    parameters = {"objective": "reg:squarederror"}
    context.train("xgboost.gbtree", sql, "y", parameters=parameters)
    assert context.manifest()["task"] == "regression"
    assert context.notes == []


LEAN = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import importlib.util
spec = importlib.util.spec_from_file_location("conftest_of_steps", sys.argv[1] + "/conftest.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
context = module.DirectContext(Path(sys.argv[2]))
context.train("xgboost.gbtree", "SELECT i AS x, i % 2 AS y FROM range(99) q(i)", "y")
unwanted = ("sklearn", "shap", "matplotlib", "scipy.stats", "lightgbm")
heavy = [name for name in unwanted if name in sys.modules]
print(json.dumps(heavy))
"""


def test_training_a_booster_loads_no_other_library(tmp_path: Any) -> None:
    from pathlib import Path

    folder = str(Path(__file__).parent)
    found = subprocess.run(
        [sys.executable, "-c", LEAN, folder, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(found.stdout) == []


def test_a_score_card_tells_its_points_and_keeps_them(iris: Any) -> None:
    two = "SELECT petal_length, sepal_width, species FROM iris WHERE species <> 'setosa'"
    iris.train("ScoreCard", two, "species", parameters={"bins": 3})
    told = [note for note in iris.notes if note.startswith("points of ")]
    iris.run("explain", explainer="Points", settings={}, rows=two, model="m@1")
    points = iris.results[-1].to_pylist()
    iris.run("manage", action="describe", model="m", if_exists=False)
    described = [row for row in iris.results[-1].to_pylist() if row["section"] == "points"]
    assert [(row["property"], float(row["value"])) for row in described] == [
        (f"{row['feature']} {row['bin']}", row["points"]) for row in points
    ]
    for feature, note in zip(("petal_length", "sepal_width"), told, strict=True):
        bins = [f"{r['bin']} → {r['points']:g}" for r in points if r["feature"] == feature]
        assert note == f"points of `{feature}`: {', '.join(bins)}"


def test_empty_values_are_told_with_their_counts_in_all_rows(context: Any) -> None:
    """No row is counted beforehand: reading them finds the first, and only then are all counted."""
    sql = (
        "SELECT CASE WHEN i % 50 > 0 THEN i END AS a, CASE WHEN i <> 9 THEN i END AS b, i % 2 AS y"
        " FROM range(100) t(i)"
    )
    for settings in ({}, {"validation.split": 0.2}):
        with pytest.raises(StepError) as error:
            context.train("sklearn.linear_model.LogisticRegression", sql, "y", settings=settings)
        told = [diagnostic.message for diagnostic in error.value.diagnostics]
        assert told == [
            "column `a` is empty (NULL or NaN) in 2 rows",
            "column `b` is empty (NULL or NaN) in 1 row",
        ]


def test_metrics_are_of_the_rows_whatever_a_library_does_to_them_in_place(context: Any) -> None:
    context.write("t", pa.table({"a": [1.0, 2, 3, 4], "y": [2.0, 4, 6, 9]}))
    context.train(
        "sklearn.linear_model.LinearRegression",
        "SELECT * FROM t",
        "y",
        parameters={"copy_X": False},
    )
    line = np.polyfit([1, 2, 3, 4], [2, 4, 6, 9], 1)
    error = np.polyval(line, [1, 2, 3, 4]) - [2, 4, 6, 9]
    found = context.manifest()["metrics"]["train_root_mean_squared_error"]
    assert found == pytest.approx(np.sqrt(np.mean(error**2)))
