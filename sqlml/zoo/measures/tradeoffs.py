"""The best that one rate of a classifier can be while another is high enough.

With many classes, the mean over each class against the rest.
"""

from collections.abc import Callable

import numpy as np

from sqlml.zoo.measures.classification import one_against_rest
from sqlml.zoo.measures.curves import ranked_weights
from sqlml.zoo.measures.sample import Floats, Sample

Rates = Callable[[Floats, Floats], Floats]


def precision_at_recall(sample: Sample, percent: int) -> float:
    """The highest precision of all thresholds whose recall is at least so high; 0 without any."""
    return _best(sample, percent, _precision, _sensitivity)


def recall_at_precision(sample: Sample, percent: int) -> float:
    return _best(sample, percent, _sensitivity, _precision)


def sensitivity_at_specificity(sample: Sample, percent: int) -> float:
    return _best(sample, percent, _sensitivity, _specificity)


def specificity_at_sensitivity(sample: Sample, percent: int) -> float:
    return _best(sample, percent, _specificity, _sensitivity)


def _best(sample: Sample, percent: int, wanted: Rates, held: Rates) -> float:
    def formula(is_true: Floats, score: Floats, weight: Floats) -> float:
        reached = ranked_weights(is_true, score, weight)[:2]
        hits, misses = (np.concatenate([[0.0], weights]) for weights in reached)
        enough = held(hits, misses) >= percent / 100
        return float(wanted(hits, misses)[enough].max(initial=0.0))

    return one_against_rest(sample, "macro", formula)


def _precision(hits: Floats, misses: Floats) -> Floats:
    return _shares(hits, hits + misses)


def _sensitivity(hits: Floats, _misses: Floats) -> Floats:
    return _shares(hits, np.full_like(hits, hits[-1]))


def _specificity(_hits: Floats, misses: Floats) -> Floats:
    return _shares(misses[-1] - misses, np.full_like(misses, misses[-1]))


def _shares(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
