"""How well clusters are apart, or agree with a known grouping; by scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.measures.sample import Sample

MOST_ROWS = 2_000  # distances between all pairs of rows: time and memory grow with the square


def apart(sample: Sample, function: str) -> float:
    """silhouette, Calinski-Harabasz or Davies-Bouldin; silhouette on a seeded sample of rows.

    NaN unless there are at least two clusters and more rows than clusters.
    """
    matrix, clusters = sample.matrix, sample.predicted
    if function == "silhouette_score" and len(clusters) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(len(clusters), MOST_ROWS, replace=False))
        matrix, clusters = matrix[rows], clusters[rows]
    found = len(np.unique(clusters))
    if not 2 <= found < len(clusters):
        return float("nan")
    if function != "silhouette_score" and hasattr(matrix, "toarray"):
        matrix = matrix.toarray()
    return float(_function(function)(matrix, clusters))


def agreement(sample: Sample, function: str) -> float:
    """How far the clusters are the true groups, whatever their numbers."""
    return float(_function(function)(_numbers(sample.labels), sample.predicted))


def _function(name: str) -> Callable[..., Any]:
    from sklearn import metrics

    return getattr(metrics, name)  # type: ignore[no-any-return]


def _numbers(labels: NDArray[Any]) -> NDArray[np.int64]:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
