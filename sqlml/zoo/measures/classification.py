"""How good predicted classes and their probabilities are."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np

from sqlml.zoo.measures.curves import ranked_weights
from sqlml.zoo.measures.sample import Floats, Sample

_CLIP = 1e-7  # Keras' smallest probability


def accuracy(sample: Sample) -> float:
    return _ratio(np.trace(sample.confusion), sample.confusion.sum())


def balanced_accuracy(sample: Sample) -> float:
    """The mean recall of the classes that occur."""
    support = sample.confusion.sum(axis=1)
    occurs = support > 0
    if not occurs.any():
        return float("nan")
    return float(np.mean(np.diag(sample.confusion)[occurs] / support[occurs]))


def precision(sample: Sample, average: str) -> float:
    return _averaged(sample, average, lambda hit, predicted, _true: _ratios(hit, predicted))


def recall(sample: Sample, average: str) -> float:
    return _averaged(sample, average, lambda hit, _predicted, true: _ratios(hit, true))


def f1(sample: Sample, average: str) -> float:
    return _f(1.0, sample, average)


def f2(sample: Sample, average: str) -> float:
    """As f1, but recall counts twice as much as precision."""
    return _f(2.0, sample, average)


def f0_5(sample: Sample, average: str) -> float:
    """As f1, but recall counts half as much as precision."""
    return _f(0.5, sample, average)


def jaccard(sample: Sample, average: str) -> float:
    return _averaged(
        sample, average, lambda hit, predicted, true: _ratios(hit, predicted + true - hit)
    )


def matthews_corrcoef(sample: Sample) -> float:
    """The correlation of truth and prediction (Gorodkin 2004, eq. 8, for many classes)."""
    c = sample.confusion
    true, predicted, total = c.sum(axis=1), c.sum(axis=0), c.sum()
    covariance = np.trace(c) * total - true @ predicted
    spread = (total**2 - predicted @ predicted) * (total**2 - true @ true)
    return float(covariance / np.sqrt(spread)) if spread > 0 else 0.0


def cohen_kappa(sample: Sample) -> float:
    """Agreement beyond what the class frequencies alone would give."""
    c = sample.confusion
    expected = c.sum(axis=1) @ c.sum(axis=0) / c.sum()
    return _ratio(np.trace(c) - expected, c.sum() - expected)


def zero_one_loss(sample: Sample) -> float:
    return 1.0 - accuracy(sample)


def specificity(sample: Sample) -> float:
    """Of the rows that are not of the second class, the share that is taken for none of them.

    With many classes the mean over each class against the rest.
    """
    c = sample.confusion
    hit, predicted, true = np.diag(c), c.sum(axis=0), c.sum(axis=1)
    negatives = c.sum() - true
    shares = _ratios(negatives - (predicted - hit), negatives)
    return float(shares[1] if len(c) == 2 else shares[(predicted + true) > 0].mean())


def counted(sample: Sample, cell: str) -> float:
    """True or false positives or negatives, the second of two classes being the positive one."""
    c = sample.confusion
    cells = {"tn": c[0, 0], "fp": c[0, 1:].sum(), "fn": c[1:, 0].sum(), "tp": c[1:, 1:].sum()}
    return float(cells[cell])


def log_loss(sample: Sample) -> float:
    """Mean negative log of the probability given to the true class."""
    smallest = np.finfo(np.float64).eps
    true_class = sample.labels.astype(np.int64)[:, None]
    given = np.take_along_axis(sample.chances, true_class, axis=1)[:, 0]
    losses = -np.log(np.clip(given, smallest, 1 - smallest))
    return float(np.average(losses, weights=sample.weights))


def kl_divergence(sample: Sample) -> float:
    """Mean Kullback-Leibler divergence of the probabilities from the truth, as Keras clips both."""
    truth, chances = (np.clip(shares, _CLIP, 1.0) for shares in (_one_hot(sample), sample.chances))
    return float(np.average((truth * np.log(truth / chances)).sum(axis=1), weights=sample.weights))


def hinge(sample: Sample) -> float:
    """How far the second of two classes' probability is from ±1; of more, the mean over classes."""
    return float(np.average(_short_of_margin(sample), weights=sample.weights))


def squared_hinge(sample: Sample) -> float:
    """As hinge, of the squared distances."""
    return float(np.average(_short_of_margin(sample, 2), weights=sample.weights))


def categorical_hinge(sample: Sample) -> float:
    """By how much the likeliest other class comes nearer than 1 to the true one."""
    truth = _one_hot(sample)
    true_class = (truth * sample.chances).sum(axis=1)
    other = ((1 - truth) * sample.chances).max(axis=1)
    return float(np.average(np.maximum(other - true_class + 1, 0), weights=sample.weights))


def d2_log_loss(sample: Sample) -> float:
    """The share of the log loss that is saved against always telling the classes' shares."""
    rows = len(sample.labels)
    if rows < 2:
        return float("nan")
    counts = np.bincount(sample.labels.astype(np.int64), sample.weights, sample.chances.shape[1])
    shares = np.broadcast_to(counts / counts.sum(), (rows, len(counts)))
    without = log_loss(replace(sample, probabilities=shares))
    return 1.0 - log_loss(sample) / without


def brier_score(sample: Sample) -> float:
    """Mean squared distance of probabilities from the truth; half of it where classes are two."""
    distance = ((sample.chances - _one_hot(sample)) ** 2).sum(axis=1)
    scale = 0.5 if sample.chances.shape[1] == 2 else 1.0
    return scale * float(np.average(distance, weights=sample.weights))


def top_accuracy(sample: Sample, k: int) -> float:
    """How often the true class is among the `k` likeliest (of equal ones, the later go first)."""
    likeliest = np.argsort(sample.chances, axis=1, kind="stable")[:, ::-1][:, :k]
    hits = (likeliest == sample.labels.astype(np.int64)[:, None]).any(axis=1)
    return float(np.average(hits, weights=sample.weights))


def roc_auc(sample: Sample, average: str) -> float:
    """Area under the ROC curve; with many classes the average over each class against the rest.

    Classes that all rows or no row of the sample belong to have no curve and are left out; without
    any curve the area is NaN. `average` is `macro` or `weighted` (by how often a class occurs).
    """
    return one_against_rest(sample, average, _area_under_roc)


def gini(sample: Sample) -> float:
    """2 × the area under the ROC curve - 1, as scores for credit are measured."""
    return 2.0 * roc_auc(sample, "macro") - 1.0


def kolmogorov_smirnov(sample: Sample) -> float:
    """The largest distance between the shares of true and of false rows that reach a score."""
    return one_against_rest(sample, "macro", _widest_gap)


def roc_auc_pairs(sample: Sample, average: str) -> float:
    """Mean area under the ROC curve over all pairs of classes (Hand & Till 2001)."""
    truth, areas, shares = sample.labels, [], []
    present = np.unique(truth).astype(np.int64)
    for a, b in combinations(present, 2):
        rows = (truth == a) | (truth == b)
        weight = sample.weights[rows]
        first = _area_under_roc(truth[rows] == a, sample.chances[rows, a], weight)
        second = _area_under_roc(truth[rows] == b, sample.chances[rows, b], weight)
        areas.append((first + second) / 2)
        shares.append(float(np.mean(rows)))
    return _mean(areas, shares if average == "weighted" else None)


def average_precision(sample: Sample) -> float:
    """Precision averaged over the steps of recall; with many classes, the mean over classes."""
    return one_against_rest(sample, "macro", _average_precision)


def _f(beta: float, sample: Sample, average: str) -> float:
    """(1 + β²) × hits / (β² × true + predicted) (van Rijsbergen 1979)."""
    square = beta**2
    return _averaged(
        sample,
        average,
        lambda hit, predicted, true: _ratios((1 + square) * hit, predicted + square * true),
    )


def _averaged(
    sample: Sample, average: str, formula: Callable[[Floats, Floats, Floats], Floats]
) -> float:
    """`formula` of hits, predicted and true weight, averaged over classes that occur at all.

    average: `auto` is `binary` (the second class) for two classes, else `macro`.
    """
    c = sample.confusion
    hit, predicted, true = np.diag(c), c.sum(axis=0), c.sum(axis=1)
    if average == "auto":
        average = "binary" if len(c) == 2 else "macro"
    match average:
        case "binary":
            return float(formula(hit, predicted, true)[1])
        case "micro":
            return float(formula(*(np.array([a.sum()]) for a in (hit, predicted, true)))[0])
        case "weighted":
            return _ratio(formula(hit, predicted, true) @ true, true.sum())
        case _:
            occurs = (predicted + true) > 0
            return float(np.mean(formula(hit, predicted, true)[occurs])) if occurs.any() else 0.0


def _one_hot(sample: Sample) -> Floats:
    truth = np.zeros_like(sample.chances)
    np.put_along_axis(truth, sample.labels.astype(np.int64)[:, None], 1.0, axis=1)
    return truth


def _short_of_margin(sample: Sample, power: int = 1) -> Floats:
    first = 1 if sample.chances.shape[1] == 2 else 0
    signs, chances = 2 * _one_hot(sample)[:, first:] - 1, sample.chances[:, first:]
    return np.asarray((np.maximum(1 - signs * chances, 0) ** power).mean(axis=1))


def one_against_rest(
    sample: Sample, average: str, formula: Callable[[Floats, Floats, Floats], float]
) -> float:
    chances, truth = sample.chances, sample.labels
    if chances.shape[1] == 2:
        return formula(truth == 1, chances[:, 1], sample.weights)
    results, shares = [], []
    for number in range(chances.shape[1]):
        is_true = truth == number
        if is_true.any() and not is_true.all():
            results.append(formula(is_true, chances[:, number], sample.weights))
            shares.append(float(sample.weights[is_true].sum()))
    return _mean(results, shares if average == "weighted" else None)


def _area_under_roc(is_true: Floats, score: Floats, weight: Floats) -> float:
    hits, misses = ranked_weights(is_true, score, weight)[:2]
    if hits[-1] <= 0 or misses[-1] <= 0:
        return float("nan")
    return float(np.trapezoid(np.r_[0.0, hits], np.r_[0.0, misses]) / (hits[-1] * misses[-1]))


def _average_precision(is_true: Floats, score: Floats, weight: Floats) -> float:
    hits, misses = ranked_weights(is_true, score, weight)[:2]
    if hits[-1] <= 0:
        return float("nan")
    gained = np.diff(hits, prepend=0.0) / hits[-1]
    return float(gained @ _ratios(hits, hits + misses))


def _widest_gap(is_true: Floats, score: Floats, weight: Floats) -> float:
    hits, misses = ranked_weights(is_true, score, weight)[:2]
    if hits[-1] <= 0 or misses[-1] <= 0:
        return float("nan")
    return float(np.abs(hits / hits[-1] - misses / misses[-1]).max())


def _ratios(part: Floats, whole: Floats) -> Floats:
    """part / whole; 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _mean(values: list[float], shares: list[float] | None) -> float:
    return float(np.average(values, weights=shares)) if values else float("nan")
