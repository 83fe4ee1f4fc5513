"""A fitted model as arithmetic: sums of trees or of weighted features, and a link.

Thresholds are in double precision and exact: where a library compares in single precision, the
threshold is the one that gives the same answer for every double.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

import numpy as np

from sqlml.zoo.label import Label

Link = Literal[
    "identity", "exp", "signed_square", "softplus", "logistic", "normalized_logistic", "softmax"
]


@dataclass(frozen=True, slots=True)
class Below:
    """Whether a feature is less than `limit`, or equal to it where `inclusive`."""

    limit: float
    inclusive: bool


@dataclass(frozen=True, slots=True)
class OneOf:
    """Whether a category's code is one of these."""

    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """An inner node. feature: its place in the matrix. A missing value goes to `yes` or to `no`."""

    feature: int
    test: Below | OneOf
    yes: "Node"
    no: "Node"
    missing: Literal["yes", "no"] = "no"


Node = Split | float


@dataclass(frozen=True, slots=True)
class Score:
    """constant + share · (the sum of the trees) + the sum of weight · feature."""

    constant: float
    trees: tuple[Node, ...] = ()
    share: float = 1.0
    weights: Mapping[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Scoring:
    """What the scores come to.

    scale: what a score is multiplied with before a logistic link. classes: the number of the class
    that each score is for (with a single score: of the two classes); None where numbers are
    predicted. With `probable`, the linked scores are the classes' probabilities; a class is
    predicted where its score is largest or, with a single score, the second where it is above 0.
    absent_is_missing: what a sparse matrix leaves out is missing, and not 0. single: scores are
    added up in single precision, a constant first, then its trees or weighted features in order.
    extras: further results by the name that `predict.extra_outputs` has for them, without a link.
    """

    scores: tuple[Score, ...]
    link: Link = "identity"
    scale: float = 1.0
    classes: tuple[int, ...] | None = None
    probable: bool = True
    absent_is_missing: bool = False
    single: bool = False
    extras: Mapping[str, Score] = field(default_factory=dict)

    @property
    def sums(self) -> tuple[Score, ...]:
        """The scores, and behind them the extras."""
        return (*self.scores, *self.extras.values())

    @property
    def features(self) -> frozenset[int]:
        """The places in the matrix that are looked at."""
        of_trees = (place for one in self.sums for tree in one.trees for place in _places(tree))
        weighted = (place for score in self.sums for place in score.weights or ())
        return frozenset((*of_trees, *weighted))


def _places(node: Node) -> Iterator[int]:
    if isinstance(node, Split):
        yield node.feature
        yield from _places(node.yes)
        yield from _places(node.no)


MODELS = (
    "XGBoost's and LightGBM's trees and linear models, scikit-learn's trees, forests,"
    " gradient boosting and linear models, and score cards"
)
_LARGEST_SINGLE = float(np.finfo(np.float32).max)


class Unknown(Exception):  # noqa: N818 - it becomes an error that says of what
    """A model, or a part of one, that is no such arithmetic; the text says what it is."""


_READERS: Mapping[str, str] = {
    "XGBoostEstimator": "sqlml.zoo.export.xgboost_scoring:scoring",
    "LightGBMEstimator": "sqlml.zoo.export.lightgbm_scoring:scoring",
    "SklearnEstimator": "sqlml.zoo.export.sklearn_scoring:scoring",
    "ScoreCardEstimator": "sqlml.zoo.export.scorecard_scoring:scoring",
}


def refuse_lists(labels: Sequence[Label]) -> None:
    """Check that a result is one value.

    Raises:
        Unknown: it lists several numbers.
    """
    if any(label.length is not None for label in labels):
        raise Unknown("a model with a label that lists several numbers")


def scoring_of(estimator: Any) -> Scoring:
    """The arithmetic of a fitted estimator.

    Raises:
        Unknown: it is none that is written here.
    """
    reader = _READERS.get(type(estimator).__name__)
    if reader is None:
        raise Unknown("a model of this kind")
    module, _, name = reader.partition(":")
    read: Callable[[Any], Scoring] = getattr(import_module(module), name)
    return read(estimator)


def below_single(limit: float, *, inclusive: bool) -> Below:
    """The test on a double that is `single(x) <= limit`, or `<` where not `inclusive`.

    A double is rounded to the nearest single, a tie to the one whose last bit is 0. `limit` may lie
    between two singles.
    """
    if abs(limit) > _LARGEST_SINGLE:
        return Below(finite(limit), inclusive)
    last = np.float32(limit)  # the largest single that passes
    if float(last) > limit or (float(last) == limit and not inclusive):
        last = np.nextafter(last, np.float32(-np.inf))
    after = np.nextafter(last, np.float32(np.inf))
    middle = (float(last) + float(after)) / 2
    is_even = int(last.view(np.int32)) % 2 == 0
    return Below(finite(middle), inclusive=is_even)


def finite(limit: float) -> float:
    """A threshold that SQL can write. Infinite ones only part missing values from the others."""
    return max(min(limit, sys.float_info.max), -sys.float_info.max)
