"""Simple predictors of peak memory, each replayed: every step is predicted from those before it."""

from bisect import insort

import numpy as np

from sqlml.optimizer.sizing.waste import Array

PREDICTORS = ("largest seen", "median", "linear", "log-log", "neighbours")

_NEIGHBOURS = 3
_OTHER_LABEL = 1e6  # farther than any size
_FURTHEST = 2.0  # times the largest seen, and a part of the smallest: nothing is extrapolated more


def replayed(peaks: Array, sizes: Array, labels: Array) -> Array:
    """What each predictor says of each step and of the next one, from the steps before it alone.

    peaks: bytes that n > 0 steps have held, oldest first. sizes: of the inputs of these and of the
    next step (n + 1, nan where unknown). labels: numbers that are equal for steps that are alike
    (n + 1). The result has a row for each of PREDICTORS and n + 1 columns; the first is nan.
    """
    scale = np.log1p(_known(sizes))
    largest = _before(np.maximum.accumulate(peaks))
    smallest = _before(np.minimum.accumulate(peaks))
    found = np.stack(
        [
            largest,
            _medians(peaks),
            _lines(np.expm1(scale), peaks),
            np.exp(_lines(scale, np.log(peaks))),
            _neighbours(scale, labels, peaks),
        ]
    )
    bounded: Array = np.clip(found, smallest / _FURTHEST, largest * _FURTHEST)
    return bounded


def _known(sizes: Array) -> Array:
    """Sizes with the last known one, or the first, instead of those that are not known."""
    known = ~np.isnan(sizes)
    if known.all():
        return sizes
    if not known.any():
        return np.zeros_like(sizes)
    latest = np.maximum.accumulate(np.where(known, np.arange(len(sizes)), 0))
    latest[: int(known.argmax())] = known.argmax()
    filled: Array = sizes[latest]
    return filled


def _before(values: Array) -> Array:
    """Each value one place later: what was known when the step began."""
    return np.concatenate(([np.nan], values))


def _medians(peaks: Array) -> Array:
    found, seen = [np.nan], list[float]()
    for peak in peaks.tolist():
        insort(seen, peak)
        half = len(seen) // 2
        found.append(seen[half] if len(seen) % 2 else (seen[half - 1] + seen[half]) / 2)
    return np.array(found)


def _lines(x: Array, y: Array) -> Array:
    """Least squares lines through the points before each x, evaluated there."""
    count = np.arange(len(x))
    centred = x - x[:-1].mean()  # sums of squares of large numbers lose their last digits
    past = centred[:-1]
    sums = [_before(np.cumsum(each)) for each in (past, y, past * past, past * y)]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y, mean_xx, mean_xy = (each / count for each in sums)
        variance = mean_xx - mean_x**2
        is_spread = variance > 1e-9 * mean_xx
        slope = np.where(is_spread, (mean_xy - mean_x * mean_y) / variance, 0.0)
    line: Array = mean_y + slope * (centred - mean_x)
    return line


def _neighbours(scale: Array, labels: Array, peaks: Array) -> Array:
    """The mean of the steps before that are nearest in the logarithm of size, labels first."""
    count = len(peaks)
    distance = np.abs(scale[:, None] - scale[None, :count])
    distance += np.where(labels[:, None] == labels[None, :count], 0.0, _OTHER_LABEL)
    distance[np.arange(count)[None, :] >= np.arange(count + 1)[:, None]] = np.inf
    most = min(_NEIGHBOURS, count)
    nearest = np.argpartition(distance, most - 1, axis=1)[:, :most]
    is_before = nearest < np.arange(count + 1)[:, None]
    with np.errstate(invalid="ignore"):
        mean: Array = (peaks[nearest] * is_before).sum(axis=1) / is_before.sum(axis=1)
    return mean
