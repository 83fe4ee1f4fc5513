"""What a metric looks at: the truth and the predictions of the same rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows to measure.

    truth, predicted: class indices, cluster numbers or values; (rows, outputs) for several labels.
    probabilities: (rows, classes). weight: one per row, or None where every row counts 1. group:
    query number per row, in ranking. matrix: the features, for measures that look at distances.
    naive_error: in forecasting, the mean absolute error of the naive forecast on the training
    rows, one for all or one per row.
    """

    truth: NDArray[Any] | None
    predicted: NDArray[Any]
    probabilities: Floats | None = None
    weight: NDArray[Any] | None = None
    group: NDArray[Any] | None = None
    matrix: Any = None
    classes: int = 0
    naive_error: float | NDArray[Any] | None = None

    @cached_property
    def weights(self) -> Floats:
        if self.weight is None:
            return np.ones(len(self.predicted))
        return np.asarray(self.weight, dtype=np.float64)

    @cached_property
    def labels(self) -> NDArray[Any]:
        assert self.truth is not None, "this metric needs the truth"
        return self.truth

    @cached_property
    def chances(self) -> Floats:
        assert self.probabilities is not None, "this metric needs probabilities"
        return np.asarray(self.probabilities, dtype=np.float64)

    @cached_property
    def confusion(self) -> Floats:
        """Weight of the rows by true class (row) and predicted class (column)."""
        truth = self.labels.astype(np.int64)
        predicted = self.predicted.astype(np.int64)
        n = max(self.classes, 2, *(int(a.max(initial=-1)) + 1 for a in (truth, predicted)))
        counts = np.bincount(truth * n + predicted, weights=self.weights, minlength=n * n)
        return counts.reshape(n, n).astype(np.float64)
