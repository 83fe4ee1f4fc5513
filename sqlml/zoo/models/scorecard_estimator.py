"""A fitted score card: bins, their weights of evidence, coefficients and points."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.model import Task
from sqlml.zoo.models.binning import Bins, Evidence, Floats
from sqlml.zoo.models.scorecard import Scale

FILE = "scorecard.json"


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A feature of the card; `coefficient` of its weight of evidence in the odds of the good."""

    name: str
    bins: Bins
    evidence: Evidence
    coefficient: float


@dataclass(frozen=True)
class ScoreCardEstimator:
    """See zoo.model.Estimator. good: the number of the class that high scores stand for."""

    characteristics: tuple[Characteristic, ...]
    intercept: float
    good: int
    scale: Scale
    rounded: bool

    task: ClassVar[Task] = "classification"
    predicts_likeliest: ClassVar[bool] = True
    extra_outputs: ClassVar[tuple[str, ...]] = ("score",)

    def save(self, folder: Path) -> None:
        content = {
            "characteristics": [_to_json(one) for one in self.characteristics],
            "intercept": self.intercept,
            "good": self.good,
            "scale": asdict(self.scale),
            "rounded": self.rounded,
        }
        (folder / FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def predict(self, matrix: Any) -> NDArray[Any]:
        classes: NDArray[np.int64] = self.probabilities(matrix).argmax(axis=1)
        return classes

    def probabilities(self, matrix: Any) -> NDArray[np.float64]:
        odds = self._evidence(matrix).sum(axis=1) + self.intercept
        good = 1 / (1 + np.exp(-odds))
        columns = (good, 1 - good) if self.good == 0 else (1 - good, good)
        return np.column_stack(columns)

    def extra(self, name: str, matrix: Any) -> NDArray[np.float64]:
        """The sum of the points of a row's bins."""
        rows = np.asarray(matrix, dtype=np.float64)
        score = np.zeros(len(rows))
        for place, one in enumerate(self.characteristics):
            score += self.points[place][one.bins.assign(rows[:, place])]
        return score

    def contributions(self, matrix: Any) -> NDArray[np.float64]:
        """Exact SHAP values of the log odds of the second class, which are a sum over features."""
        sign = 1 if self.good == 1 else -1
        means = np.array([one.coefficient * _mean_woe(one) for one in self.characteristics])
        values = sign * (self._evidence(matrix) - means)
        expected = np.full(len(values), sign * (self.intercept + means.sum()))
        return np.column_stack((values, expected))[None]

    def importance(self) -> Mapping[str, tuple[float, float]]:
        """Each feature's number of bins, and its information value."""
        return {
            one.name: (float(one.bins.count), float(one.evidence.information.sum()))
            for one in self.characteristics
        }

    @cached_property
    def points(self) -> tuple[Floats, ...]:
        """The points of each bin, by feature; the intercept is spread evenly over the features.

        Siddiqi, Credit Risk Scorecards (2006), chapter 6: points of a bin =
        factor * (coefficient * woe + intercept / n) + offset / n.
        """
        count, factor = len(self.characteristics), self.scale.factor
        share = (factor * self.intercept + self.scale.offset) / count
        exact = (
            share + factor * one.coefficient * one.evidence.woe for one in self.characteristics
        )
        return tuple(np.round(points) if self.rounded else points for points in exact)

    def _evidence(self, matrix: Any) -> Floats:
        """What each feature adds to the log odds of the good class."""
        rows = np.asarray(matrix, dtype=np.float64)
        found = np.empty(rows.shape)
        for place, one in enumerate(self.characteristics):
            woe = one.evidence.woe * one.coefficient
            found[:, place] = woe[one.bins.assign(rows[:, place])]
        return found


def load(folder: Path) -> ScoreCardEstimator:
    """The estimator saved in `folder`."""
    content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return ScoreCardEstimator(
        tuple(_from_json(one) for one in content["characteristics"]),
        content["intercept"],
        content["good"],
        Scale(**content["scale"]),
        content["rounded"],
    )


def _mean_woe(one: Characteristic) -> float:
    rows = one.evidence.good + one.evidence.bad
    return float(np.average(one.evidence.woe, weights=rows))


def _to_json(one: Characteristic) -> dict[str, Any]:
    return {
        "name": one.name,
        "bins": asdict(one.bins),
        "good": one.evidence.good.tolist(),
        "bad": one.evidence.bad.tolist(),
        "smoothing": one.evidence.smoothing,
        "coefficient": one.coefficient,
    }


def _from_json(content: Mapping[str, Any]) -> Characteristic:
    good, bad = (np.array(content[name]) for name in ("good", "bad"))
    bins = Bins(tuple(content["bins"]["edges"]), content["bins"]["codes"])
    evidence = Evidence(good, bad, content["smoothing"])
    return Characteristic(content["name"], bins, evidence, content["coefficient"])
