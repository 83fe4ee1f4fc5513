"""scikit-learn's trees and linear models as arithmetic."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sqlml.zoo.export.scoring import (
    Below,
    Link,
    Node,
    OneOf,
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
    columns = _columns_of(fitted)
    constants = np.ravel(fitted._baseline_prediction)
    scores = tuple(
        Score(
            float(constants[output]),
            tuple(_binned(one[output], 0, columns) for one in fitted._predictors),
        )
        for output in range(len(constants))
    )
    if hasattr(fitted, "classes_"):
        link: Link = "softmax" if len(scores) > 1 else "logistic"
        return Scoring(scores, link, classes=_classes(fitted))
    return Scoring(scores, "exp" if fitted.loss in ("poisson", "gamma") else "identity")


def _columns_of(fitted: Any) -> Sequence[tuple[int, tuple[int, ...]]]:
    """The columns that histogram trees see: the place of each in the matrix, and its categories.

    Those with categories come first; a tree knows a category by its place among these.
    """
    numbers = range(fitted.n_features_in_)
    if fitted.is_categorical_ is None:
        return [(place, ()) for place in numbers]
    encoder = fitted._preprocessor.named_transformers_["encoder"]
    codes = (tuple(map(int, some[~np.isnan(some)])) for some in encoder.categories_)
    with_codes, others = map(np.flatnonzero, (fitted.is_categorical_, ~fitted.is_categorical_))
    listed = zip(with_codes.tolist(), codes, strict=True)
    return [*listed, *((place, ()) for place in others.tolist())]


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


def _binned(tree: Any, number: int, columns: Sequence[tuple[int, tuple[int, ...]]]) -> Node:
    node = tree.nodes[number]
    if node["is_leaf"]:
        return float(node["value"])
    place, codes = columns[node["feature_idx"]]
    left, right = (_binned(tree, node[side], columns) for side in ("left", "right"))
    missing_go_left = bool(node["missing_go_to_left"])
    if not node["is_categorical"]:
        test = Below(finite(float(node["num_threshold"])), inclusive=True)
        return Split(place, test, left, right, "yes" if missing_go_left else "no")
    bits = tree.raw_left_cat_bitsets[node["bitset_idx"]]
    goes_left = [bool(bits[i // 32] >> (i % 32) & 1) for i in range(len(codes))]
    # Categories that are not known are missing: they are on the side that is not listed.
    listed = tuple(
        code for code, is_left in zip(codes, goes_left, strict=True) if is_left != missing_go_left
    )
    yes, no = (right, left) if missing_go_left else (left, right)
    return Split(place, OneOf(listed), yes, no)


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
