"""A user's Keras model: how it is made, what it predicts, and how it is kept."""

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.model import FitJob
from sqlml.zoo.models.custom_source import GIVEN

FACTS, WEIGHTS = "network.json", "network.weights.h5"
ROWS = 4_096  # that are predicted at a time
_FURTHER = ("decision_function", "transform", "score_samples")


@dataclass(frozen=True, slots=True)
class Facts:
    """inputs: features. outputs: classes, or labels, or features where there is no label.

    is_classifier: says probabilities. is_labelled: learns from a label.
    """

    inputs: int
    outputs: int
    is_classifier: bool
    is_labelled: bool = True


def network_facts(job: FitJob) -> Facts:
    is_classifier = job.task == "classification"
    outputs = job.classes if is_classifier else job.labels or job.train.width
    return Facts(job.train.width, outputs, is_classifier, is_labelled=job.labels > 0)


class Network:
    """make: the user's class or function. job: what to train; None for one that is loaded."""

    def __init__(
        self, make: Any, parameters: Mapping[str, Any], facts: Facts, job: FitJob | None
    ) -> None:
        if job is not None:
            from sqlml.zoo.models.custom_training import seeded

            seeded(job)
        self._parameters, self._facts = dict(parameters), facts
        told = {
            name: getattr(facts, name)
            for name in GIVEN
            if name in inspect.signature(make).parameters
        }
        self._module = sys.modules[make.__module__]
        self.model = make(**parameters, **told)
        nothing = np.zeros((1, facts.inputs), dtype=np.float32)
        self._width = int(self.model(nothing).shape[-1])  # and now it has its weights

    def train(self, job: FitJob) -> NDArray[np.float64]:
        """Train on the job's rows, batch by batch; some rows that stand for all."""
        from sqlml.zoo.models.custom_training import train

        return train(self.model, self._module, job, self._usual_loss())

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        values = self.outputs(X)
        return values[:, 0] if values.shape[1] == 1 else values

    def __getattr__(self, name: str) -> Any:
        """A method of the user's model for further results, where it has that one."""
        if name not in _FURTHER or not hasattr(self.model, name):
            raise AttributeError(f"it has no method `{name}`")
        return partial(_in_batches, getattr(self.model, name))

    def save(self, folder: Path) -> None:
        self.model.save_weights(folder / WEIGHTS)
        facts = {"parameters": self._parameters, **asdict(self._facts)}
        (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")

    def load(self, folder: Path) -> None:
        self.model.load_weights(folder / WEIGHTS)

    def outputs(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """What the model says, shape (rows, its outputs)."""
        found = _in_batches(partial(self.model, training=False), X)
        return found.reshape(len(found), -1)

    def _usual_loss(self) -> str:
        if not self._facts.is_classifier:
            return "mean_squared_error"
        return "binary_crossentropy" if self._width == 1 else "sparse_categorical_crossentropy"


class Classifier(Network):
    """Its model gives probabilities: one per class, or that of the second of two."""

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(self.predict_proba(X).argmax(axis=1))

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        values = self.outputs(X)
        return np.column_stack((1 - values, values)) if values.shape[1] == 1 else values


class Unlabelled(Network):
    """Its model says its rows again; what else it finds in them, its own methods tell."""

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        import keras

        if type(self.model).predict is keras.Model.predict:
            raise AttributeError("it has no method `predict` of its own")
        return _in_batches(self.model.predict, X)


class Doubtful(Network):
    """Its model's own `predict` tells the deviation of a value, too."""

    def predict(self, X: NDArray[Any], return_std: bool = False) -> Any:
        values = super().predict(X)
        if not return_std:
            return values
        return values, _in_batches(lambda rows: self.model.predict(rows, return_std=True)[1], X)


def network(
    make: Any, parameters: Mapping[str, Any], facts: Facts, job: FitJob | None = None
) -> Network:
    """The user's model, made by their class or function."""
    own = getattr(make, "predict", None)
    if facts.is_classifier:
        kind: type[Network] = Classifier
    elif not facts.is_labelled:
        kind = Unlabelled
    elif own is not None and "return_std" in inspect.signature(own).parameters:
        kind = Doubtful
    else:
        kind = Network
    return kind(make, parameters, facts, job)


def _in_batches(say: Callable[[NDArray[np.float32]], Any], X: NDArray[Any]) -> NDArray[np.float64]:
    rows = np.asarray(X, dtype=np.float32)
    starts = range(0, max(len(rows), 1), ROWS)
    said = [np.asarray(say(rows[i : i + ROWS])) for i in starts]
    return np.concatenate(said).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Loader:
    """Makes a stored network anew, by the user's class or function."""

    make: Any

    def load(self, folder: Path) -> Network:
        told = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        parameters = told.pop("parameters")
        loaded = network(self.make, parameters, Facts(**told))
        loaded.load(folder)
        return loaded
