"""LightGBM's models against LightGBM itself, called by hand on the same matrix."""

import ctypes
import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from scipy import sparse

from sqlml.errors import StepError
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.models.dictionaries.booster_attributes import Reserved
from sqlml.zoo.models.dictionaries.lightgbm_parameters import (
    CLASSIFIERS,
    METRICS,
    RANKERS,
    REGRESSORS,
)
from sqlml.zoo.models.lightgbm import FAMILY
from sqlml.zoo.models.lightgbm_trainer import NARROW, LightGBMTrainer
from sqlml.zoo.models.replay import Replay

TRAINER = LightGBMTrainer()
generator = np.random.default_rng(11)
X = generator.random((600, 5), dtype=np.float32)
X[generator.random(X.shape) < 0.1] = np.nan
FILLED = np.nan_to_num(X)
VALUES = (FILLED @ [3, -2, 1, 0, 0] + generator.normal(0, 0.1, 600)).astype(np.float32)
TWO = (VALUES > 0.5).astype(np.int32)
THREE = (TWO + (FILLED[:, 2] > 0.6)).astype(np.int32)
GROUPS = np.repeat(np.arange(60)[::-1], 10)
RELEVANCE = np.clip(np.round(VALUES + 1), 0, 4).astype(np.int32)
WEIGHTS = generator.random(600, dtype=np.float32)
FIXED = {
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "seed": 0,
    "data_random_seed": 0,
}


def by_hand(parameters: dict[str, Any], label: Any, rounds: int = 10, **info: Any) -> Any:
    own = {**FIXED, **parameters}
    return lightgbm.train(own, lightgbm.Dataset(X, label, params=own, **info), rounds)


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("lightgbm.gbdt", {}),
        ("lightgbm.gbdt", {"learning_rate": 0.3, "num_leaves": 7, "lambda_l2": 2.0}),
        ("lightgbm.gbdt", {"max_bin": 15, "bagging_fraction": 0.5, "bagging_freq": 1}),
        ("lightgbm.gbdt", {"feature_fraction": 0.5, "extra_trees": True}),
        ("lightgbm.gbdt", {"objective": "quantile", "alpha": 0.2}),
        ("lightgbm.gbdt", {"monotone_constraints": (1, -1, 0, 0, 0)}),
        ("lightgbm.gbdt", {"linear_tree": True}),
        ("lightgbm.gbdt", {"force_col_wise": True}),
        ("lightgbm.dart", {"drop_rate": 0.3}),
        ("lightgbm.goss", {"top_rate": 0.3}),
        ("lightgbm.rf", {}),
        ("lightgbm.LGBMRegressor", {"max_depth": 2}),
    ],
)
def test_a_regression_predicts_what_the_library_predicts(
    model: str, parameters: dict[str, Any], dataset: Any, fit: Any
) -> None:
    rounds = 100 if model.endswith("LGBMRegressor") else 10
    boosting = model.rpartition(".")[2] if "LGBM" not in model else "gbdt"
    own = {n: list(v) if isinstance(v, tuple) else v for n, v in parameters.items()}
    forest = {"bagging_freq": 1, "bagging_fraction": 0.632} if boosting == "rf" else {}
    fixed = {"force_row_wise": False} if "force_col_wise" in own else {}
    expected = by_hand(
        {"objective": "regression", "boosting": boosting, **forest, **own, **fixed}, VALUES, rounds
    )
    estimator = fit(TRAINER, model, dataset(X, VALUES), "regression", parameters)
    np.testing.assert_allclose(estimator.predict(X), expected.predict(X), rtol=1e-9)
    assert estimator.task == "regression"
    assert estimator.probabilities(X) is None


@pytest.mark.parametrize(
    ("parameters", "label"),
    [
        ({}, TWO),
        ({}, THREE),
        ({"num_class": 3}, THREE),
        ({"objective": "multiclassova"}, THREE),
        ({"objective": "softmax"}, TWO),
        ({"is_unbalance": True}, TWO),
    ],
)
def test_a_classification_gives_the_probabilities_of_the_library(
    parameters: dict[str, Any], label: Any, dataset: Any, fit: Any
) -> None:
    objective = parameters.get("objective", "multiclass" if label is THREE else "binary")
    many = {} if objective == "binary" else {"num_class": int(label.max()) + 1}
    expected = by_hand({**parameters, "objective": objective, **many}, label).predict(X)
    both = expected if expected.ndim == 2 else np.column_stack((1 - expected, expected))
    estimator = fit(TRAINER, "lightgbm.gbdt", dataset(X, label), "classification", parameters)
    np.testing.assert_allclose(estimator.probabilities(X), both, rtol=1e-9)
    np.testing.assert_array_equal(estimator.predict(X), both.argmax(axis=1))
    assert estimator.task == "classification"


def test_ranking_takes_groups_in_any_order_and_across_batches(dataset: Any, fit: Any) -> None:
    for objective, parameters in (("lambdarank", {}), ("rank_xendcg", {"eval_at": (3,)})):
        own = {"objective": objective, **parameters}
        expected = by_hand(own, RELEVANCE, weight=WEIGHTS, group=[10] * 60)
        rows = dataset(X, RELEVANCE, WEIGHTS, GROUPS, size=37)
        given = parameters if objective == "lambdarank" else {"objective": objective, **parameters}
        estimator = fit(TRAINER, "lightgbm.gbdt", rows, "ranking", given)
        np.testing.assert_allclose(estimator.predict(X), expected.predict(X), rtol=1e-9)
        assert estimator.task == "ranking"


def test_ranking_without_groups_is_refused(dataset: Any, fit: Any) -> None:
    with pytest.raises(StepError, match="no groups") as caught:
        fit(TRAINER, "lightgbm.LGBMRanker", dataset(X, RELEVANCE), "ranking")
    assert caught.value.diagnostics[0].code == "E0464"


def test_weights_count(dataset: Any, fit: Any) -> None:
    expected = by_hand({"objective": "regression"}, VALUES, weight=WEIGHTS)
    estimator = fit(TRAINER, "lightgbm.gbdt", dataset(X, VALUES, WEIGHTS))
    np.testing.assert_allclose(estimator.predict(X), expected.predict(X), rtol=1e-9)


def test_categories_are_split_natively(dataset: Any, fit: Any) -> None:
    codes = generator.integers(0, 12, 600).astype(np.float32)
    codes[::50] = np.nan
    matrix = np.column_stack((X[:, 0], codes)).astype(np.float32)
    label = np.isin(codes, (1, 5, 7)) * 2 + FILLED[:, 0]
    own = {**FIXED, "objective": "regression", "min_data_per_group": 5}
    known = lightgbm.Dataset(matrix, label, categorical_feature=[1], params=own)
    expected = lightgbm.train(own, known, 10)
    estimator = fit(
        TRAINER,
        "lightgbm.gbdt",
        dataset(matrix, label, types=("q", "c")),
        "regression",
        {"min_data_per_group": 5},
    )
    np.testing.assert_allclose(estimator.predict(matrix), expected.predict(matrix), rtol=1e-9)
    assert "num_cat=1" in estimator.booster.model_to_string()


def test_sparse_rows_train_and_predict(dataset: Any, fit: Any) -> None:
    rows = sparse.random(600, 40, 0.1, "csr", np.float32, random_state=3)
    label = np.asarray(rows.sum(axis=1)).ravel()
    own = {**FIXED, "objective": "regression"}
    expected = lightgbm.train(own, lightgbm.Dataset(rows, label, params=own), 10)
    estimator = fit(TRAINER, "lightgbm.gbdt", dataset(rows, label))
    np.testing.assert_allclose(estimator.predict(rows), expected.predict(rows), rtol=1e-9)
    assert estimator.contributions(rows).shape == (1, 600, 41)


def test_double_precision_is_kept(dataset: Any, fit: Any) -> None:
    matrix = 1e9 + generator.random((600, 2))
    label = matrix[:, 0] - 1e9
    own = {**FIXED, "objective": "regression"}
    expected = lightgbm.train(own, lightgbm.Dataset(matrix, label, params=own), 10)
    estimator = fit(TRAINER, "lightgbm.gbdt", dataset(np.asfortranarray(matrix), label))
    np.testing.assert_allclose(estimator.predict(matrix), expected.predict(matrix), rtol=1e-9)
    assert np.corrcoef(estimator.predict(matrix), label)[0, 1] > 0.9


def test_early_stopping_keeps_the_best_round(dataset: Any, fit: Any, tmp_path: Path) -> None:
    own = {**FIXED, "objective": "regression", "learning_rate": 0.5}
    train = lightgbm.Dataset(X[:400], VALUES[:400], params=own)
    held = lightgbm.Dataset(X[400:], VALUES[400:], reference=train, params=own)
    stop = lightgbm.early_stopping(3, verbose=False)
    expected = lightgbm.train(own, train, 200, valid_sets=[held], callbacks=[stop])
    reports: list[Any] = []
    estimator = fit(
        TRAINER,
        "lightgbm.gbdt",
        dataset(X[:400], VALUES[:400]),
        "regression",
        {"learning_rate": 0.5},
        settings={"num_boost_round": 200, "early_stopping_rounds": 3},
        validation=dataset(X[400:], VALUES[400:]),
        report=lambda *report: reports.append(report),
    )
    assert estimator.booster.num_trees() == expected.best_iteration == len(reports) - 3
    np.testing.assert_allclose(estimator.predict(X), expected.predict(X), rtol=1e-9)
    done, total, measured = reports[-1]
    assert (done, total) == (len(reports), 200)
    assert set(measured) == {"train_l2", "validation_l2"}
    estimator.save(tmp_path)
    np.testing.assert_array_equal(TRAINER.load(tmp_path).predict(X), estimator.predict(X))


def test_early_stopping_is_refused_where_it_cannot_work(dataset: Any, fit: Any) -> None:
    rows = dataset(X, VALUES)
    for model, validation, said in (
        ("lightgbm.gbdt", None, "validation.split"),
        ("lightgbm.dart", dataset(X, VALUES), "lightgbm.gbdt"),
    ):
        with pytest.raises(StepError, match="cannot stop early") as caught:
            fit(
                TRAINER,
                model,
                rows,
                settings={"early_stopping_rounds": 3},
                validation=validation,
            )
        problem = caught.value.diagnostics[0]
        assert (problem.code, problem.about) == ("E0467", "attribute early_stopping_rounds")
        assert said in problem.hint


def test_rounds_are_reported_and_measured_only_when_asked(dataset: Any, fit: Any) -> None:
    for settings, parameters, names in (
        ({}, {}, set()),
        ({"verbose": 1}, {}, {"train_l2"}),
        ({}, {"metric": ("mae", "rmse")}, {"train_l1", "train_rmse"}),
    ):
        reports: list[Any] = []
        fit(
            TRAINER,
            "lightgbm.gbdt",
            dataset(X, VALUES),
            "regression",
            parameters,
            settings={"num_boost_round": 4, **settings},
            report=lambda *report, reports=reports: reports.append(report),
        )
        assert [done for done, _, _ in reports] == [1, 2, 3, 4]
        assert all(total == 4 and set(values) == names for _, total, values in reports)


def test_training_goes_on_from_an_earlier_model(dataset: Any, fit: Any, tmp_path: Path) -> None:
    own = {**FIXED, "objective": "regression"}
    first = by_hand(own, VALUES)
    expected = lightgbm.train(own, lightgbm.Dataset(X, VALUES, params=own), 10, init_model=first)
    base = fit(TRAINER, "lightgbm.gbdt", dataset(X, VALUES))
    base.save(tmp_path)
    reports: list[Any] = []
    estimator = fit(
        TRAINER,
        "lightgbm.gbdt",
        dataset(X, VALUES),
        base=TRAINER.load(tmp_path),
        validation=dataset(X[:100], VALUES[:100]),
        report=lambda *report: reports.append(report),
    )
    assert estimator.booster.num_trees() == 20
    assert [done for done, _, _ in reports] == list(range(1, 11))
    np.testing.assert_allclose(estimator.predict(X), expected.predict(X), rtol=1e-9)
    np.testing.assert_allclose(base.predict(X), first.predict(X), rtol=1e-9)


def test_an_earlier_model_must_be_of_the_same_kind(dataset: Any, fit: Any) -> None:
    base = fit(TRAINER, "lightgbm.gbdt", dataset(X, TWO), "classification")
    with pytest.raises(StepError, match="objective: binary, not regression") as caught:
        fit(TRAINER, "lightgbm.gbdt", dataset(X, VALUES), base=base)
    assert caught.value.diagnostics[0].code == "E0465"


def test_a_forest_is_not_continued(dataset: Any, fit: Any) -> None:
    base = fit(TRAINER, "lightgbm.rf", dataset(X, VALUES))
    with pytest.raises(StepError, match="kind: boosting, not forest"):
        fit(TRAINER, "lightgbm.rf", dataset(X, VALUES), base=base)


def test_rows_stream_and_are_never_held_as_a_whole(
    dataset: Any, fit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = dataset(X, VALUES)
    fit(TRAINER, "lightgbm.gbdt", small, validation=dataset(X, VALUES))
    assert (small.passes, small.wholes) == (1, 0)
    monkeypatch.setattr(Replay, "kept_bytes", 2_000)  # less than a batch
    wide = generator.random((300, NARROW + 1), dtype=np.float32)
    large = dataset(wide, VALUES[:300], size=100)
    estimator = fit(TRAINER, "lightgbm.gbdt", large, settings={"num_boost_round": 1})
    assert (large.passes, large.wholes) == (1, 0)
    own = {**FIXED, "objective": "regression", "force_row_wise": False, "force_col_wise": True}
    expected = lightgbm.train(own, lightgbm.Dataset(wide, VALUES[:300], params=own), 1)
    np.testing.assert_allclose(estimator.predict(wide), expected.predict(wide), rtol=1e-9)


def test_the_number_of_threads_does_not_change_the_model(dataset: Any, fit: Any) -> None:
    models = [
        fit(TRAINER, "lightgbm.gbdt", dataset(X, VALUES), threads=threads) for threads in (1, 2)
    ]
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(X))


def test_the_seed_draws_other_rows(dataset: Any, fit: Any) -> None:
    drawn = {"bagging_fraction": 0.5, "bagging_freq": 1}
    first, again, other = (
        fit(TRAINER, "lightgbm.gbdt", dataset(X, VALUES), "regression", drawn, seed=seed)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.predict(X), again.predict(X))
    assert (first.predict(X) != other.predict(X)).any()


def test_a_saved_model_is_the_same_model(dataset: Any, fit: Any, tmp_path: Path) -> None:
    names = ("a[0]", "a 0 ", 'say "x"', "ü,b", "plain")
    estimator = fit(TRAINER, "lightgbm.gbdt", dataset(X, THREE, names=names), "classification")
    estimator.save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"model.txt", "features.json"}
    loaded = TRAINER.load(tmp_path)
    np.testing.assert_array_equal(loaded.probabilities(X), estimator.probabilities(X))
    np.testing.assert_array_equal(loaded.contributions(X), estimator.contributions(X))
    for name, (splits, gain) in estimator.importance().items():
        assert loaded.importance()[name] == (splits, pytest.approx(gain, rel=1e-4))
    assert set(loaded.importance()) <= set(names)
    assert (loaded.names, loaded.task) == (names, "classification")


def test_contributions_add_up_to_the_prediction(dataset: Any, fit: Any) -> None:
    estimator = fit(TRAINER, "lightgbm.gbdt", dataset(X, VALUES))
    contributions = estimator.contributions(X)
    assert contributions.shape == (1, 600, 6)
    np.testing.assert_allclose(contributions[0].sum(axis=1), estimator.predict(X), rtol=1e-6)
    classes = fit(TRAINER, "lightgbm.gbdt", dataset(X, THREE), "classification")
    raw = classes.booster.predict(X, raw_score=True)
    np.testing.assert_allclose(classes.contributions(X).sum(axis=2).T, raw, rtol=1e-6)


def test_importance_counts_splits_and_mean_gain(dataset: Any, fit: Any) -> None:
    booster = by_hand({"objective": "regression"}, VALUES)
    splits = booster.feature_importance("split")
    gains = booster.feature_importance("gain")
    estimator = fit(TRAINER, "lightgbm.gbdt", dataset(X, VALUES))
    assert estimator.importance() == {
        f"x{i}": (splits[i], pytest.approx(gains[i] / splits[i])) for i in range(5) if splits[i]
    }


@pytest.mark.parametrize(
    ("model", "label"),
    [("LGBMClassifier", TWO), ("LGBMClassifier", THREE), ("LGBMRegressor", VALUES)],
)
def test_a_class_name_means_what_the_class_means(
    model: str, label: Any, dataset: Any, fit: Any
) -> None:
    by_sklearn = getattr(lightgbm, model)(
        n_jobs=2, random_state=0, verbosity=-1, deterministic=True, force_row_wise=True
    ).fit(X, label)
    task = "classification" if "Classifier" in model else "regression"
    estimator = fit(TRAINER, f"lightgbm.{model}", dataset(X, label), task)
    booster = by_sklearn.booster_
    ours = estimator.probabilities(X) if task == "classification" else estimator.predict(X)
    theirs = booster.predict(X)
    if theirs.ndim == 1 and task == "classification":
        theirs = np.column_stack((1 - theirs, theirs))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize(
    ("parameters", "about"),
    [
        ({"objective": "binary"}, "attribute objective"),
        ({"objective": "multiclass", "num_class": 2}, "attribute num_class"),
    ],
)
def test_an_objective_for_fewer_classes_is_refused(
    parameters: dict[str, Any], about: str, dataset: Any, fit: Any
) -> None:
    with pytest.raises(StepError) as caught:
        fit(TRAINER, "lightgbm.gbdt", dataset(X, THREE), "classification", parameters)
    problem = caught.value.diagnostics[0]
    assert (problem.code, problem.about) == ("E0461", about)


@pytest.mark.parametrize(
    ("parameters", "label", "told"),
    [
        ({"objective": "poisson"}, -np.abs(VALUES), ("label", "at least one target label")),
        ({"monotone_constraints": (1,) * 9}, VALUES, ("attribute monotone_constraints", "")),
        ({"forcedsplits_filename": "/none.json"}, VALUES, ("", "")),
    ],
)
def test_what_the_library_refuses_is_told_in_one_line(
    parameters: dict[str, Any], label: Any, told: tuple[str, str], dataset: Any, fit: Any
) -> None:
    about, said = told
    if not about:
        fit(TRAINER, "lightgbm.gbdt", dataset(X, label), "regression", parameters)
        return
    with pytest.raises(StepError) as caught:
        fit(TRAINER, "lightgbm.gbdt", dataset(X, label), "regression", parameters)
    problem = caught.value.diagnostics[0]
    assert problem.code == "E0460"
    assert said in problem.message
    assert "\n" not in problem.message
    assert problem.about == about


def test_a_constraint_may_name_features(dataset: Any, fit: Any) -> None:
    own = {"objective": "regression", "interaction_constraints": [[0, 1], [2, 3]]}
    expected = by_hand(own, VALUES)
    parameters = {"interaction_constraints": (("x0", "x1"), (2, 3))}
    estimator = fit(TRAINER, "lightgbm.gbdt", dataset(X, VALUES), "regression", parameters)
    np.testing.assert_allclose(estimator.predict(X), expected.predict(X), rtol=1e-9)


def test_an_error_while_reading_rows_stays_what_it_is(dataset: Any, fit: Any) -> None:
    class Broken(type(dataset(X))):  # type: ignore[misc]
        def __iter__(self) -> Any:
            yield from super().__iter__()
            raise LookupError("the rows ended early")

    with pytest.raises(LookupError, match="ended early"):
        fit(TRAINER, "lightgbm.gbdt", Broken(X, VALUES))


def test_nothing_is_printed(
    dataset: Any, fit: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for boosting in ("gbdt", "dart", "goss", "rf"):
        estimator = fit(
            TRAINER, f"lightgbm.{boosting}", dataset(X, VALUES), settings={"verbose": 1}
        )
        estimator.save(tmp_path)
        loaded = TRAINER.load(tmp_path)
        loaded.contributions(X)
        if boosting != "rf":
            fit(TRAINER, f"lightgbm.{boosting}", dataset(X, VALUES), base=loaded)
    constant = dataset(np.ones((50, 2), np.float32), np.arange(50.0))
    fit(TRAINER, "lightgbm.gbdt", constant)
    assert capfd.readouterr() == ("", "")


def test_names_are_found_in_any_case() -> None:
    for name in FAMILY.names():
        model = FAMILY.find(name.upper())
        assert model is not None
        assert model.name == name
    for short in ("LGBMClassifier", "lgbmregressor", "LGBMRanker"):
        assert FAMILY.find(short) is not None
    assert FAMILY.find("gbdt") is None


def test_the_objective_says_the_task() -> None:
    model = FAMILY.find("lightgbm.gbdt")
    assert model is not None
    assert FAMILY.task(model, {}) is None
    assert {FAMILY.task(model, {"objective": name}) for name in CLASSIFIERS} == {"classification"}
    assert {FAMILY.task(model, {"objective": name}) for name in REGRESSORS} == {"regression"}
    assert {FAMILY.task(model, {"objective": name}) for name in RANKERS} == {"ranking"}


def aliases_of_the_library() -> dict[str, list[str]]:
    """Every parameter that the library knows, with its aliases, as it tells them itself."""
    size = 1 << 20
    buffer, length = ctypes.create_string_buffer(size), ctypes.c_int64()
    lightgbm.basic._LIB.LGBM_DumpParamAliases(ctypes.c_int64(size), ctypes.byref(length), buffer)
    found: dict[str, list[str]] = json.loads(buffer.value)
    return found


ALIASES = aliases_of_the_library()


@pytest.mark.parametrize("model_name", FAMILY.names())
def test_every_name_that_the_library_knows_is_known(model_name: str) -> None:
    model = FAMILY.find(model_name)
    assert model is not None
    for name, aliases in ALIASES.items():
        found = {
            known.name
            for spelling in (name, *aliases)
            for known in (model.parameters.get(spelling) or model.settings.get(spelling),)
            if known is not None or pytest.fail(f"`{spelling}` is not known")
        }
        assert len(found) == 1, f"{name} and its aliases are {found}"


def test_every_name_in_the_dictionary_is_one_that_the_library_knows() -> None:
    known = {spelling for name, aliases in ALIASES.items() for spelling in (name, *aliases)}
    for model_name in FAMILY.names():
        model = FAMILY.find(model_name)
        assert model is not None
        for attribute in model.parameters.values():
            assert {attribute.name, *attribute.aliases} <= known


@pytest.mark.parametrize("objective", [*REGRESSORS, *CLASSIFIERS, *RANKERS])
def test_every_objective_is_one_that_the_library_has(objective: str) -> None:
    label = np.array([0, 1, 1, 0, 1] * 20) + (objective == "gamma")
    own = {**FIXED, "objective": objective}
    own |= {"num_class": 2} if objective in CLASSIFIERS and objective != "binary" else {}
    groups = [10] * 10 if objective in RANKERS else None
    rows = lightgbm.Dataset(X[:100], label, group=groups, params=own)
    assert lightgbm.train(own, rows, 1).num_trees() >= 1


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_one_that_the_library_has(metric: str) -> None:
    model = FAMILY.find("lightgbm.gbdt")
    assert model is not None
    assert model.parameters["metric"].check(metric) == (metric,)
    many = {"multi_logloss", "multi_error", "multiclass", "softmax", "multiclassova"} | {
        "multiclass_ova",
        "ova",
        "ovr",
        "auc_mu",
    }
    own = {**FIXED, "objective": "binary", "metric": metric}
    own |= {"objective": "multiclass", "num_class": 2} if metric in many else {}
    own |= {"objective": "gamma"} if metric.startswith("gamma") else {}
    label = TWO + (own["objective"] == "gamma")
    rows = lightgbm.Dataset(X, label, group=[10] * 60, params=own)
    found: dict[str, Any] = {}
    lightgbm.train(own, rows, 1, valid_sets=[rows], callbacks=[lightgbm.record_evaluation(found)])
    assert bool(found.get("training")) == (metric != "None")


def test_reserved_names_say_what_to_write_instead() -> None:
    model = FAMILY.find("lightgbm.gbdt")
    assert model is not None
    for name in ("data", "train_data", "label_column", "output_model"):
        attribute = model.parameters[name]
        assert isinstance(attribute, Reserved)
        with pytest.raises(AttributeProblem) as caught:
            attribute.check("x")
        assert caught.value.hint == attribute.doc


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
