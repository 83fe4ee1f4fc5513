"""Estimators that only sort the rows they were fitted on: their results, found again by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError

FILE = "rows.npz"
ROWS_AT_A_TIME = 4096
NOISE = -1


@dataclass(frozen=True, slots=True)
class Memory:
    """The training rows and the result of each.

    results: cluster numbers (rows,), or coordinates (rows, outputs). A training row gets its own
    result. Another row gets the cluster of the nearest `core` row within `reach` (else noise, -1);
    coordinates of another row are not known.
    """

    rows: NDArray[np.float64]
    results: NDArray[Any]
    core: NDArray[np.int64]
    reach: float = np.inf

    def find(self, matrix: Any) -> NDArray[Any]:
        """The result of each row.

        Raises:
            StepError: coordinates of a row that training has not seen.
        """
        first = {row.tobytes(): i for i, row in reversed(list(enumerate(self.rows)))}
        return np.concatenate([self._find(part, first) for part in _parts(_dense(matrix))])

    def _find(self, matrix: NDArray[np.float64], first: Mapping[bytes, int]) -> NDArray[Any]:
        from sklearn.metrics import pairwise_distances_argmin_min

        places = np.array([first.get(row.tobytes(), -1) for row in matrix], dtype=np.int64)
        found = self.results[places]
        new = np.flatnonzero(places < 0)
        if len(new) == 0:
            return found
        if self.results.ndim > 1:
            rows = "1 row" if len(new) == 1 else f"{len(new):,} rows"
            raise StepError(
                Diagnostic(
                    "E0484",
                    f"the model has no place for {rows} that it was not trained on",
                    hint="apply it to the training rows, or use PCA, KernelPCA or Isomap",
                    about="using",
                )
            )
        if len(self.core) == 0:
            found[new] = NOISE
            return found
        nearest, distance = pairwise_distances_argmin_min(matrix[new], self.rows[self.core])
        clusters = self.results[self.core[nearest]]
        found[new] = np.where(distance <= self.reach, clusters, NOISE)
        return found

    def save(self, folder: Path) -> None:
        np.savez_compressed(
            folder / FILE,
            rows=self.rows,
            results=self.results,
            core=self.core,
            reach=np.float64(self.reach),
        )


def remember(fitted: Any, matrix: Any) -> Memory:
    """What `fitted` says of the rows it was fitted on."""
    rows = _dense(matrix)
    results = getattr(fitted, "labels_", None)
    if results is None:
        return Memory(rows, np.asarray(fitted.embedding_, dtype=np.float64), np.arange(len(rows)))
    results = np.asarray(results, dtype=np.int64)
    core = getattr(fitted, "core_sample_indices_", None)
    if core is None:
        return Memory(rows, results, np.flatnonzero(results >= 0))
    euclidean = fitted.metric in ("euclidean", "l2", "minkowski")
    return Memory(rows, results, np.asarray(core), fitted.eps if euclidean else np.inf)


def recall(folder: Path) -> Memory | None:
    """The memory saved in `folder`, if there is one."""
    file = folder / FILE
    if not file.exists():
        return None
    with np.load(file, allow_pickle=False) as saved:
        return Memory(saved["rows"], saved["results"], saved["core"], float(saved["reach"]))


def _dense(matrix: Any) -> NDArray[np.float64]:
    dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    return np.ascontiguousarray(dense, dtype=np.float64) + 0.0  # -0.0 and 0.0 are one value


def _parts(matrix: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    for start in range(0, max(len(matrix), 1), ROWS_AT_A_TIME):
        yield matrix[start : start + ROWS_AT_A_TIME]
