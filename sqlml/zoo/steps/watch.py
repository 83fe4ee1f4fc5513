"""Watches a trial's fit: how its score develops, and whether to go on."""

import math
from collections.abc import Mapping
from time import time

from sqlml.zoo.metrics import canonical, less_is_better
from sqlml.zoo.steps.suggestion import Suggestion
from sqlml.zoo.steps.trial_result import State

_VALIDATION = "validation_"


class Ended(Exception):  # noqa: N818 (no error: the rest is not worth its time)
    """A fit was given up."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state = state


class Watch:
    """Told of rounds and folds; raises `Ended` when the time is up or the pruner gives up."""

    def __init__(self, suggestion: Suggestion, *, prunes: bool, until: float) -> None:
        """until: in seconds since the epoch."""
        self.metric = ""
        self.course: list[tuple[int, float]] = []
        self._suggestion = suggestion
        self._prunes = prunes
        self._until = until

    def see_fold(self, done: int, means: Mapping[str, float]) -> None:
        self._see(done, means[self.metric])

    def see_round(self, done: int, _total: int, values: Mapping[str, float]) -> None:
        self._see(done, _validation_score(values, self.metric) if self._prunes else math.nan)

    def see_time(self, _done: int, _total: int, _values: Mapping[str, float]) -> None:
        if time() > self._until:
            raise Ended("stopped")

    def _see(self, step: int, score: float) -> None:
        self.see_time(step, 0, {})
        if self._prunes and not math.isnan(score):
            self.course.append((step, score))
            if self._suggestion.is_hopeless(step, score):
                raise Ended("pruned")


def _validation_score(values: Mapping[str, float], metric: str) -> float:
    """What a library measured first on the validation rows; its sign makes better what is better
    by `metric`. NaN: it measured nothing.
    """
    for name, value in values.items():
        if name.startswith(_VALIDATION):
            known = canonical(name.removeprefix(_VALIDATION).partition("@")[0])
            is_loss = known is None or less_is_better(known)  # what we do not know is some loss
            return value if is_loss == less_is_better(metric) else -value
    return math.nan
