"""Training a network: epoch after epoch, measured, told of, and stopped when it is time.

This is `model.fit` without what does not suit a stream (Keras begins to read it a second time at
the end of each epoch, and warns that it ended), and with an optimizer for each part of a network.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import Any

from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import FitJob
from sqlml.zoo.models.keras_library import keras, tensorflow
from sqlml.zoo.models.keras_stream import Feed

LONG_EPOCH = 1.0  # seconds, after which its progress is told
STEPS_AT_ONCE = 32  # one by one, they take three times as long


@dataclass(frozen=True)
class Method:
    """How a network is trained. optimizers: each with the variables that it changes."""

    network: Any
    optimizers: Sequence[tuple[Any, list[Any]]]
    loss: Any
    metrics: Sequence[Any] = ()

    def train(self, minibatch: Any) -> None:
        """One step against the gradient."""
        inputs, targets, weights = minibatch
        with tensorflow.GradientTape() as tape:
            said = self.network(inputs, training=True)
            loss = self.loss(targets, said, sample_weight=weights)
        every = [variables for _, variables in self.optimizers]
        gradients = tape.gradient(loss, every)
        for (optimizer, variables), some in zip(self.optimizers, gradients, strict=True):
            optimizer.apply(some, variables)
        self._take(loss, minibatch, said)

    def test(self, minibatch: Any) -> None:
        """Measure only."""
        inputs, targets, weights = minibatch
        said = self.network(inputs, training=False)
        self._take(self.loss(targets, said, sample_weight=weights), minibatch, said)

    def reset(self) -> None:
        """Forget what was measured."""
        for metric in (self._loss, *self.metrics):
            metric.reset_state()

    def measured(self) -> dict[str, float]:
        """What was measured since `reset`, over all rows."""
        return {m.name: float(m.result()) for m in (self._loss, *self.metrics)}

    def _take(self, loss: Any, minibatch: Any, said: Any) -> None:
        _, targets, weights = minibatch
        self._loss.update_state(loss, sample_weight=tensorflow.shape(weights)[0])
        for metric in self.metrics:
            metric.update_state(targets, said, sample_weight=weights)

    @cached_property
    def _loss(self) -> Any:
        return keras.metrics.Mean(name="loss")


class Training:
    """The training of a network on `feed`, measured on `held` after each epoch."""

    def __init__(self, method: Method, job: FitJob, feed: Feed, held: Feed | None) -> None:
        self._method, self._job, self._feed, self._held = method, job, feed, held
        self._epochs = _number(job, "epoch") or 1
        self._most_steps = _number(job, "max_steps")
        self._patience = _number(job, "early_stopping_rounds")
        self._size = batch_size(job)
        self._steps = 0

    def run(self) -> None:
        """Train until the epochs or the steps are over, or the loss does not fall any more.

        With patience the network is in the end what it was after its best epoch.

        Raises:
            StepError: E0233, the loss is no number any more.
        """
        self._method.reset()  # which makes what graphs cannot make
        for optimizer, variables in self._method.optimizers:
            optimizer.build(variables)
        advance, measure = several(self._method.train), several(self._method.test)
        best, best_epoch = math.inf, 0
        weights: list[NDArray[Any]] = []
        for epoch in range(1, self._epochs + 1):
            measured = self._train(advance, epoch)
            if self._held is not None:
                measured |= self._measure(measure, self._held)
            finite = {name: value for name, value in measured.items() if math.isfinite(value)}
            self._job.report(epoch, self._epochs, finite)
            if self._patience and measured["validation_loss"] < best:
                best, best_epoch = measured["validation_loss"], epoch
                weights = self._method.network.get_weights()
            if self._is_over or (self._patience and epoch - best_epoch >= self._patience):
                break
        for optimizer, variables in self._method.optimizers:
            optimizer.finalize_variable_values(variables)
        if weights:
            self._method.network.set_weights(weights)

    @property
    def _is_over(self) -> bool:
        return self._steps == self._most_steps != 0

    def _train(self, advance: Any, epoch: int) -> dict[str, float]:
        began, known, done = monotonic(), self._job.rows // self._size, 0
        self._method.reset()
        with self._feed.epoch() as minibatches, suppress(tensorflow.errors.OutOfRangeError):
            while not self._is_over:
                count = min(STEPS_AT_ONCE, max(known - done, 1))
                if self._most_steps:
                    count = min(count, self._most_steps - self._steps)
                advance(minibatches, tensorflow.constant(count))
                done, self._steps = done + count, self._steps + count
                if monotonic() - began > LONG_EPOCH:
                    unit = f"rows of epoch {epoch} of {self._epochs}"
                    self._job.advance(done * self._size, self._job.rows, unit)
        measured = _named("train", self._method)
        refuse_astray(measured["train_loss"], f"epoch {epoch}")
        return measured

    def _measure(self, measure: Any, held: Feed) -> dict[str, float]:
        self._method.reset()
        with held.epoch() as minibatches, suppress(tensorflow.errors.OutOfRangeError):
            while True:
                measure(minibatches, tensorflow.constant(1))
        return _named("validation", self._method)


def refuse_astray(loss: float, when: str) -> None:
    """Check that a loss is a number.

    Raises:
        StepError: E0233.
    """
    if not math.isfinite(loss):
        raise StepError(
            Diagnostic(
                "E0233",
                f"the training went astray: the loss is {loss} after {when}",
                hint="scale large numbers with STANDARDIZE(column), or lower "
                "`optimizer.learning_rate`",
                about="model",
            )
        )


def batch_size(job: FitJob) -> int:
    return _number(job, "batch_size") or 32


def several(step: Callable[[Any], None]) -> Any:
    """A function of minibatches and a number: that many steps, in one call of a graph.

    No part of a step begins before there is a minibatch: the one behind the last would be counted.
    """
    single = tensorflow.autograph.experimental.do_not_convert(step)

    @tensorflow.function  # type: ignore[untyped-decorator]
    def several(minibatches: Any, count: Any) -> None:
        for _ in tensorflow.range(count):
            minibatch = next(minibatches)
            with tensorflow.control_dependencies(tensorflow.nest.flatten(minibatch)):
                single(minibatch)

    return several


def advance_by(
    steps: int, advance: Any, minibatches: Any, told: Callable[[int], None] = lambda _done: None
) -> None:
    """So many steps of what `several` made. told: how many are done, time and again."""
    for done in range(0, steps, STEPS_AT_ONCE):
        count = min(STEPS_AT_ONCE, steps - done)
        advance(minibatches, tensorflow.constant(count))
        told(done + count)


def _named(rows: str, method: Method) -> dict[str, float]:
    return {f"{rows}_{name}": value for name, value in method.measured().items()}


def _number(job: FitJob, name: str) -> int:
    value = job.settings.get(name)
    return value if isinstance(value, int) else 0
