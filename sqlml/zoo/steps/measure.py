"""What a model says about the rows of a dataset, gathered so that metrics can be taken."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo import metrics
from sqlml.zoo.measures.sample import Sample
from sqlml.zoo.model import Batch, Dataset, Estimator, Likeliest, NaiveForecast, Task

MOST_ROWS_MEASURED = 50_000  # of the training rows: what is told of them is in their favour anyway


def measure(
    estimator: Estimator,
    dataset: Dataset,
    task: Task,
    names: Sequence[str],
    *,
    classes: int = 0,
    loss: bool = True,
    seen: Callable[[int], None] = lambda _rows: None,
) -> dict[str, float]:
    """The metrics of a model on a dataset; undefined ones are NaN.

    names: canonical; without any, those usual for the task. loss: have `loss` first. seen: is told
    the number of rows so far.

    Raises:
        StepError: a metric has no meaning for the task, or needs what the model lacks.
    """
    sample = observe(estimator, dataset, task, names, classes=classes, loss=loss, seen=seen)
    return values_of(sample, task, names, loss=loss)


def observe(
    estimator: Estimator,
    dataset: Dataset,
    task: Task,
    names: Sequence[str],
    *,
    classes: int = 0,
    loss: bool = True,
    likely: bool = False,
    seen: Callable[[int], None] = lambda _rows: None,
) -> Sample:
    """The truth and the predictions of all rows: all that the named metrics look at.

    likely: with probabilities, whether or not a metric needs them.
    """
    wanted = names or metrics.defaults_for(task, truth=True)
    needed = [*wanted, metrics.loss_for(task)] if loss else [*wanted]
    likely = likely or any(name and metrics.needs_probabilities(name) for name in needed)
    return _gathered(
        estimator, dataset, classes=classes, likely=likely, matrix=task == "clustering", seen=seen
    )


def values_of(
    sample: Sample, task: Task, names: Sequence[str], *, loss: bool = True
) -> dict[str, float]:
    """As `measure`, of what was observed.

    Raises:
        StepError: a metric has no meaning for the task, or needs what the model lacks.
    """
    wanted = names or metrics.defaults_for(
        task,
        probabilities=sample.probabilities is not None,
        truth=sample.truth is not None,
    )
    values = metrics.evaluate(wanted, task, sample)
    return values if loss else {name: values[name] for name in wanted}


def defined(values: Mapping[str, float], prefix: str = "") -> dict[str, float]:
    """The metrics that have a value, their names prefixed."""
    return {f"{prefix}{name}": v for name, v in values.items() if not math.isnan(v)}


def said(
    estimator: Estimator, matrix: Any, *, likely: bool
) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
    """What an estimator predicts and, with `likely`, its probabilities if it has any."""
    chances = estimator.probabilities(matrix) if likely else None
    if chances is not None and isinstance(estimator, Likeliest):
        return chances.argmax(axis=1), chances
    return estimator.predict(matrix), chances


def _gathered(
    estimator: Estimator,
    dataset: Dataset,
    *,
    classes: int,
    likely: bool,
    matrix: bool,
    seen: Callable[[int], None],
) -> Sample:
    parts: list[Batch] = []
    predicted, probabilities = [], []
    rows = 0
    for batch in dataset:
        classes_or_values, chances = said(estimator, batch.matrix, likely=likely)
        predicted.append(classes_or_values)
        if chances is not None:
            probabilities.append(chances)
        parts.append(Batch(batch.matrix if matrix else None, batch.label, None, batch.group))
        rows += len(predicted[-1])
        seen(rows)
    return Sample(
        truth=_together([part.label for part in parts]),
        predicted=np.concatenate(predicted) if predicted else np.empty(0),
        probabilities=np.concatenate(probabilities) if probabilities else None,
        group=_together([part.group for part in parts]),
        matrix=_together([part.matrix for part in parts]),
        classes=classes,
        naive_error=estimator.naive_error if isinstance(estimator, NaiveForecast) else None,
    )


def _together(parts: Sequence[Any]) -> Any:
    if not parts or parts[0] is None:
        return None
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    from scipy import sparse

    return sparse.vstack(parts, format="csr")
