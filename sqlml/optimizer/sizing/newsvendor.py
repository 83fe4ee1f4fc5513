"""Predictor and margin, chosen together by what they would have wasted.

The newsvendor's problem (Arrow, Harris and Marschak, "Optimal Inventory Policy", Econometrica
1951): what is asked for and not used is wasted; what was not asked for costs an attempt.
Choosing by replay follows Witt et al., "Learning Low-Wastage Memory Allocations for Scientific
Workflows at IceCube" (HPCS 2019), and Bader et al., "Sizey" (CLUSTER 2024).
"""

from dataclasses import dataclass

import numpy as np

from sqlml.optimizer.sizing.predictors import PREDICTORS, replayed
from sqlml.optimizer.sizing.waste import Array, Use, waste

_PERCENT = (0, 1, 2, 3, 5, 7.5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 800)
MARGINS = np.array(_PERCENT) / 100
WINDOW = 128  # steps that are replayed at most, the newest

_LEVELS = (np.arange(32) + 0.5) / 32
_MISSES = (2 * _LEVELS - 1) / np.sqrt(2 * _LEVELS * (1 - _LEVELS))


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed about a type of which little was seen.

    As if there had been so many more steps, whose peaks miss a prediction by a factor of about
    exp(miss), and now and then by far more (Student's t with two degrees of freedom).
    """

    steps: float = 8.0
    miss: float = 0.2


USUAL = Belief()


@dataclass(frozen=True, slots=True)
class Past:
    """Steps of one type, oldest first. Bytes and seconds; arrays of one length, not empty.

    sizes: bytes of their inputs, nan where unknown. labels: equal numbers for steps that are alike.
    """

    peaks: Array
    seconds: Array
    sizes: Array
    labels: Array


@dataclass(frozen=True, slots=True)
class Allocation:
    """bytes to ask for: what `predictor` says, and `margin` of it more. samples: steps replayed."""

    bytes: float
    predictor: str
    margin: float
    samples: int


def choose(
    past: Past,
    size: float = np.nan,
    label: float = 0.0,
    *,
    request: float | None = None,
    price: float = 0.0,
    belief: Belief = USUAL,
) -> Allocation:
    """The allocation of a step, by what each predictor with each margin would have wasted so far.

    size, label: the step's own. request: the user's; no more is asked for, unless more was seen.
    price: of running out of memory, in byte-seconds, beside what the killed attempt had allocated:
    the multiplier by which a limit on the rate is kept (see `Experience`). It is the same for all
    types: those that run for long and hold much are sized for the byte-seconds, those that hold
    next to nothing so that they do not fail.
    """
    newest = slice(-WINDOW, None)
    peaks, seconds = past.peaks[newest], past.seconds[newest]
    predicted = replayed(
        peaks, np.append(past.sizes[newest], size), np.append(past.labels[newest], label)
    )
    most = np.inf if request is None else max(request, float(past.peaks.max()))
    weights, said, use = _cases(predicted[:, 1:-1], peaks, seconds, request or 0.0, belief)
    offered = np.minimum(said[:, None, :] * (1 + MARGINS)[:, None], most)
    wasted, failed = waste(offered, use)
    costs = ((wasted + price * failed) * weights).sum(axis=2)
    best, margin = np.unravel_index(int(np.argmin(costs)), costs.shape)
    asked = min(float(predicted[best, -1] * (1 + MARGINS[margin])), most)
    return Allocation(asked, PREDICTORS[best], float(MARGINS[margin]), len(peaks))


def _cases(
    predicted: Array, peaks: Array, seconds: Array, request: float, belief: Belief
) -> tuple[Array, Array, Use]:
    """What is replayed: the steps that were predicted, and those that are believed in.

    The latter have the typical peak and time; the predictions are what misses it.
    """
    count = predicted.shape[1]
    with np.errstate(divide="ignore"):
        missed = np.abs(np.log(peaks[1:] / predicted)).sum(axis=1)
    spread = (belief.steps * belief.miss + missed) / (belief.steps + count)
    typical = float(np.exp(np.log(peaks).mean()))
    believed = typical * np.exp(-spread[:, None] * _MISSES[None, :])
    weights = np.concatenate((np.ones(count), np.full(len(_MISSES), belief.steps / len(_MISSES))))
    largest = np.maximum.accumulate(peaks)
    return (
        weights,
        np.concatenate((predicted, believed), axis=1),
        Use(
            _with(peaks[1:], typical),
            _with(seconds[1:], float(seconds.mean())),
            _with(largest[:-1], float(largest[-1])),
            np.array(request),
        ),
    )


def _with(values: Array, believed: float) -> Array:
    return np.concatenate((values, np.full(len(_MISSES), believed)))
