"""The numbers behind curves of probabilities: ROC, precision and recall, calibration, gain."""

from dataclasses import dataclass

import numpy as np

from sqlml.zoo.measures.sample import Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a line, from left to right."""

    x: Floats
    y: Floats


def roc(is_true: Floats, score: Floats, weight: Floats) -> Curve:
    """False positive rate and true positive rate at each distinct score, from (0, 0) to (1, 1)."""
    hits, misses, _all = ranked_weights(is_true, score, weight)
    return Curve(_from_zero(misses / misses[-1]), _from_zero(hits / hits[-1]))


def precision_recall(is_true: Floats, score: Floats, weight: Floats) -> Curve:
    """Recall and precision at each distinct score, from recall 0, which has precision 1."""
    hits, _misses, reached = ranked_weights(is_true, score, weight)
    precision = np.divide(hits, reached, out=np.zeros_like(hits), where=reached > 0)
    return Curve(_from_zero(hits / hits[-1]), np.concatenate([[1.0], precision]))


def calibration(is_true: Floats, score: Floats, weight: Floats, bins: int = 10) -> Curve:
    """Mean score and share of true rows in bins of equal width over [0, 1]; empty ones left out."""
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1], score)
    weights, scores, trues = (
        np.bincount(place, weights=weight * values, minlength=bins)
        for values in (np.ones_like(score), score, is_true.astype(np.float64))
    )
    filled = weights > 0
    return Curve(scores[filled] / weights[filled], trues[filled] / weights[filled])


def gain(is_true: Floats, score: Floats, weight: Floats) -> Curve:
    """The share of rows that reach each distinct score, and the share of true rows among them."""
    hits, _misses, reached = ranked_weights(is_true, score, weight)
    return Curve(_from_zero(reached / reached[-1]), _from_zero(hits / hits[-1]))


def lift(is_true: Floats, score: Floats, weight: Floats) -> Curve:
    """How many times as many true rows as by chance are among the best share of rows."""
    gained = gain(is_true, score, weight)
    reached = gained.x > 0
    return Curve(gained.x[reached], gained.y[reached] / gained.x[reached])


def ranked_weights(is_true: Floats, score: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Weight of true, of false, and of all rows that reach each distinct score, best first."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last_of_ties = np.concatenate([ranked[1:] != ranked[:-1], [True]])
    hits = np.cumsum(np.where(is_true, weight, 0.0)[order])[last_of_ties]
    misses = np.cumsum(np.where(is_true, 0.0, weight)[order])[last_of_ties]
    return hits, misses, hits + misses


def _from_zero(values: Floats) -> Floats:
    return np.concatenate([[0.0], values])
