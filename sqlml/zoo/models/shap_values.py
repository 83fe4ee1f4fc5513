"""SHAP values of scikit-learn estimators: exact for linear models and trees, sampled for others."""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError

Floats = NDArray[np.float64]

SAMPLED_ORDERS = 10
PREDICTIONS_PER_ROW = 5_000  # that a sampled explanation may ask the model for
FEWEST_BACKGROUND_ROWS = 10
CELLS_AT_A_TIME = 4_000_000

LINEAR = ("LinearSVC", "LinearSVR", "LinearDiscriminantAnalysis")
TREES = (
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ExtraTreeClassifier",
    "ExtraTreeRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
)


def shap_values(fitted: Any, matrix: Any, background: Floats | None) -> Floats:
    """Shape (outputs, rows, width + 1); the last column is the mean output over the background.

    Outputs: one per class, or one when classes are two (that of the second) and for values. A
    row's values add up to what the model says: the linear term of a linear model, the raw score of
    boosted trees, else the probability, the decision score or the value.
    """
    rows = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float64)
    assert background is not None, "supervised models keep background rows"
    if _is_linear(fitted):
        values = _of_linear(fitted, rows, background)
    elif _is_tree(fitted, rows):
        values = _of_trees(fitted, rows)
    else:
        values = sampled(_outputs_of(fitted), rows, background)
    return values[1:] if len(values) == 2 and hasattr(fitted, "classes_") else values


def _is_linear(fitted: Any) -> bool:
    known = type(fitted).__module__.startswith("sklearn.linear_model.")
    known = known or type(fitted).__name__ in LINEAR
    return known and hasattr(fitted, "coef_") and not hasattr(fitted, "offset_")


def _is_tree(fitted: Any, rows: Floats) -> bool:
    """Whether shap's algorithm covers the trees: it lacks NULL, categories and some losses."""
    name = type(fitted).__name__
    if name not in TREES:
        return False
    if name.startswith("Hist"):
        categories = fitted.is_categorical_
        return categories is None or not categories.any()
    if name == "GradientBoostingClassifier" and len(fitted.classes_) > 2:
        return False
    return not np.isnan(rows).any()


def _of_linear(fitted: Any, rows: Floats, background: Floats) -> Floats:
    """Coefficient times distance from the mean (Lundberg & Lee 2017, corollary 1)."""
    weights = np.atleast_2d(np.asarray(fitted.coef_, dtype=np.float64))
    mean = background.mean(axis=0)
    constant = np.broadcast_to(np.asarray(fitted.intercept_, dtype=np.float64), len(weights))
    effects = weights[:, None, :] * (rows - mean)[None, :, :]
    expected = np.broadcast_to((weights @ mean + constant)[:, None, None], (*effects.shape[:2], 1))
    return np.concatenate([effects, expected], axis=2)


def _of_trees(fitted: Any, rows: Floats) -> Floats:
    try:
        from shap import TreeExplainer
    except ImportError as missing:
        raise StepError(
            Diagnostic(
                "E0487",
                "explaining a tree model of scikit-learn needs the shap package",
                hint="pip install 'sqlml[explain]'",
                about="model",
            )
        ) from missing
    explainer = TreeExplainer(fitted)
    effects = np.asarray(explainer.shap_values(rows, check_additivity=False), dtype=np.float64)
    effects = effects[None] if effects.ndim == 2 else np.moveaxis(effects, 2, 0)
    expected = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    shape = (*effects.shape[:2], 1)
    return np.concatenate([effects, np.broadcast_to(expected[:, None, None], shape)], axis=2)


def sampled(
    outputs: Callable[[Floats], Floats],
    rows: NDArray[Any],
    background: NDArray[Any],
    features: Sequence[slice] = (),
) -> Floats:
    """Mean effect of a feature over orders of telling features (Strumbelj & Kononenko 2014).

    features: the columns of each; without any, every column is one. Shape (outputs, rows,
    features + 1). All orders where there are at most 24 of them, which makes the values exact for
    the background rows; otherwise seeded ones, each also in reverse.
    """
    count, width = rows.shape
    features = features or [slice(column, column + 1) for column in range(width)]
    number = len(features)
    orders = list(_orders(number))
    affordable = PREDICTIONS_PER_ROW // (number * len(orders))
    background = background[: max(affordable, FEWEST_BACKGROUND_ROWS)]
    start = outputs(background).mean(axis=0)
    effects = np.zeros((len(start), count, number + 1))
    effects[:, :, -1] = start[:, None]
    block = max(CELLS_AT_A_TIME // (number * width * len(background)), 1)
    for first in range(0, count, block):
        part = slice(first, first + block)
        for order in orders:
            told = [features[feature] for feature in order]
            steps = _steps(outputs, rows[part], background, told, start)
            effects[:, part, order] += steps
    effects[:, :, :-1] /= len(orders)
    return effects


def by_column(effects: Floats, rows: NDArray[Any], features: Sequence[slice]) -> Floats:
    """Effects of features as effects of columns: each is shared among those that are not zero."""
    outputs, count, _ = effects.shape
    found = np.zeros((outputs, count, rows.shape[1] + 1))
    found[:, :, -1] = effects[:, :, -1]
    for number, columns in enumerate(features):
        holds = (rows[:, columns] != 0).astype(np.float64)
        holds[~holds.any(axis=1)] = 1
        shares = holds / holds.sum(axis=1, keepdims=True)
        found[:, :, columns] = effects[:, :, number, None] * shares
    return found


def _steps(
    outputs: Callable[[Floats], Floats],
    rows: NDArray[Any],
    background: NDArray[Any],
    features: Sequence[slice],
    start: Floats,
) -> Floats:
    """How the mean output changes as features are told in order: (outputs, rows, features)."""
    count, width = rows.shape
    steps = len(features)
    mixed = np.tile(background, (count, steps, 1, 1))  # row, step, background row, column
    for step, columns in enumerate(features):
        mixed[:, step:, :, columns] = rows[:, None, None, columns]
    told = outputs(mixed.reshape(-1, width)).reshape(count, steps, len(background), -1)
    path = np.concatenate([np.tile(start, (count, 1, 1)), told.mean(axis=2)], axis=1)
    return np.moveaxis(np.diff(path, axis=1), 2, 0)


def _orders(width: int) -> Iterator[NDArray[np.int64]]:
    if factorial(min(width, 5)) <= 24:
        yield from (np.array(order, dtype=np.int64) for order in permutations(range(width)))
        return
    generator = np.random.default_rng(0)
    for _ in range(SAMPLED_ORDERS // 2):
        order = generator.permutation(width)
        yield order
        yield order[::-1]


def _outputs_of(fitted: Any) -> Callable[[Floats], Floats]:
    """The model's output as (rows, outputs): probabilities, else decision scores, else values."""
    for method in ("predict_proba", "decision_function", "predict"):
        if hasattr(fitted, method):
            call = getattr(fitted, method)
            return lambda rows: np.asarray(call(rows), dtype=np.float64).reshape(len(rows), -1)
    raise AssertionError("every supervised estimator predicts")
