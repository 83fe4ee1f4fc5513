"""XGBoost by SQL gives what XGBoost gives by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

from sqlml.errors import StepError

PROGRAM = """
CREATE TABLE iris_seen AS SELECT * FROM iris WHERE id % 5 > 0;
CREATE TABLE iris_held AS SELECT * FROM iris WHERE id % 5 = 0;

SELECT * EXCLUDE (id, code) FROM iris_seen
TO TRAIN xgboost.gbtree
WITH objective = multi:softprob, eta = 0.2, max_depth = 3, train.num_boost_round = 12,
     eval_metric = 'merror, mlogloss',
     validation.select = "SELECT * EXCLUDE (id, code) FROM iris_held"
LABEL species INTO species;
SELECT * FROM iris TO PREDICT species_said.kind WITH predict.probability = TRUE USING species;

SELECT * EXCLUDE (id, species) FROM iris
TO TRAIN XGBClassifier WITH model.n_estimators = 5 LABEL code INTO codes;
SELECT * EXCLUDE (code) FROM iris
TO PREDICT codes_said WITH predict.probability = TRUE USING codes;

SELECT * EXCLUDE (id, benign, w), benign FROM cancer
TO TRAIN xgboost.dart
WITH rate_drop = 0.3, skip_drop = 0.4, max_depth = 3, train.num_boost_round = 15, train.seed = 9
LABEL benign INTO dropping;
SELECT * FROM cancer TO PREDICT dropping_said WITH predict.probability = TRUE USING dropping;

SELECT * EXCLUDE (id) FROM cancer
TO TRAIN xgboost.gbtree
WITH objective = binary:logistic, scale_pos_weight = 0.3, subsample = 0.7, colsample_bytree = 0.6,
     train.seed = 4, train.weight = w, train.num_boost_round = 15, train.verbose = 1
LABEL benign INTO weighed;
SELECT * FROM cancer TO PREDICT weighed_said WITH predict.probability = TRUE USING weighed;

SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN xgboost.gblinear
WITH updater = coord_descent, train.num_boost_round = 30, lambda = 0.1, alpha = 0.05
LABEL progression INTO line;
SELECT * FROM diabetes TO PREDICT line_said USING line;

SELECT * EXCLUDE (id, w) FROM diabetes WHERE id % 4 > 0
TO TRAIN XGBRegressor
WITH max_depth = 3, eta = 0.3, train.num_boost_round = 200, train.early_stopping_rounds = 5,
     validation.select = "SELECT * EXCLUDE (id, w) FROM diabetes WHERE id % 4 = 0"
LABEL progression INTO stopped;
SELECT * FROM diabetes TO PREDICT stopped_said.guess USING stopped;

SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN XGBRFRegressor WITH model.n_estimators = 20, max_depth = 5, train.seed = 2
LABEL progression INTO forest;
SELECT * FROM diabetes TO PREDICT forest_said USING forest;

SELECT * EXCLUDE (id, w) FROM cancer
TO TRAIN XGBRFClassifier WITH model.n_estimators = 15, max_depth = 4 LABEL benign INTO trees;
SELECT * FROM cancer TO PREDICT trees_said WITH predict.probability = TRUE USING trees;

SELECT * EXCLUDE (id) FROM searches
TO TRAIN XGBRanker WITH max_depth = 3, train.num_boost_round = 10, train.group = query
LABEL relevance INTO ranked;
SELECT * FROM searches TO PREDICT ranked_said.score USING ranked;

SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN xgboost.gbtree WITH max_depth = 3, train.num_boost_round = 6 LABEL progression INTO begun;
SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN xgboost.gbtree WITH max_depth = 2, eta = 0.1, train.num_boost_round = 4
LABEL progression USING begun INTO continued;
SELECT * FROM diabetes TO PREDICT continued_said USING continued;

SELECT city, plan, income, visits, active, churned FROM customers
TO TRAIN xgboost.gbtree WITH max_depth = 4, train.num_boost_round = 8 LABEL churned INTO cities;
SELECT id, * EXCLUDE (id) FROM customers
TO PREDICT cities_said WITH predict.probability = TRUE USING cities;

SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN xgboost.gbtree WITH max_depth = 4, train.num_boost_round = 8, train.disk_cache = TRUE
LABEL progression INTO from_disk;
SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN xgboost.gbtree WITH max_depth = 4, train.num_boost_round = 8
LABEL progression INTO from_memory;

SELECT * EXCLUDE (id, w) FROM cancer
TO TRAIN xgboost.gbtree WITH train.class_weight = 'balanced', max_depth = 3
LABEL benign INTO balanced;
SELECT * FROM cancer TO PREDICT balanced_said WITH predict.probability = TRUE USING balanced;

SELECT age, bmi, s5, id % 4 = 0 AS fourth FROM diabetes WHERE id < 400
TO TRAIN XGBClassifier
WITH train.class_weight = 'balanced', validation.split = 0.25, train.num_boost_round = 4
LABEL fourth INTO evenly;
SELECT age, bmi, s5, id % 4 = 0 AS fourth FROM diabetes WHERE id < 400
TO TRAIN XGBClassifier
WITH train.class_weight = [0.6666666666666666, 2], validation.split = 0.25,
     train.num_boost_round = 4
LABEL fourth INTO by_list;

SELECT * EXCLUDE (id, benign, w), mean_area > 500 AS large, NULLIF(mean_area, mean_area) AS nothing
FROM cancer
TO TRAIN xgboost.gbtree WITH objective = reg:quantileerror, quantile_alpha = 0.8, max_depth = 3
LABEL mean_texture INTO high;
SELECT *, mean_area > 500 AS large, NULL::DOUBLE AS nothing FROM cancer
TO PREDICT high_said.q USING high;
"""


@pytest.fixture(scope="module")
def lab(laboratory: Any) -> Any:
    laboratory.run(PROGRAM)
    return laboratory


def inputs(frame: pd.DataFrame, *others: str) -> pd.DataFrame:
    return frame.drop(columns=["id", *others])


def probabilities(said: pd.DataFrame, label: str, *classes: object) -> np.ndarray:
    return said[[f"{label}_proba_{name}" for name in classes]].to_numpy()


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-5, atol=1e-6)


def test_text_classes_with_metrics_of_every_round(lab: Any) -> None:
    iris = lab.frames["iris"]
    X, names = inputs(iris, "species", "code"), ["setosa", "versicolor", "virginica"]
    y, held = iris["species"].map(names.index), iris["id"] % 5 == 0
    measured: dict[str, Any] = {}
    train = xgboost.QuantileDMatrix(X[~held], y[~held])
    booster = xgboost.train(
        {
            "objective": "multi:softprob",
            "num_class": 3,
            "eta": 0.2,
            "max_depth": 3,
            "eval_metric": ["merror", "mlogloss"],
        },
        train,
        12,
        evals=[(train, "train"), (xgboost.DMatrix(X[held], y[held]), "validation")],
        evals_result=measured,
        verbose_eval=False,
    )
    said = lab.table("species_said")
    expected = booster.predict(xgboost.DMatrix(X))
    close(probabilities(said, "kind", *names), expected)
    assert said["kind"].tolist() == [names[i] for i in expected.argmax(axis=1)]
    for rows, metrics in measured.items():
        for metric, values in metrics.items():
            close(lab.rounds("species", f"{rows}_{metric}"), values)
            close(lab.manifest("species")["metrics"][f"{rows}_{metric}"], values[-1])
    assert "species" not in said


def test_whole_numbers_that_are_classes(lab: Any) -> None:
    iris = lab.frames["iris"]
    X, y = inputs(iris, "species", "code"), iris["code"].map({3: 0, 7: 1, 42: 2})
    expected = xgboost.XGBClassifier(n_estimators=5, random_state=0).fit(X, y).predict_proba(X)
    said = lab.table("codes_said")
    close(probabilities(said, "code", 3, 7, 42), expected)
    assert said["code"].tolist() == np.array([3, 7, 42])[expected.argmax(axis=1)].tolist()
    assert said["code"].dtype == iris["code"].dtype


def test_boolean_classes_and_dropped_trees(lab: Any) -> None:
    cancer = lab.frames["cancer"]
    X = inputs(cancer, "benign", "w")
    booster = xgboost.train(
        {
            "booster": "dart",
            "objective": "binary:logistic",
            "rate_drop": 0.3,
            "skip_drop": 0.4,
            "max_depth": 3,
            "seed": 9,
        },
        xgboost.QuantileDMatrix(X, cancer["benign"]),
        15,
    )
    expected = booster.predict(xgboost.DMatrix(X))
    said = lab.table("dropping_said")
    close(said["benign_proba_true"], expected)
    close(said["benign_proba_false"], 1 - expected)
    assert said["benign"].dtype == bool
    assert (said["benign"] == (expected > 0.5)).all()


def test_weights_samples_and_the_weight_of_the_second_class(lab: Any) -> None:
    cancer = lab.frames["cancer"]
    X, measured = inputs(cancer, "benign", "w"), {}  # type: ignore[var-annotated]
    train = xgboost.QuantileDMatrix(X, cancer["benign"], weight=cancer["w"])
    booster = xgboost.train(
        {
            "objective": "binary:logistic",
            "scale_pos_weight": 0.3,
            "subsample": 0.7,
            "colsample_bytree": 0.6,
            "seed": 4,
        },
        train,
        15,
        evals=[(train, "train")],
        evals_result=measured,
        verbose_eval=False,
    )
    close(lab.table("weighed_said")["benign_proba_true"], booster.predict(xgboost.DMatrix(X)))
    close(lab.rounds("weighed", "train_logloss"), measured["train"]["logloss"])


def test_a_linear_booster(lab: Any) -> None:
    diabetes = lab.frames["diabetes"]
    X = inputs(diabetes, "progression", "w")
    booster = xgboost.train(
        {"booster": "gblinear", "updater": "coord_descent", "lambda": 0.1, "alpha": 0.05},
        xgboost.DMatrix(X, diabetes["progression"]),
        30,
    )
    close(lab.table("line_said")["progression"], booster.predict(xgboost.DMatrix(X)))


def test_training_stops_early_at_the_same_round(lab: Any) -> None:
    diabetes = lab.frames["diabetes"]
    X, y, held = (
        inputs(diabetes, "progression", "w"),
        diabetes["progression"],
        diabetes["id"] % 4 == 0,
    )
    model = xgboost.XGBRegressor(
        n_estimators=200, max_depth=3, learning_rate=0.3, early_stopping_rounds=5
    )
    model.fit(
        X[~held], y[~held], eval_set=[(X[~held], y[~held]), (X[held], y[held])], verbose=False
    )
    kept = xgboost.Booster(model_file=lab.bundle("stopped") / "model.ubj")
    assert kept.num_boosted_rounds() == model.best_iteration + 1
    close(lab.table("stopped_said")["guess"], model.predict(X))
    measured = model.evals_result()
    close(lab.rounds("stopped", "validation_rmse"), measured["validation_1"]["rmse"])
    close(lab.rounds("stopped", "train_rmse"), measured["validation_0"]["rmse"])


def test_random_forests(lab: Any) -> None:
    diabetes, cancer = lab.frames["diabetes"], lab.frames["cancer"]
    X = inputs(diabetes, "progression", "w")
    forest = xgboost.XGBRFRegressor(n_estimators=20, max_depth=5, random_state=2)
    close(
        lab.table("forest_said")["progression"], forest.fit(X, diabetes["progression"]).predict(X)
    )
    X = inputs(cancer, "benign", "w")
    trees = xgboost.XGBRFClassifier(n_estimators=15, max_depth=4, random_state=0)
    expected = trees.fit(X, cancer["benign"]).predict_proba(X)
    close(probabilities(lab.table("trees_said"), "benign", "false", "true"), expected)


def test_ranking_rows_that_are_not_adjacent(lab: Any) -> None:
    searches = lab.frames["searches"].sort_values("query", kind="stable")
    X = inputs(searches, "query", "relevance")
    model = xgboost.XGBRanker(max_depth=3, n_estimators=10, random_state=0)
    model.fit(X, searches["relevance"], qid=searches["query"])
    expected = pd.Series(model.predict(X), index=searches["id"]).sort_index()
    close(lab.table("ranked_said")["score"], expected)


def test_training_goes_on_from_an_earlier_model(lab: Any) -> None:
    diabetes = lab.frames["diabetes"]
    X, y = inputs(diabetes, "progression", "w"), diabetes["progression"]
    train = xgboost.QuantileDMatrix(X, y)
    first = xgboost.train({"max_depth": 3}, train, 6)
    both = xgboost.train({"max_depth": 2, "eta": 0.1}, train, 4, xgb_model=first)
    close(lab.table("continued_said")["progression"], both.predict(xgboost.DMatrix(X)))
    assert lab.manifest("continued")["base"] == "begun@1"


def test_text_with_nulls_is_categories(lab: Any) -> None:
    """Splits depend a little on the order of categories; here, the most frequent come first."""
    customers = lab.frames["customers"]
    X = customers[["city", "plan", "income", "visits", "active"]].copy()
    for name in ("city", "plan"):
        X[name] = pd.Categorical(X[name], X[name].value_counts().index)
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 4},
        xgboost.QuantileDMatrix(X, customers["churned"] == "yes", enable_categorical=True),
        8,
    )
    expected = booster.predict(xgboost.DMatrix(X, enable_categorical=True))
    close(lab.table("cities_said")["churned_proba_yes"], expected)


def test_rows_on_disk_give_the_same_model(lab: Any) -> None:
    files = [lab.bundle(name) / "model.ubj" for name in ("from_disk", "from_memory")]
    dumps = [xgboost.Booster(model_file=file).get_dump(with_stats=True) for file in files]
    assert dumps[0] == dumps[1]


def test_balanced_classes_weigh_rows(lab: Any) -> None:
    cancer = lab.frames["cancer"]
    X, y = inputs(cancer, "benign", "w"), cancer["benign"].astype(int)
    weight = (len(y) / (2 * np.bincount(y)))[y]
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3},
        xgboost.QuantileDMatrix(X, y, weight=weight),
        10,
    )
    close(lab.table("balanced_said")["benign_proba_true"], booster.predict(xgboost.DMatrix(X)))


def test_balanced_weights_are_those_of_the_rows_trained_on(lab: Any) -> None:
    """300 of 400 rows are FALSE, and 225 of the 300 that are trained on."""
    dumps = [
        xgboost.Booster(model_file=lab.bundle(name) / "model.ubj").get_dump(with_stats=True)
        for name in ("evenly", "by_list")
    ]
    assert dumps[0] == dumps[1]


@pytest.mark.parametrize(
    ("label", "weights"),
    [("benign", "[1]"), ("benign", "['a', 2]"), ("benign", "[-1, 2]"), ("w", "'balanced'")],
)
def test_class_weights_that_do_not_fit_are_refused(lab: Any, label: str, weights: str) -> None:
    with pytest.raises(StepError) as caught:
        lab.run(
            f"SELECT mean_area, {label} FROM cancer TO TRAIN xgboost.gbtree "
            f"WITH train.class_weight = {weights} LABEL {label} INTO refused"
        )
    assert [fault.code for fault in caught.value.diagnostics] == ["E0483"]


def test_quantiles_with_booleans_and_an_empty_column(lab: Any) -> None:
    cancer = lab.frames["cancer"]
    X = inputs(cancer, "benign", "w", "mean_texture")
    X = X.assign(large=cancer["mean_area"] > 500, nothing=np.nan)
    booster = xgboost.train(
        {"objective": "reg:quantileerror", "quantile_alpha": 0.8, "max_depth": 3},
        xgboost.QuantileDMatrix(X, cancer["mean_texture"]),
        10,
    )
    close(lab.table("high_said")["q"], booster.predict(xgboost.DMatrix(X)))
