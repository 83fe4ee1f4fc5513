"""A fitted LightGBM model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.model import Task
from sqlml.zoo.models.booster_job import Nature
from sqlml.zoo.models.feature_names import read_names, write_names
from sqlml.zoo.models.lean_import import import_lean
from sqlml.zoo.models.lightgbm import task_of

lightgbm = import_lean("lightgbm")

FILE = "model.txt"

# How many happened to be free is no part of a model; 0 is as many as there are.
_THREADS = re.compile(r"^\[num_threads: \d+\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LightGBMEstimator:
    """See zoo.model.Estimator. The nature has the features' real names; the booster's are safe."""

    booster: Any
    nature: Nature

    predicts_likeliest: ClassVar[bool] = True

    @property
    def task(self) -> Task:
        return task_of(self.nature.objective)

    @property
    def names(self) -> tuple[str, ...]:
        return self.nature.features

    def save(self, folder: Path) -> None:
        text = _THREADS.sub("[num_threads: 0]", self.booster.model_to_string())
        (folder / FILE).write_text(text, encoding="utf-8")
        write_names(folder, self.names)

    def predict(self, matrix: Any) -> NDArray[Any]:
        values: NDArray[np.float64] = self.booster.predict(matrix)
        if self.task != "classification":
            return values
        return values.argmax(axis=1) if values.ndim == 2 else (values > 0.5).astype(np.int64)

    def probabilities(self, matrix: Any) -> NDArray[np.float64] | None:
        if self.task != "classification":
            return None
        values: NDArray[np.float64] = self.booster.predict(matrix)
        return values if values.ndim == 2 else np.column_stack((1 - values, values))

    def contributions(self, matrix: Any) -> NDArray[np.float64]:
        dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        values = self.booster.predict(dense, pred_contrib=True)
        by_output = values.reshape(len(dense), -1, len(self.names) + 1)
        return np.moveaxis(by_output, 1, 0)

    def importance(self) -> Mapping[str, tuple[float, float]]:
        splits = self.booster.feature_importance("split")
        gains = self.booster.feature_importance("gain")
        return {
            name: (float(count), float(gain / count))
            for name, count, gain in zip(self.names, splits, gains, strict=True)
            if count
        }


def load(folder: Path) -> LightGBMEstimator:
    """The estimator saved in `folder`."""
    return estimator_of(lightgbm.Booster(model_file=folder / FILE), read_names(folder))


def estimator_of(booster: Any, names: tuple[str, ...]) -> LightGBMEstimator:
    """The estimator of a trained booster."""
    text = booster.model_to_string(num_iteration=1)
    nature = Nature(
        kind="boosting",
        objective=_entry(text, "objective").split(" ")[0],
        classes=int(_entry(text, "num_class")),
        features=names,
    )
    return LightGBMEstimator(booster, nature)


def _entry(text: str, name: str) -> str:
    """An entry of a model file's head."""
    return text.partition(f"\n{name}=")[2].partition("\n")[0]
