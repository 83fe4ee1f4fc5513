"""A fitted XGBoost model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.model import Task
from sqlml.zoo.models.booster_errors import told_by
from sqlml.zoo.models.booster_job import Nature
from sqlml.zoo.models.feature_names import read_names, write_names
from sqlml.zoo.models.lean_import import import_lean
from sqlml.zoo.models.xgboost import task_of

xgboost = import_lean("xgboost")

FILE = "model.ubj"


@dataclass(frozen=True, slots=True)
class XGBoostEstimator:
    """See zoo.model.Estimator. The nature has the features' real names; the booster's are safe."""

    booster: Any
    nature: Nature

    predicts_likeliest: ClassVar[bool] = True

    @property
    def task(self) -> Task:
        return task_of(self.objective)

    @property
    def objective(self) -> str:
        return self.nature.objective

    @property
    def is_linear(self) -> bool:
        return self.nature.kind == "gblinear"

    @property
    def names(self) -> tuple[str, ...]:
        return self.nature.features

    def save(self, folder: Path) -> None:
        # XGBoost itself does not notice when the end of its file finds no room
        (folder / FILE).write_bytes(self.booster.save_raw("ubj"))
        write_names(folder, self.names)

    def predict(self, matrix: Any) -> NDArray[Any]:
        values = self._outputs(matrix)
        match self.objective:
            case "multi:softprob":
                classes: NDArray[np.int64] = np.argmax(values, axis=1)
                return classes
            case "multi:softmax" | "binary:hinge":
                return values.astype(np.int64)
            case "binary:logitraw":
                return (values > 0).astype(np.int64)
            case "binary:logistic":
                return (values > 0.5).astype(np.int64)
            case _:
                return values

    def probabilities(self, matrix: Any) -> NDArray[np.float64] | None:
        match self.objective:
            case "multi:softprob":
                return self._outputs(matrix).astype(np.float64)
            case "multi:softmax":
                return _softmax(self._outputs(matrix, margin=True).astype(np.float64))
            case "binary:logistic":
                return _two_classes(self._outputs(matrix))
            case "binary:logitraw":
                return _two_classes(1 / (1 + np.exp(-self._outputs(matrix).astype(np.float64))))
            case _:
                return None

    def contributions(self, matrix: Any) -> NDArray[np.float64]:
        with told_by("xgboost", xgboost.core.XGBoostError, {}):
            values = self.booster.predict(
                self._data(matrix), pred_contribs=True, strict_shape=True, validate_features=False
            )
        by_output: NDArray[np.float32] = np.moveaxis(values, 1, 0)
        return by_output.astype(np.float64)

    def importance(self) -> Mapping[str, tuple[float, float]]:
        if self.is_linear:
            return {}
        splits = self.booster.get_score(importance_type="weight")
        gains = self.booster.get_score(importance_type="gain")
        return {
            name: (splits[safe], gains[safe])
            for name, safe in zip(self.names, self.booster.feature_names, strict=True)
            if safe in splits
        }

    def _outputs(self, matrix: Any, *, margin: bool = False) -> NDArray[np.float32]:
        values: NDArray[np.float32]
        # In place, dart adds the base score to each tree and takes it off again, digits with it.
        if self.is_linear or self.nature.kind == "dart":
            values = self.booster.predict(
                self._data(matrix), output_margin=margin, validate_features=False
            )
        else:
            values = self.booster.inplace_predict(
                matrix, predict_type="margin" if margin else "value", validate_features=False
            )
        return values

    def _data(self, matrix: Any) -> Any:
        return xgboost.DMatrix(
            matrix, feature_types=self.booster.feature_types, enable_categorical=True
        )


def load(folder: Path) -> XGBoostEstimator:
    """The estimator saved in `folder`."""
    return estimator_of(xgboost.Booster(model_file=folder / FILE), read_names(folder))


def estimator_of(booster: Any, names: tuple[str, ...]) -> XGBoostEstimator:
    """The estimator of a trained booster."""
    learner = json.loads(booster.save_config())["learner"]
    nature = Nature(
        kind=learner["gradient_booster"]["name"],
        objective=learner["objective"]["name"],
        classes=int(learner["learner_model_param"]["num_class"]),
        features=names,
    )
    return XGBoostEstimator(booster, nature)


def _two_classes(second: NDArray[Any]) -> NDArray[np.float64]:
    return np.column_stack((1 - second, second)).astype(np.float64)


def _softmax(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares
