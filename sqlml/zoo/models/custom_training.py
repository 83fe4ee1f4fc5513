"""Trains a user's Keras model batch by batch, by its own loop where it has one."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.model import Batch, FitJob, Part
from sqlml.zoo.models.keras_inputs import Inputs, numbers_name
from sqlml.zoo.models.keras_library import begin, keras, tensorflow
from sqlml.zoo.models.keras_stream import Feed, Stream
from sqlml.zoo.models.keras_trainer import as_it_is, background
from sqlml.zoo.models.keras_training import Method, Training, batch_size
from sqlml.zoo.models.replay import Replay

LOOP, SQLFLOW_LOOP = "train_loop", "sqlflow_train_loop"


@dataclass(frozen=True)
class Compiled(Method):
    """A compiled model, which knows by itself how a step goes: by its own `train_step`, if any."""

    def train(self, minibatch: Any) -> None:
        self.network.train_step(minibatch)

    def reset(self) -> None:
        self.network.reset_metrics()

    def measured(self) -> dict[str, float]:
        return {name: float(v) for name, v in self.network.get_metrics_result().items()}


@dataclass(frozen=True, slots=True)
class _Themselves:
    """Rows without a label, which a model learns to say again."""

    rows: Iterable[Batch]

    def __iter__(self) -> Iterator[Batch]:
        return (replace(batch, label=batch.matrix) for batch in self.rows)


def seeded(job: FitJob) -> None:
    """Make what follows repeatable: before the model is made."""
    begin(job.seed, job.threads, anew=True)


def train(model: Any, module: ModuleType, job: FitJob, usual_loss: str) -> NDArray[np.float64]:
    """Train by the module's `loss` and `optimizer` if it has them, as `train.epoch` says.

    Returns some rows that stand for all, for explanations.
    """
    model.compile(
        optimizer=(getattr(module, "optimizer", None) or keras.optimizers.Adam)(),
        loss=getattr(module, "loss", None) or usual_loss,
    )
    rows = Replay(job.train, as_it_is, job.folder)
    labels = 1 if job.task == "classification" else job.labels or job.train.width
    inputs = Inputs((Part(stop=job.train.width),))
    told = rows if job.labels else _Themselves(rows)
    stream = Stream(told, inputs, lambda y: _columns(y, labels), batch_size(job), job.seed)
    feed = Feed(stream, labels, _arranged(job))
    own = next((getattr(model, n) for n in (LOOP, SQLFLOW_LOOP) if hasattr(model, n)), None)
    if own is None:
        variables = model.trainable_variables
        Training(Compiled(model, [(model.optimizer, variables)], None), job, feed, None).run()
    else:
        _by_loop(own, job, feed)
    return background(rows, job).astype(np.float64)


def _by_loop(loop: Callable[..., None], job: FitJob, feed: Feed) -> None:
    """Let the model train itself. It is told what its loop has parameters for."""
    epochs = int(str(job.settings.get("epoch") or 1))

    def report(epoch: int, **measured: float) -> None:
        values = {f"train_{name}": float(value) for name, value in measured.items()}
        job.report(epoch, max(epochs, epoch), values)

    offered = {"epochs": epochs, "report": report}
    taken = inspect.signature(loop).parameters
    rows = feed.dataset
    if loop.__name__ == SQLFLOW_LOOP:
        rows = rows.map(lambda features, label, _weight: (features, label))
    with feed.told():
        loop(rows, **{name: value for name, value in offered.items() if name in taken})


def _columns(label: NDArray[Any], labels: int) -> NDArray[np.float32]:
    return label.reshape(-1, labels).astype(np.float32)


def _arranged(job: FitJob) -> Callable[[Any, Any, Any], tuple[Any, Any, Any]]:
    """What a minibatch is to the user: features, labels as they are read elsewhere, weights."""
    is_classifier = job.task == "classification"

    def arranged(inputs: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
        truth = tensorflow.cast(labels, "int32") if is_classifier else labels
        return inputs[numbers_name("")], truth[:, 0] if truth.shape[1] == 1 else truth, weights

    return arranged
