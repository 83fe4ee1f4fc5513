"""Rows weighed by their class, for libraries that know weights of rows only."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.attributes import Value
from sqlml.zoo.model import Batch, Dataset, FeatureType, FitJob


@dataclass(frozen=True, slots=True)
class WeighedByClass:
    """A dataset whose rows count as much as their class; see zoo.model.Dataset."""

    of: Dataset
    weights: NDArray[np.float64]

    @property
    def width(self) -> int:
        return self.of.width

    @property
    def names(self) -> tuple[str, ...]:
        return self.of.names

    @property
    def types(self) -> tuple[FeatureType, ...]:
        return self.of.types

    def __iter__(self) -> Iterator[Batch]:
        return map(self._weighed, self.of)

    def whole(self) -> Batch:
        return self._weighed(self.of.whole())

    def _weighed(self, batch: Batch) -> Batch:
        assert batch.label is not None, "a classification's rows have labels"
        by_class = self.weights[batch.label.astype(np.int64)]
        weight = by_class if batch.weight is None else batch.weight * by_class
        return replace(batch, weight=weight.astype(np.float32))


def weighed_by_class(job: FitJob) -> FitJob:
    """The job, its training rows weighed as `train.class_weight` says.

    Rows to validate on keep their weights: they are measured as they are.

    Raises:
        StepError: E0483, there are no classes, or not as many as weights.
    """
    given = job.settings.get("class_weight")
    if given is None:
        return job
    if job.task != "classification":
        raise _problem(
            f"there are no classes to weigh: this is a {job.task}",
            "leave `train.class_weight` out, or weigh rows with `train.weight = column`",
        )
    return replace(job, train=WeighedByClass(job.train, class_weights(given, job.class_counts)))


def class_weights(given: Value, counts: tuple[int, ...]) -> NDArray[np.float64]:
    """The weight of each class; `balanced` ones make all classes count the same.

    Raises:
        StepError: E0483, there are not as many weights as classes, or one is no number ≥ 0.
    """
    if given == "balanced":
        rows = np.asarray(counts)
        return np.asarray(rows.sum() / (np.count_nonzero(rows) * np.maximum(rows, 1)))
    weights = given if isinstance(given, tuple | list) else (given,)
    if len(weights) != len(counts):
        raise _problem(
            f"`class_weight` lists {len(weights)} weights for {len(counts)} classes",
            "give one weight per class, in the order of the classes",
        )
    for weight in weights:
        if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
            raise _problem(f"`class_weight` holds {weight!r}", "a weight is a number ≥ 0")
    return np.asarray(weights, dtype=np.float64)


def _problem(message: str, hint: str) -> StepError:
    return StepError(Diagnostic("E0483", message, hint=hint, about="attribute train.class_weight"))
