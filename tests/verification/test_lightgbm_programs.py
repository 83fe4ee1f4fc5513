"""LightGBM by SQL gives what LightGBM gives by hand."""

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest

PROGRAM = """
SELECT * EXCLUDE (id, code) FROM iris WHERE id % 5 > 0
TO TRAIN lightgbm.gbdt
WITH num_leaves = 7, min_data_in_leaf = 5, train.num_boost_round = 12, train.verbose = 1,
     metric = 'multi_logloss, multi_error',
     validation.select = "SELECT * EXCLUDE (id, code) FROM iris WHERE id % 5 = 0"
LABEL species INTO species;
SELECT * FROM iris TO PREDICT species_said.kind WITH predict.probability = TRUE USING species;

SELECT * EXCLUDE (id, species) FROM iris
TO TRAIN LGBMClassifier WITH model.n_estimators = 5, min_child_samples = 10 LABEL code INTO codes;
SELECT * FROM iris TO PREDICT codes_said WITH predict.probability = TRUE USING codes;

SELECT * EXCLUDE (id, w) FROM cancer
TO TRAIN lightgbm.dart
WITH drop_rate = 0.4, num_leaves = 7, train.num_boost_round = 15, train.seed = 9
LABEL benign INTO dropping;
SELECT * FROM cancer TO PREDICT dropping_said WITH predict.probability = TRUE USING dropping;

SELECT * EXCLUDE (id) FROM cancer
TO TRAIN lightgbm.goss
WITH top_rate = 0.3, other_rate = 0.2, scale_pos_weight = 0.3, learning_rate = 0.3, num_leaves = 7,
     train.seed = 4, train.weight = w, train.num_boost_round = 15
LABEL benign INTO weighed;
SELECT * FROM cancer TO PREDICT weighed_said WITH predict.probability = TRUE USING weighed;

SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN lightgbm.rf
WITH bagging_freq = 1, bagging_fraction = 0.6, feature_fraction = 0.5, train.num_boost_round = 12,
     train.seed = 3
LABEL progression INTO forest;
SELECT * FROM diabetes TO PREDICT forest_said USING forest;

SELECT * EXCLUDE (id, w) FROM diabetes WHERE id % 4 > 0
TO TRAIN LGBMRegressor
WITH num_leaves = 7, learning_rate = 0.2, train.num_boost_round = 200,
     train.early_stopping_rounds = 5,
     validation.select = "SELECT * EXCLUDE (id, w) FROM diabetes WHERE id % 4 = 0"
LABEL progression INTO stopped;
SELECT * FROM diabetes TO PREDICT stopped_said.guess USING stopped;

SELECT * EXCLUDE (id) FROM searches
TO TRAIN LGBMRanker
WITH num_leaves = 7, min_child_samples = 5, model.n_estimators = 10, train.group = query
LABEL relevance INTO ranked;
SELECT * FROM searches TO PREDICT ranked_said.score USING ranked;

SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN lightgbm.gbdt WITH num_leaves = 7, train.num_boost_round = 6 LABEL progression INTO begun;
SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN lightgbm.gbdt WITH num_leaves = 5, learning_rate = 0.3, train.num_boost_round = 4
LABEL progression USING begun INTO continued;
SELECT * FROM diabetes TO PREDICT continued_said USING continued;

SELECT city, plan, income, visits, active, churned FROM customers
TO TRAIN lightgbm.gbdt
WITH num_leaves = 9, min_data_per_group = 10, cat_smooth = 1, train.num_boost_round = 8
LABEL churned INTO cities;
SELECT * FROM customers TO PREDICT cities_said WITH predict.probability = TRUE USING cities;

SELECT * EXCLUDE (id, w) FROM cancer
TO TRAIN LGBMClassifier
WITH train.class_weight = [3, 0.5], num_leaves = 7, train.num_boost_round = 8
LABEL benign INTO uneven;
SELECT * FROM cancer TO PREDICT uneven_said WITH predict.probability = TRUE USING uneven;
"""


@pytest.fixture(scope="module")
def lab(laboratory: Any) -> Any:
    laboratory.run(PROGRAM)
    return laboratory


def inputs(frame: pd.DataFrame, *others: str) -> np.ndarray:
    return frame.drop(columns=["id", *others]).to_numpy(np.float64)


def probabilities(said: pd.DataFrame, label: str, *classes: object) -> np.ndarray:
    return said[[f"{label}_proba_{name}" for name in classes]].to_numpy()


def by_hand(X: np.ndarray, y: Any, rounds: int, **parameters: Any) -> np.ndarray:
    """What a model of these parameters says of its training rows."""
    weight = parameters.pop("weight", None)
    parameters = {"verbosity": -1, "seed": 0, **parameters}
    return lightgbm.train(parameters, lightgbm.Dataset(X, y, weight=weight), rounds).predict(X)


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-6, atol=1e-6)


def test_text_classes_with_metrics_of_every_round(lab: Any) -> None:
    iris = lab.frames["iris"]
    X, names = inputs(iris, "species", "code"), ["setosa", "versicolor", "virginica"]
    y, held = iris["species"].map(names.index), iris["id"] % 5 == 0
    measured: dict[str, Any] = {}
    train = lightgbm.Dataset(X[~held], y[~held])
    booster = lightgbm.train(
        {
            "objective": "multiclass",
            "num_class": 3,
            "num_leaves": 7,
            "min_data_in_leaf": 5,
            "metric": ["multi_logloss", "multi_error"],
            "seed": 0,
            "verbosity": -1,
        },
        train,
        12,
        valid_sets=[train, lightgbm.Dataset(X[held], y[held], reference=train)],
        valid_names=["train", "validation"],
        callbacks=[lightgbm.record_evaluation(measured)],
    )
    said, expected = lab.table("species_said"), booster.predict(X)
    close(probabilities(said, "kind", *names), expected)
    assert said["kind"].tolist() == [names[i] for i in np.asarray(expected).argmax(axis=1)]
    for rows, metrics in measured.items():
        for metric, values in metrics.items():
            close(lab.rounds("species", f"{rows}_{metric}"), values)


def test_whole_numbers_that_are_classes(lab: Any) -> None:
    iris = lab.frames["iris"]
    model = lightgbm.LGBMClassifier(
        n_estimators=5, min_child_samples=10, random_state=0, verbosity=-1
    )
    model.fit(inputs(iris, "species", "code"), iris["code"])
    said = lab.table("codes_said")
    expected = model.booster_.predict(inputs(iris, "species", "code"))
    close(probabilities(said, "code", 3, 7, 42), expected)
    assert said["code"].tolist() == np.array([3, 7, 42])[expected.argmax(axis=1)].tolist()


def test_boolean_classes_and_dropped_trees(lab: Any) -> None:
    cancer = lab.frames["cancer"]
    expected = by_hand(
        inputs(cancer, "benign", "w"),
        cancer["benign"],
        15,
        objective="binary",
        boosting="dart",
        drop_rate=0.4,
        num_leaves=7,
        seed=9,
    )
    said = lab.table("dropping_said")
    close(said["benign_proba_true"], expected)
    assert (said["benign"] == (expected > 0.5)).all()


def test_weights_and_gradient_sampling(lab: Any) -> None:
    cancer = lab.frames["cancer"]
    expected = by_hand(
        inputs(cancer, "benign", "w"),
        cancer["benign"],
        15,
        objective="binary",
        boosting="goss",
        top_rate=0.3,
        other_rate=0.2,
        scale_pos_weight=0.3,
        learning_rate=0.3,
        num_leaves=7,
        seed=4,
        weight=cancer["w"],
    )
    close(lab.table("weighed_said")["benign_proba_true"], expected)


def test_a_random_forest(lab: Any) -> None:
    diabetes = lab.frames["diabetes"]
    expected = by_hand(
        inputs(diabetes, "progression", "w"),
        diabetes["progression"],
        12,
        objective="regression",
        boosting="rf",
        bagging_freq=1,
        bagging_fraction=0.6,
        feature_fraction=0.5,
        seed=3,
    )
    close(lab.table("forest_said")["progression"], expected)


def test_training_stops_early_at_the_same_round(lab: Any) -> None:
    diabetes = lab.frames["diabetes"]
    X, y = inputs(diabetes, "progression", "w"), diabetes["progression"]
    held = diabetes["id"] % 4 == 0
    measured: dict[str, Any] = {}
    train = lightgbm.Dataset(X[~held], y[~held])
    model = lightgbm.train(
        {
            "objective": "regression",
            "num_leaves": 7,
            "learning_rate": 0.2,
            "seed": 0,
            "verbosity": -1,
        },
        train,
        200,
        valid_sets=[lightgbm.Dataset(X[held], y[held], reference=train)],
        valid_names=["validation"],
        callbacks=[
            lightgbm.early_stopping(5, verbose=False),
            lightgbm.record_evaluation(measured),
        ],
    )
    kept = lightgbm.Booster(model_file=lab.bundle("stopped") / "model.txt")
    assert kept.num_trees() == model.best_iteration < 200
    close(lab.table("stopped_said")["guess"], model.predict(X))
    close(lab.rounds("stopped", "validation_l2"), measured["validation"]["l2"])


def test_ranking_rows_that_are_not_adjacent(lab: Any) -> None:
    searches = lab.frames["searches"].sort_values("query", kind="stable")
    X = inputs(searches, "query", "relevance")
    model = lightgbm.train(
        {
            "objective": "lambdarank",
            "num_leaves": 7,
            "min_child_samples": 5,
            "seed": 0,
            "verbosity": -1,
        },
        lightgbm.Dataset(
            X, searches["relevance"], group=searches.groupby("query").size().to_numpy()
        ),
        10,
    )
    expected = pd.Series(model.predict(X), index=searches["id"]).sort_index()
    close(lab.table("ranked_said")["score"], expected)


def test_training_goes_on_from_an_earlier_model(lab: Any) -> None:
    diabetes = lab.frames["diabetes"]
    X, y = inputs(diabetes, "progression", "w"), diabetes["progression"]
    shared = {"objective": "regression", "seed": 0, "verbosity": -1}
    train = lightgbm.Dataset(X, y, free_raw_data=False)
    first = lightgbm.train({**shared, "num_leaves": 7}, train, 6)
    both = lightgbm.train(
        {**shared, "num_leaves": 5, "learning_rate": 0.3},
        lightgbm.Dataset(X, y),
        4,
        init_model=first,
    )
    close(lab.table("continued_said")["progression"], both.predict(X))


def test_text_with_nulls_is_categories(lab: Any) -> None:
    """Bins of equally frequent categories depend on their order; the most frequent come first."""
    customers = lab.frames["customers"]
    X = customers[["city", "plan", "income", "visits", "active"]].copy()
    for name in ("city", "plan"):
        X[name] = pd.Categorical(X[name], X[name].value_counts().index)
    model = lightgbm.train(
        {
            "objective": "binary",
            "num_leaves": 9,
            "min_data_per_group": 10,
            "cat_smooth": 1,
            "seed": 0,
            "verbosity": -1,
        },
        lightgbm.Dataset(X, customers["churned"] == "yes"),
        8,
    )
    close(lab.table("cities_said")["churned_proba_yes"], model.predict(X))


def test_weights_of_classes_weigh_rows(lab: Any) -> None:
    cancer = lab.frames["cancer"]
    model = lightgbm.LGBMClassifier(
        n_estimators=8,
        num_leaves=7,
        class_weight={False: 3, True: 0.5},
        random_state=0,
        verbosity=-1,
    )
    X = inputs(cancer, "benign", "w")
    model.fit(X, cancer["benign"])
    close(lab.table("uneven_said")["benign_proba_true"], model.booster_.predict(X))
