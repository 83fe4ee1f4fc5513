"""LightGBM's boosters as arithmetic, read from the dump that the library gives."""

from collections.abc import Mapping
from typing import Any, Literal

from sqlml.zoo.export.scoring import (
    Below,
    Link,
    Node,
    OneOf,
    Score,
    Scoring,
    Split,
    Unknown,
    finite,
)
from sqlml.zoo.models.lightgbm_estimator import LightGBMEstimator

_LINKS: Mapping[str, Link] = {
    "binary": "logistic",
    "multiclass": "softmax",
    "multiclassova": "logistic",
    "cross_entropy": "logistic",
    "cross_entropy_lambda": "softplus",
    "poisson": "exp",
    "gamma": "exp",
    "tweedie": "exp",
}


def scoring(estimator: LightGBMEstimator) -> Scoring:
    """The arithmetic of a booster.

    Raises:
        Unknown: zero counts as missing, or leaves hold linear models.
    """
    told = estimator.booster.dump_model()
    name, *options = told["objective"].split(" ")
    link = _LINKS.get(name, "identity")
    if "sqrt" in options:
        link = "signed_square"
    outputs = told["num_tree_per_iteration"]
    trees = [tree["tree_structure"] for tree in told["tree_info"]]
    share = outputs / len(trees) if told["average_output"] and trees else 1.0
    scores = tuple(
        Score(0.0, tuple(_node(tree) for tree in trees[output::outputs]), share)
        for output in range(outputs)
    )
    classes = tuple(range(max(outputs, 2))) if estimator.task == "classification" else None
    scale = next((float(o.partition(":")[2]) for o in options if o.startswith("sigmoid:")), 1.0)
    return Scoring(scores, link, scale, classes)


def _node(told: Mapping[str, Any]) -> Node:
    if "leaf_coeff" in told:
        raise Unknown("a tree with linear models in its leaves (`linear_tree`)")
    if "split_index" not in told:
        return float(told["leaf_value"])
    yes, no = _node(told["left_child"]), _node(told["right_child"])
    feature, threshold = told["split_feature"], told["threshold"]
    if told["decision_type"] == "==":
        return Split(feature, OneOf(tuple(map(int, threshold.split("||")))), yes, no)
    return Split(feature, Below(finite(threshold), inclusive=True), yes, no, _missing(told))


def _missing(told: Mapping[str, Any]) -> Literal["yes", "no"]:
    """Where a missing value goes; it counts as 0 where training saw none."""
    match told["missing_type"]:
        case "None":
            return "yes" if told["threshold"] >= 0 else "no"
        case "NaN":
            return "yes" if told["default_left"] else "no"
        case _:
            raise Unknown("a model for which 0 is missing (`zero_as_missing`)")
