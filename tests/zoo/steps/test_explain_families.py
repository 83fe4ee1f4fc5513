"""SHAP by EXPLAIN is what shap gives when it is called by hand, in every family of models."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sqlml.zoo.bundle import load

ROWS = (
    "SELECT sin(i) AS a, cos(i * 1.7) AS b, i % 5 / 2 AS c, a + b * c > 0.3 AS y"
    " FROM range({}) t(i)"
)
TRAINED, EXPLAINED = ROWS.format(60), ROWS.format(8)


def trees(estimator: Any, rows: Any) -> Any:
    """The margin of the second class, or its probability, by the trees alone (Lundberg 2020)."""
    import shap

    model = next(getattr(estimator, n) for n in ("booster", "fitted") if hasattr(estimator, n))
    found = np.asarray(shap.TreeExplainer(model).shap_values(rows))
    return found[:, :, 1] if found.ndim == 3 else found


def linear(estimator: Any, rows: Any) -> Any:
    import shap

    masker = shap.maskers.Independent(estimator.background, max_samples=len(estimator.background))
    return shap.LinearExplainer(estimator.fitted, masker).shap_values(rows)


def any_function(estimator: Any, rows: Any) -> Any:
    """All coalitions of the features, over the background rows (Shapley 1953)."""
    import shap

    def second(matrix: Any) -> Any:
        return estimator.probabilities(np.asarray(matrix, dtype=np.float32))[:, 1]

    explainer = shap.KernelExplainer(second, estimator.background)  # few features: no drawing
    return explainer.shap_values(rows, silent=True, l1_reg=0)


@pytest.mark.parametrize(
    ("model", "parameters", "by_hand"),
    [
        ("xgboost.gbtree", {"max_depth": 3}, trees),
        ("xgboost.XGBRFClassifier", {"max_depth": 3}, trees),
        ("lightgbm.gbdt", {"num_leaves": 6}, trees),
        ("DecisionTreeClassifier", {"max_depth": 3}, trees),
        ("RandomForestClassifier", {"n_estimators": 7}, trees),
        ("GradientBoostingClassifier", {"n_estimators": 5}, trees),
        ("HistGradientBoostingClassifier", {"max_iter": 5}, trees),
        ("LogisticRegression", {}, linear),
        ("GaussianNB", {}, any_function),
        ("DNNClassifier", {"hidden_units": [4]}, any_function),
    ],
)
def test_the_values_are_those_of_shap(
    model: str, parameters: dict[str, Any], by_hand: Callable[..., Any], context: Any
) -> None:
    context.train(model, TRAINED, "y", parameters=parameters)
    context.run(
        "explain", explainer="SHAP", settings={}, into="effects", rows=EXPLAINED, model="m@1"
    )
    found = np.array(context.query("SELECT a, b, c FROM effects"))
    rows = np.array(context.query(f"SELECT a, b, c FROM ({EXPLAINED})"), dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = by_hand(load(context.model("m@1")).estimator, rows)
    assert np.abs(found).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=2e-5)
