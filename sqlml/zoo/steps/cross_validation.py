"""Cross-validation: every row is held back once, from a model that is fitted on the others.

Features learn anew for each fold, from the same rows as its model.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from sqlml.zoo.context import Context
from sqlml.zoo.steps.fitting import Order, Specs, fit_features, fit_model, measured
from sqlml.zoo.steps.measure import defined
from sqlml.zoo.steps.survey import Survey
from sqlml.zoo.steps.training_data import TrainingData

PREFIX = "folds_"

Scores = Mapping[str, float]


class Watcher(Protocol):
    """Is told how a cross-validation goes on, and may end it by raising something."""

    def see_fold(self, done: int, means: Scores) -> None:
        """So many folds are done; means: of their metrics, by their own names."""
        ...

    def see_time(self, done: int, total: int, values: Scores) -> None:
        """Some time has passed, within a fold."""
        ...


class _Nobody:
    def see_fold(self, done: int, means: Scores) -> None:
        pass

    def see_time(self, done: int, total: int, values: Scores) -> None:
        pass


_NOBODY = _Nobody()


def cross_validate(
    context: Context,
    data: TrainingData,
    *,
    specs: Specs,
    looked: Survey,
    order: Order,
    watcher: Watcher = _NOBODY,
) -> dict[str, float]:
    """The mean over the folds of each metric (`folds_accuracy`), and its standard deviation
    (`folds_accuracy_std`, of the folds as they are: `ddof = 0`). Empty without folds.
    """
    scores: list[Scores] = []
    for drawn in data.by_fold():
        part = fit_features(context, drawn, specs, order)
        assert part.validation is not None, "a fold holds rows back"
        fitted = fit_model(context, replace(part, validation=None), looked, order, watcher.see_time)
        scores.append(measured(fitted, part.validation, looked, order.metrics))
        context.progress(len(scores), len(data.folds), "folds")
        watcher.see_fold(len(scores), _summed_up(scores, np.mean))
    if not scores:
        return {}
    return {
        **defined(_summed_up(scores, np.mean), PREFIX),
        **{f"{name}_std": v for name, v in defined(_summed_up(scores, np.std), PREFIX).items()},
    }


def _summed_up(scores: list[Scores], function: Callable[[list[float]], float]) -> Scores:
    return {name: float(function([one[name] for one in scores])) for name in scores[0]}
