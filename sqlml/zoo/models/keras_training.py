"""Training a network: epoch after epoch, measured, told of, and stopped when it is time.

This is `model.fit` without what does not suit a stream: Keras begins to read it a second time at
the end of each epoch, and warns that it ended.
"""

import math
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import FitJob
from sqlml.zoo.models.keras_library import tensorflow
from sqlml.zoo.models.keras_stream import Feed

LONG_EPOCH = 1.0  # seconds, after which its progress is told


class Training:
    """The training of a compiled network on `feed`, measured on `held` after each epoch."""

    def __init__(self, model: Any, job: FitJob, feed: Feed, held: Feed | None) -> None:
        self._model, self._job, self._feed, self._held = model, job, feed, held
        self._epochs = _number(job, "epoch") or 1
        self._most_steps = _number(job, "max_steps")
        self._patience = _number(job, "early_stopping_rounds")
        self._steps = 0

    def run(self) -> None:
        """Train until the epochs or the steps are over, or the loss does not fall any more.

        With patience the network is in the end what it was after its best epoch.

        Raises:
            StepError: E0233, the loss is no number any more.
        """
        step = _compiled(self._model.train_step, self._feed)
        measure = None if self._held is None else _compiled(self._model.test_step, self._held)
        best, best_epoch = math.inf, 0
        weights: list[NDArray[Any]] = []
        for epoch in range(1, self._epochs + 1):
            measured = _named("train", self._train(step, epoch))
            if self._held is not None:
                measured |= _named("validation", self._measure(measure, self._held))
            self._job.report(epoch, self._epochs, measured)
            if self._patience and measured["validation_loss"] < best:
                best, best_epoch = measured["validation_loss"], epoch
                weights = self._model.get_weights()
            if self._is_over or (self._patience and epoch - best_epoch >= self._patience):
                break
        if weights:
            self._model.set_weights(weights)

    @property
    def _is_over(self) -> bool:
        return self._steps == self._most_steps != 0

    def _train(self, step: Callable[[Any], Any], epoch: int) -> Mapping[str, Any]:
        began, rows = monotonic(), 0
        logs: Mapping[str, Any] = {}
        self._model.reset_metrics()
        for data in self._feed:
            logs = step(data)
            self._steps += 1
            rows += len(data[2])
            if monotonic() - began > LONG_EPOCH:
                unit = f"rows of epoch {epoch} of {self._epochs}"
                self._job.advance(rows, self._job.rows, unit)
            if self._is_over:
                break
        if not math.isfinite(loss := float(logs["loss"])):
            raise StepError(
                Diagnostic(
                    "E0233",
                    f"the training went astray: the loss is {loss} after epoch {epoch}",
                    hint="scale large numbers with STANDARDIZE(column), or lower "
                    "`optimizer.learning_rate`",
                    about="model",
                )
            )
        return logs

    def _measure(self, measure: Any, held: Feed) -> Mapping[str, Any]:
        logs: Mapping[str, Any] = {}
        self._model.reset_metrics()
        for data in held:
            logs = measure(data)
        return logs


def batch_size(job: FitJob) -> int:
    return _number(job, "batch_size") or 32


def _compiled(step: Callable[[Any], Any], feed: Feed) -> Any:
    """A step as a graph, whatever the lengths that vary."""
    return tensorflow.function(step, input_signature=[feed.dataset.element_spec], autograph=False)


def _named(rows: str, logs: Mapping[str, Any]) -> dict[str, float]:
    return {f"{rows}_{name}": float(np.asarray(value)) for name, value in logs.items()}


def _number(job: FitJob, name: str) -> int:
    value = job.settings.get(name)
    return value if isinstance(value, int) else 0
