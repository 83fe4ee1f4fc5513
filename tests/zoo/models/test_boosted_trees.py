"""TensorFlow's boosted trees against XGBoost called by hand, and against their own formulas."""

from typing import Any

import numpy as np
import pytest
import xgboost

from sqlml.errors import StepError
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.models import find_model
from sqlml.zoo.models.boosted_trees import FAMILY
from sqlml.zoo.models.boosted_trees_trainer import BoostedTreesTrainer
from sqlml.zoo.remarks import Remark

TRAINER = BoostedTreesTrainer()
CLASSIFIER = "boosted_trees.BoostedTreesClassifier"
REGRESSOR = "boosted_trees.BoostedTreesRegressor"
generator = np.random.default_rng(3)
X = generator.random((400, 4), dtype=np.float32)
VALUES = (X @ [2, -1, 0.5, 0] + generator.normal(0, 0.1, 400)).astype(np.float32)
TWO = (VALUES > 0.8).astype(np.int32)
THREE = TWO + (X[:, 2] > 0.7)


def by_hand(label: Any, rounds: int, **parameters: Any) -> Any:
    plain = {"lambda": 0, "min_child_weight": 0, "nthread": 2, "max_bin": 100, **parameters}
    return xgboost.train(plain, xgboost.QuantileDMatrix(X, label, max_bin=100), rounds)


def test_the_defaults_are_those_of_tensorflow(dataset: Any, fit: Any) -> None:
    fitted = fit(TRAINER, CLASSIFIER, dataset(X, TWO), "classification", rows=400)
    booster = by_hand(TWO, 100, objective="binary:logistic", eta=0.1, max_depth=6, base_score=0.5)
    assert fitted.booster.num_boosted_rounds() == 100
    np.testing.assert_allclose(
        fitted.probabilities(X)[:, 1], booster.predict(xgboost.DMatrix(X)), rtol=1e-6
    )


def test_several_classes(dataset: Any, fit: Any) -> None:
    parameters = {"n_trees": 8, "max_depth": 3, "n_classes": 3, "center_bias": True}
    fitted = fit(TRAINER, CLASSIFIER, dataset(X, THREE), "classification", parameters, rows=400)
    booster = by_hand(THREE, 8, objective="multi:softprob", num_class=3, eta=0.1, max_depth=3)
    np.testing.assert_allclose(
        fitted.probabilities(X), booster.predict(xgboost.DMatrix(X)), rtol=1e-6
    )


def test_a_leaf_is_that_of_a_mean_loss(dataset: Any, fit: Any) -> None:
    """Gradients 2 (p - y) / N and hessians 2 / N, summed; -rate * soft(G, l1) / (H + l2)."""
    x = np.repeat(np.array([[0.0], [1.0]], dtype=np.float32), 5, axis=0)
    y = np.array([1, 2, 3, 4, 5, 10, 10, 11, 12, 13], dtype=np.float32)
    l1, l2, rate = 0.3, 0.25, 0.5
    parameters = {
        "n_trees": 1,
        "max_depth": 1,
        "learning_rate": rate,
        "l1_regularization": l1,
        "l2_regularization": l2,
    }
    fitted = fit(TRAINER, REGRESSOR, dataset(x, y), "regression", parameters, rows=10)
    for rows in (slice(0, 5), slice(5, 10)):
        gradient, hessian = np.sum(-2 * y[rows]) / 10, 5 * 2 / 10
        leaf = -rate * np.sign(gradient) * (abs(gradient) - l1) / (hessian + l2)
        np.testing.assert_allclose(fitted.predict(x)[rows], leaf, rtol=1e-5)


@pytest.mark.parametrize("mode", ["pre", "post"])
def test_a_split_must_gain_what_a_tree_s_complexity_asks(mode: str, dataset: Any, fit: Any) -> None:
    """The gain of the only split, from sums of mean gradients and hessians."""
    x = np.repeat(np.array([[0.0], [1.0]], dtype=np.float32), 5, axis=0)
    y = np.repeat(np.array([1, 3], dtype=np.float32), 5)

    def score(labels: Any) -> float:
        return float(np.sum(-2 * labels / 10) ** 2 / (len(labels) * 2 / 10))

    gain = score(y[:5]) + score(y[5:]) - score(y)
    for factor, distinct in ((0.99, 2), (1.01, 1)):
        parameters = {
            "n_trees": 1,
            "tree_complexity": gain * factor,
            "pruning_mode": mode,
        }
        fitted = fit(TRAINER, REGRESSOR, dataset(x, y), "regression", parameters, rows=10)
        assert len(np.unique(fitted.predict(x))) == distinct


def test_a_node_needs_its_share_of_the_hessian(dataset: Any, fit: Any) -> None:
    x = np.repeat(np.array([[0.0], [1.0]], dtype=np.float32), (2, 8), axis=0)
    y = x[:, 0] * 5
    for least, distinct in ((0.39, 2), (0.41, 1)):
        parameters = {"n_trees": 1, "min_node_weight": least}
        fitted = fit(TRAINER, REGRESSOR, dataset(x, y), "regression", parameters, rows=10)
        assert len(np.unique(fitted.predict(x))) == distinct


def test_the_bias_is_centred_when_asked(dataset: Any, fit: Any) -> None:
    constant = np.zeros((10, 1), dtype=np.float32)
    y = np.arange(10, dtype=np.float32)
    for centred, wanted in ((False, 0.1 * y.mean()), (True, y.mean())):
        parameters = {"n_trees": 1, "center_bias": centred}
        fitted = fit(TRAINER, REGRESSOR, dataset(constant, y), "regression", parameters, rows=10)
        np.testing.assert_allclose(fitted.predict(constant), wanted, rtol=1e-6)


def test_too_few_classes_are_refused(dataset: Any, fit: Any) -> None:
    with pytest.raises(StepError) as caught:
        fit(TRAINER, CLASSIFIER, dataset(X, THREE), "classification", {"n_classes": 2})
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.about) == ("E0461", "attribute n_classes")


@pytest.mark.parametrize(
    "name",
    [
        "BoostedTreesClassifier",
        "boostedtreesCLASSIFIER",
        "boosted_trees_classifier",
        "tf.estimator.BoostedTreesClassifier",
        "boosted_trees.boostedtreesclassifier",
    ],
)
def test_a_model_has_the_names_that_programs_give_it(name: str) -> None:
    model = find_model(name)
    assert model is not None
    assert model.name == CLASSIFIER


def test_other_prefixes_are_not_taken() -> None:
    assert find_model("xgboost.BoostedTreesClassifier") is None
    assert FAMILY.find("nonsense.BoostedTreesClassifier") is None


def remarks(**given: Any) -> list[Remark]:
    model = FAMILY.find(CLASSIFIER)
    assert model is not None
    return list(FAMILY.remarks(model, {f"model.{name}": v for name, v in given.items()}))


def test_what_has_no_effect_is_told() -> None:
    (told,) = remarks(n_batches_per_layer=1)
    assert (told.attribute, told.is_fault) == ("model.n_batches_per_layer", False)
    (told,) = remarks(tree_complexity=0.1)
    assert not told.is_fault


def test_pruning_needs_a_complexity() -> None:
    (told,) = remarks(pruning_mode="pre")
    assert told.is_fault
    assert remarks(pruning_mode="pre", tree_complexity=0.1) == []


def test_what_sqlml_says_elsewhere_is_refused_with_the_way_out() -> None:
    model = FAMILY.find(REGRESSOR)
    assert model is not None
    with pytest.raises(AttributeProblem) as caught:
        model.parameters["weight_column"].check("w")
    assert "train.weight" in caught.value.hint
