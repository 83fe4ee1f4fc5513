"""scikit-learn's trees and linear models as arithmetic."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.export.scoring import (
    Below,
    Link,
    Node,
    Score,
    Scoring,
    Split,
    Unknown,
    below_single,
    finite,
)
from sqlml.zoo.models.sklearn_estimator import SklearnEstimator

_LEAF = -1
_LINEAR = "sklearn.linear_model."
_OTHER_LINEAR = ("LinearSVC", "LinearSVR", "LinearDiscriminantAnalysis")
_LOG_LINKED = ("PoissonRegressor", "GammaRegressor")


def scoring(estimator: SklearnEstimator) -> Scoring:
    """The arithmetic of a fitted estimator.

    Raises:
        Unknown: it is neither a tree, nor a forest or a boosted one, nor linear.
    """
    fitted = estimator.fitted
    read = _READERS.get(type(fitted).__name__)
    if read is None and _is_linear(fitted):
        read = _linear
    if read is None or estimator.memory is not None:
        raise Unknown(f"`{estimator.name}`")
    if getattr(fitted, "n_outputs_", 1) > 1 or np.ndim(getattr(fitted, "coef_", 0)) > 2:
        raise Unknown("a model with several labels")
    return read(fitted)


# --- trees ----------------------------------------------------------------------------------


def _tree(fitted: Any) -> Scoring:
    return _forest_of(fitted, [fitted])


def _forest(fitted: Any) -> Scoring:
    return _forest_of(fitted, fitted.estimators_)


def _forest_of(fitted: Any, members: Sequence[Any]) -> Scoring:
    """The mean of the trees: of their values, or of their shares of each class."""
    trees = [member.tree_ for member in members]
    share = 1 / len(trees)
    if not hasattr(fitted, "classes_"):
        return Scoring((Score(0.0, tuple(_nodes(tree, _value) for tree in trees), share),))

    def score(place: int) -> Score:
        def leaf(tree: Any, node: int) -> float:
            shares = tree.value[node, 0]
            return float(shares[place] / shares.sum())

        return Score(0.0, tuple(_nodes(tree, leaf) for tree in trees), share)

    scores = tuple(score(place) for place in range(len(fitted.classes_)))
    return Scoring(scores, classes=_classes(fitted))


def _boosted(fitted: Any) -> Scoring:
    """GradientBoosting: learning_rate · (the sum of the trees), on top of what `init_` says."""
    row = np.zeros((1, fitted.n_features_in_))
    if fitted.init_ is not None and type(fitted.init_).__name__ not in (
        "DummyClassifier",
        "DummyRegressor",
    ):
        raise Unknown("gradient boosting with an `init` of its own")
    constants = fitted._raw_predict_init(row.astype(np.float32))[0]
    scores = tuple(
        Score(
            float(constants[output]),
            tuple(_nodes(one.tree_, _value) for one in fitted.estimators_[:, output]),
            fitted.learning_rate,
        )
        for output in range(fitted.estimators_.shape[1])
    )
    if not hasattr(fitted, "classes_"):
        return Scoring(scores)
    if len(scores) > 1:
        return Scoring(scores, "softmax", classes=_classes(fitted))
    scale = 2.0 if fitted.loss == "exponential" else 1.0
    return Scoring(scores, "logistic", scale, _classes(fitted))


def _histogram_boosted(fitted: Any) -> Scoring:
    if fitted.is_categorical_ is not None and fitted.is_categorical_.any():
        raise Unknown("histogram gradient boosting on categories")
    constants = np.ravel(fitted._baseline_prediction)
    scores = tuple(
        Score(
            float(constants[output]),
            tuple(_binned(one[output].nodes, 0) for one in fitted._predictors),
        )
        for output in range(len(constants))
    )
    if hasattr(fitted, "classes_"):
        link: Link = "softmax" if len(scores) > 1 else "logistic"
        return Scoring(scores, link, classes=_classes(fitted))
    return Scoring(scores, "exp" if fitted.loss in ("poisson", "gamma") else "identity")


def _nodes(tree: Any, leaf: Callable[[Any, int], float], node: int = 0) -> Node:
    """The tree from a node on. Features are compared in single precision."""
    if tree.children_left[node] == _LEAF:
        return leaf(tree, node)
    return Split(
        int(tree.feature[node]),
        below_single(float(tree.threshold[node]), inclusive=True),
        _nodes(tree, leaf, tree.children_left[node]),
        _nodes(tree, leaf, tree.children_right[node]),
        "yes" if tree.missing_go_to_left[node] else "no",
    )


def _value(tree: Any, node: int) -> float:
    return float(tree.value[node, 0, 0])


def _binned(nodes: NDArray[Any], number: int) -> Node:
    node = nodes[number]
    if node["is_leaf"]:
        return float(node["value"])
    return Split(
        int(node["feature_idx"]),
        Below(finite(float(node["num_threshold"])), inclusive=True),
        _binned(nodes, node["left"]),
        _binned(nodes, node["right"]),
        "yes" if node["missing_go_to_left"] else "no",
    )


# --- linear models --------------------------------------------------------------------------


def _is_linear(fitted: Any) -> bool:
    known = type(fitted).__module__.startswith(_LINEAR) or type(fitted).__name__ in _OTHER_LINEAR
    return known and hasattr(fitted, "coef_") and not hasattr(fitted, "offset_")


def _linear(fitted: Any) -> Scoring:
    coefficients = np.atleast_2d(np.asarray(fitted.coef_, dtype=np.float64))
    constants = np.broadcast_to(np.asarray(fitted.intercept_, np.float64), len(coefficients))
    scores = tuple(
        Score(float(constant), weights=dict(enumerate(map(float, row))))
        for constant, row in zip(constants, coefficients, strict=True)
    )
    if not hasattr(fitted, "classes_"):
        if len(scores) > 1:
            raise Unknown("a model with several labels")
        return Scoring(scores, _link_of_values(fitted))
    if not hasattr(fitted, "predict_proba"):
        return Scoring(scores, classes=_classes(fitted), probable=False)
    return Scoring(scores, _link_of_classes(fitted, len(scores)), classes=_classes(fitted))


def _link_of_values(fitted: Any) -> Link:
    if type(fitted).__name__ in _LOG_LINKED:
        return "exp"
    if type(fitted).__name__ == "TweedieRegressor":
        is_log = fitted.link == "log" or (fitted.link == "auto" and fitted.power > 0)
        return "exp" if is_log else "identity"
    return "identity"


def _link_of_classes(fitted: Any, scores: int) -> Link:
    name = type(fitted).__name__
    if name == "SGDClassifier" and fitted.loss != "log_loss":
        raise Unknown(f"SGDClassifier with `loss = '{fitted.loss}'`")
    if scores == 1:
        return "logistic"
    one_versus_rest = name == "SGDClassifier" or getattr(fitted, "solver", "") == "liblinear"
    return "normalized_logistic" if one_versus_rest else "softmax"


def _classes(fitted: Any) -> tuple[int, ...]:
    return tuple(int(number) for number in fitted.classes_)


_READERS: Mapping[str, Callable[[Any], Scoring]] = {
    **dict.fromkeys(
        (
            "DecisionTreeClassifier",
            "DecisionTreeRegressor",
            "ExtraTreeClassifier",
            "ExtraTreeRegressor",
        ),
        _tree,
    ),
    **dict.fromkeys(
        (
            "RandomForestClassifier",
            "RandomForestRegressor",
            "ExtraTreesClassifier",
            "ExtraTreesRegressor",
        ),
        _forest,
    ),
    "GradientBoostingClassifier": _boosted,
    "GradientBoostingRegressor": _boosted,
    "HistGradientBoostingClassifier": _histogram_boosted,
    "HistGradientBoostingRegressor": _histogram_boosted,
}
