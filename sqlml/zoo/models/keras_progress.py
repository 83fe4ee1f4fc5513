"""What happens between the steps of a training: progress is told, and training is stopped."""

import math
from collections.abc import Mapping
from time import monotonic
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import FitJob
from sqlml.zoo.models.keras_library import keras

LONG_EPOCH = 1.0  # seconds, after which its progress is told


class Progress(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the job of each epoch and how far a long one is; stops after `most_steps`, if not 0.

    Raises:
        StepError: E0233, the loss is no number any more.
    """

    def __init__(self, job: FitJob, epochs: int, size: int, most_steps: int) -> None:
        super().__init__()
        self._job, self._epochs, self._size, self._most_steps = job, epochs, size, most_steps
        self._steps = self._epoch = 0
        self._began = monotonic()

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._epoch, self._began = epoch + 1, monotonic()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self._steps += 1
        if self._steps == self._most_steps:
            self.model.stop_training = True
        if monotonic() - self._began > LONG_EPOCH:
            unit = f"rows of epoch {self._epoch} of {self._epochs}"
            self._job.advance((batch + 1) * self._size, self._job.rows, unit)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        measured = {_name(name): float(value) for name, value in (logs or {}).items()}
        if not math.isfinite(measured["train_loss"]):
            raise StepError(
                Diagnostic(
                    "E0233",
                    f"the training went astray: the loss is {measured['train_loss']} after "
                    f"epoch {epoch + 1}",
                    hint="scale large numbers with STANDARDIZE(column), or lower "
                    "`optimizer.learning_rate`",
                    about="model",
                )
            )
        self._job.report(epoch + 1, self._epochs, measured)


def _name(measured: str) -> str:
    """`val_loss` as `validation_loss`, `loss` as `train_loss`."""
    if measured.startswith("val_"):
        return f"validation_{measured.removeprefix('val_')}"
    return f"train_{measured}"
