"""XGBoost's boosters as arithmetic, read from the JSON that the library writes."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sqlml.zoo.export.scoring import (
    Link,
    Node,
    OneOf,
    Score,
    Scoring,
    Split,
    Unknown,
    below_single,
)
from sqlml.zoo.models.xgboost_estimator import XGBoostEstimator

_LINKS: Mapping[str, Link] = {
    "reg:logistic": "logistic",
    "binary:logistic": "logistic",
    "binary:logitraw": "logistic",
    "multi:softprob": "softmax",
    "multi:softmax": "softmax",
    "count:poisson": "exp",
    "reg:gamma": "exp",
    "reg:tweedie": "exp",
    "survival:cox": "exp",
    "survival:aft": "exp",
}
_LEAF = -1


def scoring(estimator: XGBoostEstimator) -> Scoring:
    """The arithmetic of a booster: trees, with or without dropout, or a linear model.

    Raises:
        Unknown: its leaves hold vectors.
    """
    learner = json.loads(estimator.booster.save_raw("json"))["learner"]
    objective = estimator.objective
    link = _LINKS.get(objective, "identity")
    shape = learner["learner_model_param"]
    outputs = max(int(shape["num_class"]), int(shape.get("num_target", 1)), 1)
    constants = _constants(shape["base_score"], link, outputs)
    booster = learner["gradient_booster"]
    if estimator.is_linear:
        scores = _linear(booster["model"]["weights"], len(estimator.names), constants)
    else:
        scores = _trees(booster, constants)
    is_class = estimator.task == "classification"
    return Scoring(
        scores,
        link,
        classes=tuple(range(max(outputs, 2))) if is_class else None,
        probable=objective != "binary:hinge",
        absent_is_missing=not estimator.is_linear,
        single=True,
    )


def _constants(written: str, link: Link, outputs: int) -> Sequence[float]:
    """The base score of each output before the link; the file has it behind the link.

    Rounded where XGBoost rounds.
    """
    told = json.loads(written)
    values = [_single(value) for value in (told if isinstance(told, list) else [told])]
    match link:
        case "logistic":
            values = [_single(-math.log(_single(_single(1 / v) - 1))) for v in values]
        case "exp":
            values = [_single(math.log(value)) for value in values]
    return values if len(values) == outputs else values * outputs


def _linear(weights: Sequence[float], width: int, constants: Sequence[float]) -> tuple[Score, ...]:
    """gblinear keeps the outputs of a feature together, and the biases last.

    Its predictions begin with the first base score, whatever the output.
    """
    outputs = len(constants)
    return tuple(
        Score(
            _single(constants[0] + _single(weights[width * outputs + output])),
            weights={i: _single(weights[i * outputs + output]) for i in range(width)},
        )
        for output in range(outputs)
    )


def _trees(booster: Mapping[str, Any], constants: Sequence[float]) -> tuple[Score, ...]:
    dropped: Sequence[float] | None = booster.get("weight_drop")
    model = booster["gbtree"]["model"] if dropped is not None else booster["model"]
    trees: list[list[Node]] = [[] for _ in constants]
    for number, (tree, output) in enumerate(zip(model["trees"], model["tree_info"], strict=True)):
        if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
            raise Unknown("a tree whose leaves hold several numbers (`multi_strategy`)")
        weight = 1.0 if dropped is None else _single(dropped[number])
        trees[output].append(_node(tree, 0, weight, _categories(tree)))
    return tuple(
        Score(constant, tuple(own)) for constant, own in zip(constants, trees, strict=True)
    )


def _categories(tree: Mapping[str, Any]) -> Mapping[int, tuple[int, ...]]:
    """The categories that go right, by the number of the node that asks for them."""
    parts = zip(
        tree["categories_nodes"],
        tree["categories_segments"],
        tree["categories_sizes"],
        strict=True,
    )
    return {node: tuple(tree["categories"][start : start + n]) for node, start, n in parts}


def _single(written: float) -> float:
    """A number of single precision: the file has only as many digits as tell it from others."""
    return float(np.float32(written))


def _node(
    tree: Mapping[str, Any], number: int, weight: float, categories: Mapping[int, tuple[int, ...]]
) -> Node:
    left, right = tree["left_children"][number], tree["right_children"][number]
    value = _single(tree["split_conditions"][number])
    if left == _LEAF:
        return _single(value * weight)
    lower, upper = (_node(tree, child, weight, categories) for child in (left, right))
    feature = tree["split_indices"][number]
    goes_left = bool(tree["default_left"][number])
    if number in categories:
        test = OneOf(categories[number])
        return Split(feature, test, upper, lower, "no" if goes_left else "yes")
    below = below_single(value, inclusive=False)
    return Split(feature, below, lower, upper, "yes" if goes_left else "no")
