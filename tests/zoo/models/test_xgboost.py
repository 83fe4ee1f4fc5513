"""XGBoost's models against XGBoost itself, called by hand on the same matrix."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from scipy import sparse

from sqlml.errors import StepError
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.models import xgboost_matrix
from sqlml.zoo.models.dictionaries.booster_attributes import Reserved
from sqlml.zoo.models.dictionaries.xgboost_parameters import (
    CLASSIFIERS,
    METRICS,
    RANKERS,
    REGRESSORS,
)
from sqlml.zoo.models.replay import Replay
from sqlml.zoo.models.xgboost import FAMILY
from sqlml.zoo.models.xgboost_trainer import XGBoostTrainer

TRAINER = XGBoostTrainer()
generator = np.random.default_rng(7)
X = generator.random((600, 5), dtype=np.float32)
X[generator.random(X.shape) < 0.1] = np.nan
FILLED = np.nan_to_num(X)
VALUES = (FILLED @ [3, -2, 1, 0, 0] + generator.normal(0, 0.1, 600)).astype(np.float32)
TWO = (VALUES > 0.5).astype(np.int32)
THREE = (TWO + (FILLED[:, 2] > 0.6)).astype(np.int32)
GROUPS = np.repeat(np.arange(60)[::-1], 10)
RELEVANCE = np.clip(np.round(VALUES + 1), 0, 4).astype(np.int32)
WEIGHTS = generator.random(600, dtype=np.float32)


def by_hand(parameters: dict[str, Any], label: Any, rounds: int = 10, **info: Any) -> Any:
    """A booster that the library trained; `exact` and `gblinear` take the rows as they are."""
    plain = parameters.get("booster") == "gblinear" or parameters.get("tree_method") in (
        "exact",
        "approx",
    )
    kind = xgboost.DMatrix if plain else xgboost.QuantileDMatrix
    if not plain:
        info["max_bin"] = parameters.get("max_bin", 256)
    return xgboost.train({"nthread": 2, **parameters}, kind(X, label, **info), rounds)


def outputs(booster: Any, matrix: Any = X) -> Any:
    return booster.predict(xgboost.DMatrix(matrix))


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("xgboost.gbtree", {}),
        ("xgboost.gbtree", {"eta": 0.1, "max_depth": 3, "lambda": 2.0, "gamma": 0.1}),
        ("xgboost.gbtree", {"max_bin": 16, "subsample": 0.5, "colsample_bytree": 0.6, "seed": 3}),
        ("xgboost.gbtree", {"tree_method": "exact"}),
        ("xgboost.gbtree", {"tree_method": "approx"}),
        ("xgboost.gbtree", {"grow_policy": "lossguide", "max_leaves": 7}),
        ("xgboost.gbtree", {"objective": "reg:absoluteerror"}),
        ("xgboost.gbtree", {"objective": "reg:quantileerror", "quantile_alpha": (0.2, 0.8)}),
        ("xgboost.gbtree", {"monotone_constraints": (1, -1, 0, 0, 0)}),
        ("xgboost.dart", {"rate_drop": 0.3, "seed": 5}),
        ("xgboost.gblinear", {"updater": "coord_descent", "feature_selector": "shuffle"}),
        ("xgboost.XGBRegressor", {"max_depth": 2}),
    ],
)
def test_a_regression_predicts_what_the_library_predicts(
    model: str, parameters: dict[str, Any], dataset: Any, fit: Any
) -> None:
    rounds = 100 if model.endswith("XGBRegressor") else 10
    booster = {"dart": "dart", "gblinear": "gblinear"}.get(model.rpartition(".")[2], "gbtree")
    own = {
        name: str(value) if isinstance(value, tuple) and name.endswith("constraints") else value
        for name, value in parameters.items()
    }
    own = {name: list(v) if isinstance(v, tuple) else v for name, v in own.items()}
    expected = outputs(by_hand({"booster": booster, **own}, VALUES, rounds))
    estimator = fit(TRAINER, model, dataset(X, VALUES), "regression", parameters)
    np.testing.assert_allclose(estimator.predict(X), expected, rtol=1e-6, atol=1e-6)
    assert estimator.task == "regression"
    assert estimator.probabilities(X) is None


def test_shotgun_gives_the_same_model_each_time(dataset: Any, fit: Any) -> None:
    expected = outputs(by_hand({"booster": "gblinear", "nthread": 1}, VALUES))
    for _ in range(3):
        estimator = fit(TRAINER, "xgboost.gblinear", dataset(X, VALUES))
        np.testing.assert_allclose(estimator.predict(X), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "label"),
    [
        ({}, TWO),
        ({}, THREE),
        ({"num_class": 3}, THREE),
        ({"objective": "multi:softprob"}, TWO),
        ({"objective": "binary:logistic", "scale_pos_weight": 3.0}, TWO),
    ],
)
@pytest.mark.parametrize("booster", ["gbtree", "dart"])
def test_a_classification_gives_the_probabilities_of_the_library(
    parameters: dict[str, Any], label: Any, booster: str, dataset: Any, fit: Any
) -> None:
    by_label = "multi:softprob" if label is THREE else "binary:logistic"
    objective = parameters.get("objective", by_label)
    many = {"num_class": int(label.max()) + 1} if objective.startswith("multi") else {}
    by_library = {**parameters, "booster": booster, "objective": objective, **many}
    expected = outputs(by_hand(by_library, label))
    estimator = fit(TRAINER, f"xgboost.{booster}", dataset(X, label), "classification", parameters)
    probabilities = estimator.probabilities(X)
    assert probabilities.shape == (600, int(label.max()) + 1)
    second = expected if expected.ndim == 2 else np.column_stack((1 - expected, expected))
    np.testing.assert_allclose(probabilities, second, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(estimator.predict(X), second.argmax(axis=1))


def test_softmax_and_margins_and_hinge_predict_classes(dataset: Any, fit: Any) -> None:
    for objective, label in (
        ("multi:softmax", THREE),
        ("binary:logitraw", TWO),
        ("binary:hinge", TWO),
    ):
        many = {"num_class": 3} if objective == "multi:softmax" else {}
        expected = outputs(by_hand({"objective": objective, **many}, label))
        expected = expected > 0 if objective == "binary:logitraw" else expected
        estimator = fit(
            TRAINER,
            "xgboost.gbtree",
            dataset(X, label),
            "classification",
            {"objective": objective},
        )
        np.testing.assert_array_equal(estimator.predict(X), expected.astype(int))
        probabilities = estimator.probabilities(X)
        if objective == "binary:hinge":
            assert probabilities is None
        else:
            np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-9)
            np.testing.assert_array_equal(probabilities.argmax(axis=1), estimator.predict(X))


def test_softmax_has_the_probabilities_of_softprob(dataset: Any, fit: Any) -> None:
    expected = outputs(by_hand({"objective": "multi:softprob", "num_class": 3}, THREE))
    estimator = fit(
        TRAINER,
        "xgboost.gbtree",
        dataset(X, THREE),
        "classification",
        {"objective": "multi:softmax"},
    )
    np.testing.assert_allclose(estimator.probabilities(X), expected, rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("objective", [None, "rank:pairwise", "rank:map"])
def test_ranking_takes_groups_in_any_order_and_across_batches(
    objective: str | None, weighted: bool, dataset: Any, fit: Any
) -> None:
    label = (RELEVANCE > 2).astype(np.int32) if objective == "rank:map" else RELEVANCE
    per_row = np.repeat(WEIGHTS[::10], 10) if weighted else None
    matrix = xgboost.QuantileDMatrix(X, label, weight=per_row)
    matrix.set_info(group=[10] * 60)
    if weighted:
        matrix.set_info(weight=WEIGHTS[::10])
    else:
        matrix = xgboost.QuantileDMatrix(X, label, group=[10] * 60)
    expected = xgboost.train({"objective": objective or "rank:ndcg", "nthread": 2}, matrix, 10)
    rows = dataset(X, label, per_row, GROUPS, size=37)
    parameters = {} if objective is None else {"objective": objective}
    estimator = fit(TRAINER, "xgboost.gbtree", rows, "ranking", parameters)
    np.testing.assert_allclose(estimator.predict(X), outputs(expected), rtol=1e-6, atol=1e-6)
    assert estimator.task == "ranking"


def test_ranking_without_groups_is_refused(dataset: Any, fit: Any) -> None:
    with pytest.raises(StepError, match="no groups") as caught:
        fit(TRAINER, "xgboost.XGBRanker", dataset(X, RELEVANCE), "ranking")
    assert caught.value.diagnostics[0].code == "E0464"


def test_weights_count(dataset: Any, fit: Any) -> None:
    expected = outputs(by_hand({}, VALUES, weight=WEIGHTS))
    estimator = fit(TRAINER, "xgboost.gbtree", dataset(X, VALUES, WEIGHTS))
    np.testing.assert_allclose(estimator.predict(X), expected, rtol=1e-6, atol=1e-6)


def test_categories_are_split_natively(dataset: Any, fit: Any) -> None:
    codes = generator.integers(0, 12, 600).astype(np.float32)
    matrix = np.column_stack((X[:, 0], codes)).astype(np.float32)
    label = np.isin(codes, (1, 5, 7)) * 2 + FILLED[:, 0]
    types = ["q", "c"]
    known = xgboost.QuantileDMatrix(matrix, label, feature_types=types, enable_categorical=True)
    expected = xgboost.train({"max_cat_to_onehot": 1, "nthread": 2}, known, 10)
    estimator = fit(
        TRAINER,
        "xgboost.gbtree",
        dataset(matrix, label, types=("q", "c")),
        "regression",
        {"max_cat_to_onehot": 1},
    )
    np.testing.assert_allclose(estimator.predict(matrix), expected.predict(known), rtol=1e-6)
    assert (
        "categories" in expected.get_dump(dump_format="json")[0]
        or "{" in (estimator.booster.get_dump()[0])
    )
    with pytest.raises(StepError, match="`x1` is a category") as caught:
        fit(
            TRAINER,
            "xgboost.gbtree",
            dataset(matrix, label, types=("q", "c")),
            "regression",
            {"tree_method": "exact"},
        )
    assert caught.value.diagnostics[0].code == "E0463"


def test_sparse_rows_train_and_predict(dataset: Any, fit: Any) -> None:
    rows = sparse.random(600, 40, 0.1, "csr", np.float32, random_state=3)
    label = np.asarray(rows.sum(axis=1)).ravel()
    expected = xgboost.train({"nthread": 2}, xgboost.QuantileDMatrix(rows, label), 10)
    estimator = fit(TRAINER, "xgboost.gbtree", dataset(rows, label))
    np.testing.assert_allclose(
        estimator.predict(rows), expected.inplace_predict(rows), rtol=1e-6, atol=1e-6
    )
    assert estimator.contributions(rows).shape == (1, 600, 41)


def test_several_labels_give_several_outputs(dataset: Any, fit: Any) -> None:
    label = np.column_stack((VALUES, -VALUES))
    expected = outputs(by_hand({}, label))
    estimator = fit(TRAINER, "xgboost.gbtree", dataset(X, label))
    np.testing.assert_allclose(estimator.predict(X), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("columns", [1, 2])
def test_survival_times_may_be_intervals(columns: int, dataset: Any, fit: Any) -> None:
    ends = np.column_stack((np.exp(VALUES), np.exp(VALUES) * 1.5))[:, :columns]
    info = {"label_lower_bound": ends[:, 0], "label_upper_bound": ends[:, -1]}
    expected = outputs(by_hand({"objective": "survival:aft"}, None, **info))
    label = ends[:, 0] if columns == 1 else ends
    estimator = fit(
        TRAINER,
        "xgboost.gbtree",
        dataset(X, label),
        "regression",
        {"objective": "survival:aft"},
    )
    np.testing.assert_allclose(estimator.predict(X), expected, rtol=1e-6)


def test_early_stopping_keeps_the_best_round(dataset: Any, fit: Any) -> None:
    train, validation = (X[:400], VALUES[:400]), (X[400:], VALUES[400:])
    matrix = xgboost.QuantileDMatrix(*train)
    held = xgboost.QuantileDMatrix(*validation, ref=matrix)
    stop = xgboost.callback.EarlyStopping(rounds=3, save_best=True)
    parameters = {"eta": 0.9, "nthread": 2}
    expected = xgboost.train(
        parameters, matrix, 200, evals=[(held, "v")], callbacks=[stop], verbose_eval=False
    )
    reports: list[Any] = []
    estimator = fit(
        TRAINER,
        "xgboost.gbtree",
        dataset(*train),
        "regression",
        {"eta": 0.9},
        settings={"num_boost_round": 200, "early_stopping_rounds": 3},
        validation=dataset(*validation),
        report=lambda *report: reports.append(report),
    )
    rounds = estimator.booster.num_boosted_rounds()
    assert rounds == expected.num_boosted_rounds() < len(reports) < 200
    assert len(reports) == rounds + 3
    np.testing.assert_allclose(estimator.predict(X), outputs(expected), rtol=1e-6)
    done, total, measured = reports[-1]
    assert (done, total) == (len(reports), 200)
    assert set(measured) == {"train_rmse", "validation_rmse"}


@pytest.mark.parametrize("model", ["xgboost.dart", "xgboost.gblinear"])
def test_every_booster_stops_early(model: str, dataset: Any, fit: Any) -> None:
    reports: list[Any] = []
    settings = {"num_boost_round": 60, "early_stopping_rounds": 2}
    estimator = fit(
        TRAINER,
        model,
        dataset(X[:400], VALUES[:400]),
        "regression",
        {"eta": 0.9},
        settings=settings,
        validation=dataset(X[400:], VALUES[400:]),
        report=lambda *report: reports.append(report),
    )
    assert np.isfinite(estimator.predict(X)).all()
    assert len(reports) <= 60


def test_rounds_are_reported_and_measured_only_when_asked(dataset: Any, fit: Any) -> None:
    for settings, parameters, names in (
        ({}, {}, set()),
        ({"verbose": 1}, {}, {"train_rmse"}),
        ({}, {"eval_metric": ("mae", "error@0.7")}, {"train_mae", "train_error@0.7"}),
    ):
        reports: list[Any] = []
        fit(
            TRAINER,
            "xgboost.gbtree",
            dataset(X, VALUES),
            "regression",
            parameters,
            settings={"num_boost_round": 4, **settings},
            report=lambda *report, reports=reports: reports.append(report),
        )
        assert [done for done, _, _ in reports] == [1, 2, 3, 4]
        assert all(total == 4 and set(values) == names for _, total, values in reports)


def test_training_goes_on_from_an_earlier_model(dataset: Any, fit: Any, tmp_path: Path) -> None:
    newer = X * 3 + 1  # other values, in other bins
    first = xgboost.train({"nthread": 2}, xgboost.QuantileDMatrix(X, VALUES), 10)
    rows = xgboost.DMatrix(newer, VALUES)
    expected = xgboost.train({"nthread": 2}, rows, 10, xgb_model=first)
    base = fit(TRAINER, "xgboost.gbtree", dataset(X, VALUES))
    base.save(tmp_path)
    reports: list[Any] = []
    estimator = fit(
        TRAINER,
        "xgboost.gbtree",
        dataset(newer, VALUES),
        base=TRAINER.load(tmp_path),
        report=lambda *report: reports.append(report),
    )
    assert [done for done, _, _ in reports] == list(range(1, 11))
    assert estimator.booster.num_boosted_rounds() == 20
    np.testing.assert_allclose(estimator.predict(newer), expected.predict(rows), rtol=1e-6)
    np.testing.assert_array_equal(base.predict(X), outputs(first))


def test_an_earlier_model_must_have_the_same_features(dataset: Any, fit: Any) -> None:
    base = fit(TRAINER, "xgboost.gbtree", dataset(X, VALUES))
    with pytest.raises(StepError, match="features: `x1`, not `z`") as caught:
        fit(
            TRAINER,
            "xgboost.gbtree",
            dataset(X, VALUES, names=("x0", "z", "x2", "x3", "x4")),
            base=base,
        )
    assert caught.value.diagnostics[0].code == "E0465"
    assert caught.value.diagnostics[0].about == "using"


def test_an_earlier_model_must_be_of_the_same_kind(dataset: Any, fit: Any) -> None:
    rows = dataset(X, VALUES)
    base = fit(TRAINER, "xgboost.gbtree", rows)
    for model, parameters, said in (
        ("xgboost.gblinear", {}, "kind: gbtree, not gblinear"),
        ("xgboost.gbtree", {"objective": "reg:absoluteerror"}, "objective: reg:squarederror"),
    ):
        with pytest.raises(StepError, match=said):
            fit(TRAINER, model, rows, "regression", parameters, base=base)
    two = fit(TRAINER, "xgboost.gbtree", dataset(X, TWO), "classification")
    with pytest.raises(StepError, match="objective: binary:logistic, not multi:softprob"):
        fit(TRAINER, "xgboost.gbtree", dataset(X, THREE), "classification", base=two)


@pytest.mark.parametrize("tree_method", ["hist", "approx"])
def test_rows_cached_on_disk_train_the_same_model(
    tree_method: str, dataset: Any, fit: Any, tmp_path: Path
) -> None:
    parameters = {"tree_method": tree_method}
    in_memory = fit(TRAINER, "xgboost.gbtree", dataset(X, VALUES), "regression", parameters)
    rows, held = dataset(X, VALUES), dataset(X[:50], VALUES[:50])
    on_disk = fit(
        TRAINER,
        "xgboost.gbtree",
        rows,
        "regression",
        parameters,
        settings={"disk_cache": True},
        validation=held,
    )
    assert rows.wholes == 0
    np.testing.assert_allclose(on_disk.predict(X), in_memory.predict(X), rtol=1e-4, atol=1e-4)


def test_disk_cache_is_refused_where_all_rows_are_needed(dataset: Any, fit: Any) -> None:
    for model, parameters in (
        ("xgboost.gblinear", {}),
        ("xgboost.gbtree", {"tree_method": "exact"}),
    ):
        with pytest.raises(StepError, match="disk_cache") as caught:
            fit(
                TRAINER,
                model,
                dataset(X, VALUES),
                "regression",
                parameters,
                settings={"disk_cache": True},
            )
        assert caught.value.diagnostics[0].code == "E0462"


def test_rows_stream_and_are_made_once(
    dataset: Any, fit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = dataset(X, VALUES)
    fit(TRAINER, "xgboost.gbtree", small)
    assert (small.passes, small.wholes) == (1, 0)
    monkeypatch.setattr(Replay, "kept_bytes", 2_000)  # less than a batch
    large = dataset(X, VALUES)
    fit(TRAINER, "xgboost.gbtree", large)
    assert (large.passes, large.wholes) == (1, 0)


def test_a_saved_model_is_the_same_model(dataset: Any, fit: Any, tmp_path: Path) -> None:
    names = ("a[0]", "a[1]", "a_0_", "ü <b>", "plain")
    estimator = fit(TRAINER, "xgboost.gbtree", dataset(X, THREE, names=names), "classification")
    estimator.save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"model.ubj", "features.json"}
    loaded = TRAINER.load(tmp_path)
    np.testing.assert_array_equal(loaded.probabilities(X), estimator.probabilities(X))
    np.testing.assert_array_equal(loaded.contributions(X), estimator.contributions(X))
    assert loaded.importance() == estimator.importance()
    assert set(loaded.importance()) <= set(names)
    assert (loaded.names, loaded.task) == (names, "classification")


@pytest.mark.parametrize("model", ["xgboost.gbtree", "xgboost.dart", "xgboost.gblinear"])
def test_contributions_add_up_to_the_prediction(model: str, dataset: Any, fit: Any) -> None:
    estimator = fit(TRAINER, model, dataset(X, VALUES))
    contributions = estimator.contributions(X)
    assert contributions.shape == (1, 600, 6)
    np.testing.assert_allclose(contributions[0].sum(axis=1), estimator.predict(X), atol=1e-4)
    classes = fit(TRAINER, model, dataset(X, THREE), "classification").contributions(X)
    assert classes.shape == (3, 600, 6)


def test_importance_counts_splits_and_gain(dataset: Any, fit: Any) -> None:
    booster = by_hand({}, VALUES)
    estimator = fit(TRAINER, "xgboost.gbtree", dataset(X, VALUES))
    splits = booster.get_score(importance_type="weight")
    gains = booster.get_score(importance_type="gain")
    assert estimator.importance() == {
        f"x{i}": (splits[f"f{i}"], pytest.approx(gains[f"f{i}"], rel=1e-5)) for i in range(5)
    }
    assert fit(TRAINER, "xgboost.gblinear", dataset(X, VALUES)).importance() == {}


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("XGBClassifier", TWO),
        ("XGBClassifier", THREE),
        ("XGBRegressor", VALUES),
        ("XGBRFClassifier", TWO),
        ("XGBRFClassifier", THREE),
        ("XGBRFRegressor", VALUES),
    ],
)
def test_a_class_name_means_what_the_class_means(
    model: str, label: Any, dataset: Any, fit: Any
) -> None:
    sklearn_class = getattr(xgboost, model)(n_jobs=2, random_state=0).fit(X, label)
    task = "classification" if "Classifier" in model else "regression"
    estimator = fit(TRAINER, f"xgboost.{model}", dataset(X, label), task)
    np.testing.assert_allclose(estimator.predict(X), sklearn_class.predict(X), rtol=1e-5)
    if task == "classification":
        np.testing.assert_allclose(
            estimator.probabilities(X), sklearn_class.predict_proba(X), rtol=1e-5, atol=1e-6
        )


def test_a_ranker_is_the_class_of_that_name(dataset: Any, fit: Any) -> None:
    ranker = xgboost.XGBRanker(n_jobs=2).fit(X, RELEVANCE, group=[10] * 60)
    rows = dataset(X, RELEVANCE, None, GROUPS)
    estimator = fit(TRAINER, "xgboost.XGBRanker", rows, "ranking")
    np.testing.assert_allclose(estimator.predict(X), ranker.predict(X), rtol=1e-5, atol=1e-6)


def test_two_class_objectives_are_refused_for_three_classes(dataset: Any, fit: Any) -> None:
    with pytest.raises(StepError, match="two classes, but the label has 3") as caught:
        fit(
            TRAINER,
            "xgboost.gbtree",
            dataset(X, THREE),
            "classification",
            {"objective": "binary:logistic"},
        )
    problem = caught.value.diagnostics[0]
    assert (problem.code, problem.about) == ("E0461", "attribute objective")
    assert "multi:softprob" in problem.hint


def test_too_few_classes_are_refused(dataset: Any, fit: Any) -> None:
    parameters = {"objective": "multi:softprob", "num_class": 2}
    with pytest.raises(StepError, match="num_class = 2") as caught:
        fit(TRAINER, "xgboost.gbtree", dataset(X, THREE), "classification", parameters)
    assert caught.value.diagnostics[0].about == "attribute num_class"


@pytest.mark.parametrize(
    ("model", "parameters", "named"),
    [
        ("xgboost.XGBRegressor", {"booster": "gblinear", "max_depth": 3}, "max_depth"),
        ("xgboost.XGBRegressor", {"rate_drop": 0.5}, "rate_drop"),
        ("xgboost.gbtree", {"tweedie_variance_power": 1.2}, "tweedie_variance_power"),
        ("xgboost.gbtree", {"device": "cuda"}, "device"),
    ],
)
def test_a_parameter_without_effect_is_refused_before_rows_are_read(
    model: str, parameters: dict[str, Any], named: str, dataset: Any, fit: Any
) -> None:
    rows = dataset(X, VALUES)
    with pytest.raises(StepError, match=named) as caught:
        fit(TRAINER, model, rows, "regression", parameters)
    problem = caught.value.diagnostics[0]
    assert (problem.code, problem.about) == ("E0462", f"attribute {named}")
    assert rows.passes == rows.wholes == 0


@pytest.mark.parametrize(
    ("parameters", "label", "told"),
    [
        ({"objective": "reg:gamma"}, -np.abs(VALUES) - 1, ("label", "must be greater than 0")),
        ({"objective": "reg:squaredlogerror"}, VALUES - 9, ("label", "label must be")),
        ({"monotone_constraints": (1,) * 9}, VALUES, ("attribute monotone_constraints", "size of")),
        ({"updater": "grow_trees"}, VALUES, ("attribute updater", "grow_trees")),
        ({"objective": "reg:quantileerror"}, VALUES, ("model", "quantile")),
    ],
)
def test_what_the_library_refuses_is_told_in_one_line(
    parameters: dict[str, Any], label: Any, told: tuple[str, str], dataset: Any, fit: Any
) -> None:
    with pytest.raises(StepError) as caught:
        fit(TRAINER, "xgboost.gbtree", dataset(X, label), "regression", parameters)
    problem = caught.value.diagnostics[0]
    assert problem.code == "E0460"
    about, said = told
    assert said in problem.message
    assert "/workspace" not in problem.message
    assert "\n" not in problem.message
    assert problem.about == about


def test_a_constraint_may_name_features(dataset: Any, fit: Any) -> None:
    expected = outputs(by_hand({"interaction_constraints": "[[0, 1], [2, 3]]"}, VALUES))
    parameters = {"interaction_constraints": (("x0", "x1"), (2, 3))}
    estimator = fit(TRAINER, "xgboost.gbtree", dataset(X, VALUES), "regression", parameters)
    np.testing.assert_allclose(estimator.predict(X), expected, rtol=1e-6, atol=1e-6)
    with pytest.raises(StepError, match="`zz`, which is no feature") as caught:
        fit(
            TRAINER,
            "xgboost.gbtree",
            dataset(X, VALUES),
            "regression",
            {"interaction_constraints": (("zz",),)},
        )
    assert caught.value.diagnostics[0].code == "E0466"


def test_an_error_while_reading_rows_stays_what_it_is(dataset: Any, fit: Any) -> None:
    class Broken(type(dataset(X))):  # type: ignore[misc]
        def __iter__(self) -> Any:
            yield from super().__iter__()
            raise LookupError("the rows ended early")

    with pytest.raises(LookupError, match="ended early"):
        fit(TRAINER, "xgboost.gbtree", Broken(X, VALUES))


def test_nothing_is_printed(dataset: Any, fit: Any, capfd: pytest.CaptureFixture[str]) -> None:
    for model in ("xgboost.gbtree", "xgboost.dart", "xgboost.gblinear"):
        fit(TRAINER, model, dataset(X, VALUES), settings={"verbose": 1})
    assert capfd.readouterr() == ("", "")


def test_names_are_found_in_any_case() -> None:
    for name in FAMILY.names():
        model = FAMILY.find(name.upper())
        assert model is not None
        assert model.name == name
    for short in ("XGBClassifier", "xgbrfregressor", "XGBRanker"):
        found = FAMILY.find(short)
        assert found is not None
        assert found.name.casefold() == f"xgboost.{short}".casefold()
    assert FAMILY.find("gbtree") is None


def test_the_objective_says_the_task() -> None:
    model = FAMILY.find("xgboost.gbtree")
    assert model is not None
    assert FAMILY.task(model, {}) is None
    assert {FAMILY.task(model, {"objective": name}) for name in CLASSIFIERS} == {"classification"}
    assert {FAMILY.task(model, {"objective": name}) for name in REGRESSORS} == {"regression"}
    assert {FAMILY.task(model, {"objective": name}) for name in RANKERS} == {"ranking"}


def test_numbers_of_rounds_have_the_defaults_of_the_class() -> None:
    rounds = {
        name: model.settings["num_boost_round"].default
        for name in FAMILY.names()
        if (model := FAMILY.find(name))
    }
    assert rounds["xgboost.gbtree"] == 10
    assert rounds["xgboost.XGBClassifier"] == 100
    assert rounds["xgboost.XGBRFClassifier"] == 1
    forest = FAMILY.find("XGBRFClassifier")
    assert forest is not None
    assert forest.parameters["n_estimators"].name == "num_parallel_tree"


def _leaves(config: Any) -> dict[str, Any]:
    """All scalar entries of a booster's configuration, by name."""
    found: dict[str, Any] = {}
    for key, value in config.items() if isinstance(config, dict) else enumerate(config):
        if isinstance(value, dict | list):
            found |= _leaves(value)
        elif isinstance(key, str):
            found[key] = value
    return found


# What a configuration holds besides parameters.
NO_PARAMETERS = {
    "name": "which objective, updater or metric the entry is for",
    "num_trees": "how many trees the model has",
    "specified_updater": "whether `updater` was given",
}
BOOSTERS = [
    ("gbtree", {"tree_method": "hist"}),
    ("gbtree", {"tree_method": "approx"}),
    ("gbtree", {"tree_method": "exact"}),
    ("dart", {}),
    ("gblinear", {"updater": "shotgun"}),
    ("gblinear", {"updater": "coord_descent", "feature_selector": "thrifty"}),
]
SAMPLE = xgboost.DMatrix(np.zeros((1, 2)), [0])


def _configuration(parameters: dict[str, Any]) -> dict[str, Any]:
    objective = parameters.get("objective", "")
    needed: dict[str, Any] = {"num_class": 2} if objective.startswith("multi") else {}
    needed |= {"quantile_alpha": 0.5} if objective == "reg:quantileerror" else {}
    booster = xgboost.Booster({**parameters, **needed}, [SAMPLE])
    return _leaves(json.loads(booster.save_config()))


@pytest.mark.parametrize("objective", [*CLASSIFIERS, *REGRESSORS, *RANKERS])
@pytest.mark.parametrize(("booster", "parameters"), BOOSTERS)
def test_every_parameter_in_the_librarys_configuration_is_known(
    objective: str, booster: str, parameters: dict[str, Any]
) -> None:
    model = FAMILY.find(f"xgboost.{booster}")
    assert model is not None
    found = _configuration({"booster": booster, "objective": objective, **parameters})
    assert set(found) - set(NO_PARAMETERS) - set(_known(model)) == set()


def _known(model: Any) -> set[str]:
    return {n for a in model.parameters.values() for n in (a.name, *a.aliases)}


def test_every_objective_that_the_library_has_is_known() -> None:
    with pytest.raises(xgboost.core.XGBoostError) as caught:
        xgboost.Booster({"objective": "no:such"}, [SAMPLE]).save_config()
    candidates = {
        line.partition(": ")[2]
        for line in str(caught.value).splitlines()
        if line.startswith("Objective candidate")
    }
    assert candidates - {"reg:linear"} == {*CLASSIFIERS, *REGRESSORS, *RANKERS}


@pytest.mark.parametrize("metric", [*METRICS, "error@0.3", "ndcg@5-", "ams@0.1", "pre@3"])
def test_every_metric_is_one_that_the_library_has(metric: str) -> None:
    model = FAMILY.find("xgboost.gbtree")
    assert model is not None
    assert model.parameters["eval_metric"].check(metric.upper()) == (metric,)
    parameters = {"eval_metric": metric, "quantile_alpha": 0.5, "verbosity": 0}
    xgboost.Booster(parameters, [SAMPLE]).save_config()


def test_an_unknown_metric_is_refused() -> None:
    model = FAMILY.find("xgboost.gbtree")
    assert model is not None
    for wrong in ("ndgc", "rmse@3", "error@x", "tweedie-nloglik"):
        with pytest.raises(AttributeProblem):
            model.parameters["eval_metric"].check(wrong)


EXAMPLES: dict[str, Any] = {
    "device": "cpu",
    "nthread": 1,
    "base_score": 0.4,
    "eval_metric": "rmse",
    "num_class": 2,
    "quantile_alpha": 0.3,
    "lambdarank_num_pair_per_sample": 3,
    "monotone_constraints": "(1,0)",
    "interaction_constraints": "[[0,1]]",
    "max_cached_hist_node": 9,
}
NEEDS = {
    "tweedie_variance_power": {"objective": "reg:tweedie"},
    "max_delta_step": {"objective": "count:poisson"},
    "huber_slope": {"objective": "reg:pseudohubererror"},
    "quantile_alpha": {"objective": "reg:quantileerror"},
    "aft_loss_distribution": {"objective": "survival:aft"},
    "aft_loss_distribution_scale": {"objective": "survival:aft"},
    "ndcg_exp_gain": {"objective": "rank:ndcg"},
    "default_direction": {"tree_method": "exact"},
    "opt_dense_col": {"tree_method": "exact"},
    "top_k": {"updater": "coord_descent", "feature_selector": "thrifty"},
    "updater": {},
}


@pytest.mark.parametrize(
    ("booster", "name"),
    [
        (booster, name)
        for booster in ("gbtree", "dart", "gblinear")
        for model in (FAMILY.find(f"xgboost.{booster}"),)
        if model is not None
        for name, attribute in model.parameters.items()
        if not isinstance(attribute, Reserved)
    ],
)
def test_every_parameter_in_the_dictionary_is_one_that_the_library_uses(
    booster: str, name: str
) -> None:
    model = FAMILY.find(f"xgboost.{booster}")
    assert model is not None
    attribute = model.parameters[name]
    updater = "shotgun" if booster == "gblinear" else "grow_colmaker"
    value = {**EXAMPLES, "updater": updater}.get(name, attribute.default)
    value = "reg:squarederror" if name == "objective" else value
    needs = NEEDS.get(name, {"objective": "rank:ndcg"} if name.startswith("lambdarank") else {})
    assert value is not None, f"`{name}` needs an example"
    attribute.check(value)
    for spelling in (name, *attribute.aliases):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            booster_object = xgboost.Booster(
                {"booster": booster, **needs, "verbosity": 1, spelling: value}, [SAMPLE]
            )
            booster_object.save_config()
        assert not [warning for warning in told if "are not used" in str(warning.message)]


@pytest.mark.parametrize(("booster", "parameters"), BOOSTERS)
@pytest.mark.parametrize("objective", ["reg:tweedie", "rank:ndcg", "survival:aft"])
def test_defaults_are_those_of_the_library(
    objective: str, booster: str, parameters: dict[str, Any]
) -> None:
    model = FAMILY.find(f"xgboost.{booster}")
    assert model is not None
    found = _configuration({"objective": objective, "booster": booster, **parameters})
    set_here = {"objective", "tree_method", "verbosity", *parameters}
    for name, attribute in model.parameters.items():
        if name in found and name not in set_here and attribute.default is not None:
            told = found[name]
            default = attribute.default
            same = (
                told == default
                if isinstance(default, str)
                else float(told) == pytest.approx(float(default))
            )
            assert same, f"{name}: {default} here, {told} there"


def test_reserved_names_say_what_to_write_instead() -> None:
    model = FAMILY.find("xgboost.gbtree")
    assert model is not None
    with pytest.raises(AttributeProblem) as caught:
        model.parameters["num_feature"].check(3)
    assert caught.value.hint == "it follows from the columns"


def test_every_attribute_is_documented() -> None:
    for name in FAMILY.names():
        model = FAMILY.find(name)
        assert model is not None
        assert model.doc
        for attribute in (*model.parameters.values(), *model.settings.values()):
            assert attribute.doc, attribute.name
            assert attribute.describe()
            if attribute.default is not None:
                assert attribute.check(attribute.default) == attribute.default


def test_long_columns_are_handed_over_one_by_one_to_the_same_end(
    dataset: Any, fit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for tall in (0, 601):
        monkeypatch.setattr(xgboost_matrix, "TALL", tall)
        model = fit(TRAINER, "xgboost.gbtree", dataset(X, VALUES))
        found.append(model.predict(X))
    np.testing.assert_array_equal(*found)
