"""A fitted Keras network: what it predicts, and how it is kept."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.model import Part, Task
from sqlml.zoo.models.keras_inputs import Inputs
from sqlml.zoo.models.keras_library import keras
from sqlml.zoo.models.shap_values import by_column, sampled

NETWORK = "model.keras"
FACTS = "keras.json"
BACKGROUND = "background.npy"
MOST_ROWS = 8_192  # that go through the network at a time
MOST_CELLS = 2**24


@dataclass(frozen=True, slots=True)
class KerasEstimator:
    """See zoo.model.Estimator. background: some training rows that explanations compare with."""

    task: Task
    network: Any
    inputs: Inputs
    background: NDArray[np.float32]

    predicts_likeliest: ClassVar[bool] = True

    def save(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of NumPy, by Keras
            self.network.save(folder / NETWORK)
        facts = {
            "task": self.task,
            "parts": [asdict(part) for part in self.inputs.parts],
            "looked_up": [self.inputs.parts.index(part) for part in self.inputs.looked_up],
        }
        (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        np.save(folder / BACKGROUND, self.background, allow_pickle=False)

    def predict(self, matrix: Any) -> NDArray[Any]:
        if self.task == "classification":
            return np.asarray(self._classes(matrix).argmax(axis=1))
        values = self.outputs(matrix)
        if self.task == "clustering":
            return np.asarray(values.argmax(axis=1))
        return values[:, 0] if values.shape[1] == 1 else values

    def probabilities(self, matrix: Any) -> NDArray[np.float64] | None:
        return self._classes(matrix) if self.task == "classification" else None

    def contributions(self, matrix: Any) -> NDArray[np.float64]:
        """By feature, drawn; shared among the columns of a feature that the row has."""
        rows = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
        columns = self.inputs.features
        effects = sampled(self.outputs, rows, self.background, columns)
        return by_column(effects, rows, columns)

    def importance(self) -> Mapping[str, tuple[float, float]]:
        return {}

    def outputs(self, matrix: Any) -> NDArray[np.float64]:
        """What the network says, shape (rows, outputs); of two classes the second's probability."""
        rows = self.inputs.arranged(matrix)
        size = max(min(MOST_ROWS, MOST_CELLS // self.inputs.cells), 32)
        parts = [
            np.asarray(self.network(rows.cut(start, start + size), training=False))
            for start in range(0, max(rows.count, 1), size)
        ]
        return np.concatenate(parts).astype(np.float64)

    def _classes(self, matrix: Any) -> NDArray[np.float64]:
        values = self.outputs(matrix)
        if values.shape[1] == 1:
            return np.column_stack((1 - values, values))
        sums = values.sum(axis=1, keepdims=True)  # 1 but for the rounding of single precision
        return np.asarray(values / sums)


def load(folder: Path) -> KerasEstimator:
    """The estimator saved in `folder`; nothing that is stored there is run as code."""
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    parts = tuple(Part(**part) for part in facts["parts"])
    return KerasEstimator(
        facts["task"],
        keras.saving.load_model(folder / NETWORK, safe_mode=True),
        Inputs(parts, tuple(parts[i] for i in facts["looked_up"])),
        np.load(folder / BACKGROUND, allow_pickle=False),
    )
