"""How far two sets of rows are apart: the population stability index and Kolmogorov-Smirnov."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

SMALLEST_SHARE = 1e-4  # in place of none, whose logarithm is infinite
FINE = 20  # so many groups or fewer are compared as they are
GROUPS = 10


def psi(before: Counts, now: Counts) -> float:
    """Σ (now - before) × ln(now / before) over the shares of groups; 0 is the same (Lewis 1994)."""
    old, new = (
        np.maximum(counts / max(counts.sum(), 1), SMALLEST_SHARE) for counts in (before, now)
    )
    return float(((new - old) * np.log(new / old)).sum())


def is_chance(before: Counts, now: Counts) -> bool:
    """Whether 1 in 1,000 pairs of samples of the same rows are as far apart, or more.

    By the chi-squared statistic of two samples: unlike the stability index, it holds where groups
    have few rows or none.
    """
    from scipy.special import chdtri

    occurs = before + now > 0
    old, new = before[occurs], now[occurs]
    ratio = np.sqrt(max(new.sum(), 1) / max(old.sum(), 1))
    statistic = ((old * ratio - new / ratio) ** 2 / (old + new)).sum()
    return bool(statistic <= chdtri(max(len(old) - 1, 1), 0.001))


def ks(before: Counts, now: Counts) -> float:
    """The largest distance of the two cumulative shares at the ends of the groups."""
    old, new = (np.cumsum(counts) / max(counts.sum(), 1) for counts in (before, now))
    return float(np.abs(new - old).max(initial=0.0))


def ks_by_chance(before: int, now: int) -> float:
    """The distance that only 1 in 1,000 samples of the same rows reaches (Smirnov 1948)."""
    return 1.95 * float(np.sqrt(1 / max(before, 1) + 1 / max(now, 1)))


def grouped(before: Counts, now: Counts) -> tuple[Counts, Counts]:
    """Many neighbouring groups as GROUPS of about as many rows before; few as they are."""
    if len(before) <= FINE:
        return before, now
    reached = np.cumsum(before) - before
    number = reached * GROUPS // max(int(before.sum()), 1)
    number = np.minimum(number, GROUPS - 1)
    old, new = (np.bincount(number, weights=counts).astype(np.int64) for counts in (before, now))
    occurs = old + new > 0
    return old[occurs], new[occurs]
