"""How well rows of a group are put in order. Groups in which no row is relevant count 0."""

from collections.abc import Iterator

import numpy as np

from sqlml.zoo.measures.sample import Floats, Sample


def ndcg(sample: Sample, k: int) -> float:
    """Mean normalised discounted cumulative gain of the first `k` rows of a group (0: all rows).

    The gain is the label itself, discounted by log2(1 + rank). Rows with equal scores share the
    mean of their gains, so that their order does not matter (McSherry & Najork 2008, section 3).
    """
    results: list[float] = []
    for truth, score in _groups(sample):
        discount = 1 / np.log2(np.arange(len(truth)) + 2)
        discount[k or len(truth) :] = 0
        best = np.sort(truth)[::-1] @ discount
        gain = _tied_gains(truth, score) @ discount
        results.append(float(gain / best) if best > 0 else 0.0)
    return float(np.mean(results))


def mean_average_precision(sample: Sample) -> float:
    """Mean over groups of the precision at each relevant row (label > 0), best score first."""
    results = []
    for truth, score in _groups(sample):
        relevant = truth[np.argsort(-score, kind="stable")] > 0
        precision = np.cumsum(relevant) / np.arange(1, len(relevant) + 1)
        results.append(float(precision[relevant].mean()) if relevant.any() else 0.0)
    return float(np.mean(results))


def mean_reciprocal_rank(sample: Sample) -> float:
    """Mean over groups of 1 / the rank of the first relevant row."""
    results = []
    for truth, score in _groups(sample):
        relevant = truth[np.argsort(-score, kind="stable")] > 0
        results.append(1 / (1 + int(relevant.argmax())) if relevant.any() else 0.0)
    return float(np.mean(results))


def _groups(sample: Sample) -> Iterator[tuple[Floats, Floats]]:
    """Truth and score of each group; all rows are one group when none are given."""
    truth = np.asarray(sample.labels, dtype=np.float64)
    score = np.asarray(sample.predicted, dtype=np.float64)
    if sample.group is None:
        yield truth, score
        return
    order = np.argsort(sample.group, kind="stable")
    borders = np.flatnonzero(np.diff(sample.group[order])) + 1
    for rows in np.split(order, borders):
        yield truth[rows], score[rows]


def _tied_gains(truth: Floats, score: Floats) -> Floats:
    """Gains, best score first, each replaced by the mean of those with its score."""
    order = np.argsort(-score, kind="stable")
    starts = np.r_[True, np.diff(score[order]) != 0]
    tie = np.cumsum(starts) - 1
    means = np.bincount(tie, weights=truth[order]) / np.bincount(tie)
    return np.asarray(means[tie], dtype=np.float64)
