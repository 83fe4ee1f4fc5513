"""How near predicted values are. With several labels, the mean over them."""

import numpy as np

from sqlml.zoo.measures.sample import Floats, Sample


def mean_squared_error(sample: Sample) -> float:
    return _mean((_truth(sample) - _predicted(sample)) ** 2, sample)


def root_mean_squared_error(sample: Sample) -> float:
    squares = _columns((_truth(sample) - _predicted(sample)) ** 2)
    return float(np.mean(np.sqrt(np.average(squares, axis=0, weights=sample.weights))))


def mean_absolute_error(sample: Sample) -> float:
    return _mean(np.abs(_truth(sample) - _predicted(sample)), sample)


def mean_absolute_percentage_error(sample: Sample) -> float:
    """As a share: 0.1 is ten percent."""
    smallest = np.finfo(np.float64).eps
    size = np.maximum(np.abs(_truth(sample)), smallest)
    return _mean(np.abs(_truth(sample) - _predicted(sample)) / size, sample)


def symmetric_mean_absolute_percentage_error(sample: Sample) -> float:
    """|error| over the mean size of truth and prediction, from 0 to 2; two zeros are no error."""
    size = np.abs(_truth(sample)) + np.abs(_predicted(sample))
    errors = 2 * np.abs(_truth(sample) - _predicted(sample))
    return _mean(np.divide(errors, size, out=np.zeros_like(size), where=size > 0), sample)


def weighted_absolute_percentage_error(sample: Sample) -> float:
    """The sum of |error| over the sum of |truth|: rows with large values count more."""
    size = _mean(np.abs(_truth(sample)), sample)
    return mean_absolute_error(sample) / size if size > 0 else float("nan")


def mean_absolute_scaled_error(sample: Sample) -> float:
    """|error| over that of the naive forecast on the training rows (Hyndman & Koehler 2006).

    NaN where that is not known, or was 0.
    """
    if sample.naive_error is None:
        return float("nan")
    scale = np.asarray(sample.naive_error, dtype=np.float64)
    errors = np.abs(_truth(sample) - _predicted(sample))
    if not (scale > 0).all():
        return float("nan")
    return _mean(errors / scale, sample)


def log_cosh_error(sample: Sample) -> float:
    """The mean of log(cosh(error)): the square of small errors, the size of large ones."""
    errors = np.abs(_truth(sample) - _predicted(sample))
    return _mean(errors + np.log1p(np.exp(-2 * errors)) - np.log(2), sample)


def poisson(sample: Sample) -> float:
    """Mean of prediction - truth × log(prediction), which counts of that mean make small.

    NaN where a prediction is negative.
    """
    p = _predicted(sample)
    if (p < 0).any():
        return float("nan")
    return _mean(p - _truth(sample) * np.log(p + 1e-7), sample)


def cosine_similarity(sample: Sample) -> float:
    """Of the angle between truth and prediction, as Keras has it: with several labels the mean
    over rows, else that of all rows as one vector.
    """
    y, p = _truth(sample), _predicted(sample)
    if y.ndim == 1:
        scale = np.sqrt(sample.weights)
        return float(_cosines((scale * y)[None], (scale * p)[None])[0])
    return float(np.average(_cosines(y, p), weights=sample.weights))


def pearson_correlation(sample: Sample) -> float:
    """NaN where truth or prediction does not vary; the mean over several labels."""
    both, truth, predicted, _apart = _moments(sample)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.mean(both / np.sqrt(truth * predicted)))


def concordance_correlation(sample: Sample) -> float:
    """As pearson_correlation, but less where means or spreads differ (Lin 1989)."""
    both, truth, predicted, apart = _moments(sample)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.mean(2 * both / (truth + predicted + apart**2)))


def median_absolute_error(sample: Sample) -> float:
    """The weighted median where rows have weights: the mean of its lower and upper value."""
    errors = _columns(np.abs(_truth(sample) - _predicted(sample)))
    if sample.weight is None:
        return float(np.mean(np.median(errors, axis=0)))
    return float(np.mean([_weighted_median(column, sample.weights) for column in errors.T]))


def max_error(sample: Sample) -> float:
    return float(np.max(np.abs(_truth(sample) - _predicted(sample))))


def mean_squared_log_error(sample: Sample) -> float:
    return _mean(_log_differences(sample) ** 2, sample)


def root_mean_squared_log_error(sample: Sample) -> float:
    squares = _columns(_log_differences(sample) ** 2)
    return float(np.mean(np.sqrt(np.average(squares, axis=0, weights=sample.weights))))


def r2(sample: Sample) -> float:
    """1 - squared error over the squared error of the mean; NaN with fewer than two rows."""
    return _share_explained(_truth(sample) - _predicted(sample), sample)


def explained_variance(sample: Sample) -> float:
    """As r2, but a constant error does not count."""
    errors = _columns(_truth(sample) - _predicted(sample))
    return _share_explained(errors - np.average(errors, axis=0, weights=sample.weights), sample)


def d2_absolute_error(sample: Sample) -> float:
    """1 - absolute error over that of the median; the mean over several labels.

    NaN with fewer than two rows.
    """
    truth = _columns(_truth(sample))
    if len(truth) < 2:
        return float("nan")
    medians = [_weighted_median(column, sample.weights) for column in truth.T]
    errors = np.abs(truth - _columns(_predicted(sample)))
    return _saved(sample.weights @ errors, sample.weights @ np.abs(truth - medians))


def mean_poisson_deviance(sample: Sample) -> float:
    """NaN unless the truth is ≥ 0 and predictions are > 0."""
    y, p = _truth(sample), _predicted(sample)
    if (y < 0).any() or (p <= 0).any():
        return float("nan")
    logs = np.log(np.divide(y, p, out=np.ones_like(y), where=y > 0))
    return _mean(2 * (y * logs - y + p), sample)


def mean_gamma_deviance(sample: Sample) -> float:
    """NaN unless truth and predictions are > 0."""
    y, p = _truth(sample), _predicted(sample)
    if (y <= 0).any() or (p <= 0).any():
        return float("nan")
    return _mean(2 * (np.log(p / y) + y / p - 1), sample)


def _truth(sample: Sample) -> Floats:
    return np.asarray(sample.labels, dtype=np.float64)


def _predicted(sample: Sample) -> Floats:
    return np.asarray(sample.predicted, dtype=np.float64)


def _cosines(a: Floats, b: Floats) -> Floats:
    """Of the angles between rows; 0 where one is all zeros."""
    lengths = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    products = (a * b).sum(axis=1)
    cosines: Floats = np.divide(products, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return cosines


def _moments(sample: Sample) -> tuple[Floats, Floats, Floats, Floats]:
    """By label: the covariance, both variances, and how far the means are apart."""
    y, p = _columns(_truth(sample)), _columns(_predicted(sample))
    weights = sample.weights / sample.weights.sum()
    means = weights @ y, weights @ p
    y, p = y - means[0], p - means[1]
    return weights @ (y * p), weights @ y**2, weights @ p**2, means[0] - means[1]


def _columns(values: Floats) -> Floats:
    return values.reshape(len(values), -1)


def _mean(values: Floats, sample: Sample) -> float:
    return float(np.mean(np.average(_columns(values), axis=0, weights=sample.weights)))


def _share_explained(errors: Floats, sample: Sample) -> float:
    truth, weights = _columns(_truth(sample)), sample.weights
    if len(truth) < 2:
        return float("nan")
    left = weights @ _columns(errors) ** 2
    whole = weights @ (truth - np.average(truth, axis=0, weights=weights)) ** 2
    return _saved(left, whole)


def _saved(left: Floats, whole: Floats) -> float:
    """The mean share of `whole` that is not `left`; of nothing, all if nothing is left, or none."""
    constant = np.where(left > 0, 0.0, 1.0)
    return float(np.mean(np.where(whole > 0, 1 - left / np.where(whole > 0, whole, 1.0), constant)))


def _log_differences(sample: Sample) -> Floats:
    """log(1 + truth) - log(1 + predicted); NaN where either is not above -1."""
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = np.log1p(_truth(sample)) - np.log1p(_predicted(sample))
    return np.asarray(np.where(np.isfinite(difference), difference, np.nan), dtype=np.float64)


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    half = reached[-1] / 2
    lower = values[order][np.searchsorted(reached, half, side="left")]
    upper = values[order][min(np.searchsorted(reached, half, side="right"), len(values) - 1)]
    return float((lower + upper) / 2)
