"""Score cards as arithmetic: a tree per feature, whose leaves are its bins."""

import sys
from collections.abc import Iterable, Sequence

from sqlml.zoo.export.scoring import Below, Node, OneOf, Score, Scoring, Split
from sqlml.zoo.models.binning import Bins
from sqlml.zoo.models.scorecard_estimator import ScoreCardEstimator


def scoring(estimator: ScoreCardEstimator) -> Scoring:
    """The log odds of the second class; the points are the extra output `score`."""
    sign = 1.0 if estimator.good == 1 else -1.0
    characteristics = estimator.characteristics
    odds = _sum(
        (one.bins, (sign * one.coefficient * one.evidence.woe).tolist()) for one in characteristics
    )
    points = _sum(
        (one.bins, own.tolist()) for one, own in zip(characteristics, estimator.points, strict=True)
    )
    return Scoring(
        (Score(sign * estimator.intercept, odds),),
        "logistic",
        classes=(0, 1),
        extras={"score": Score(0.0, points)},
    )


def _sum(features: Iterable[tuple[Bins, Sequence[float]]]) -> tuple[Node, ...]:
    return tuple(_tree(place, bins, values) for place, (bins, values) in enumerate(features))


def _tree(place: int, bins: Bins, values: Sequence[float]) -> Node:
    """values: of the bins, that of what is missing or unknown last."""
    *known, missing = values
    if bins.codes:
        every = range(bins.codes)
        return Split(place, OneOf(tuple(every)), _codes(place, every, known), missing)
    anything = Below(sys.float_info.max, inclusive=True)
    return Split(place, anything, _ranges(place, bins.edges, known), missing)


def _ranges(place: int, edges: Sequence[float], values: Sequence[float]) -> Node:
    """One value more than edges; a number at an edge is above it."""
    if not edges:
        return values[0]
    middle = len(edges) // 2
    lower = _ranges(place, edges[:middle], values[: middle + 1])
    upper = _ranges(place, edges[middle + 1 :], values[middle + 1 :])
    return Split(place, Below(edges[middle], inclusive=False), lower, upper)


def _codes(place: int, codes: Sequence[int], values: Sequence[float]) -> Node:
    if len(codes) == 1:
        return values[0]
    middle = len(codes) // 2
    lower = _codes(place, codes[:middle], values[:middle])
    upper = _codes(place, codes[middle:], values[middle:])
    return Split(place, OneOf(tuple(codes[:middle])), lower, upper)
