"""Bins of a feature, and how much each tells about two classes: weight of evidence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of a number between ascending `edges`, or one for each of `codes` categories.

    A value at an edge belongs to the bin above. The last bin is that of NULL and unknown codes.
    """

    edges: tuple[float, ...] = ()
    codes: int = 0

    @property
    def count(self) -> int:
        return (self.codes or len(self.edges) + 1) + 1

    def assign(self, values: Floats) -> NDArray[np.int64]:
        """The bin of each value."""
        last = self.count - 1
        if self.codes:
            known = (values >= 0) & (values < self.codes)
            return np.where(known, np.nan_to_num(values), last).astype(np.int64)
        found = np.searchsorted(np.array(self.edges), values, side="right")
        return np.where(np.isnan(values), last, found).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What bins tell. good, bad: rows of each class by bin, weighed; smoothing: added to each."""

    good: Floats
    bad: Floats
    smoothing: float

    @property
    def woe(self) -> Floats:
        """Weight of evidence, ln(share of the good rows / share of the bad rows); 0 if empty."""
        filled = self.good + self.bad > 0
        values: Floats = np.log(self._share(self.good, filled) / self._share(self.bad, filled))
        return np.where(filled, values, 0.0)

    @property
    def information(self) -> Floats:
        """Each bin's part of the information value."""
        filled = self.good + self.bad > 0
        difference = self._share(self.good, filled) - self._share(self.bad, filled)
        return np.where(filled, difference * self.woe, 0.0)

    def _share(self, rows: Floats, filled: NDArray[np.bool_]) -> Floats:
        smoothed = np.where(filled, rows + self.smoothing, 1.0)
        shares: Floats = smoothed / smoothed[filled].sum()
        return shares


def quantile_bins(values: Floats, most: int) -> Bins:
    """Bins of about as many rows each; fewer where values repeat."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Bins()
    edges = np.unique(np.quantile(known, np.arange(1, most) / most))
    return Bins(tuple(edges[edges > known.min()].tolist()))


def tree_bins(
    values: Floats, good: NDArray[np.bool_], most: int, min_share: float, seed: int
) -> Bins:
    """The leaves of a decision tree that tells the classes apart by this feature alone."""
    from sklearn.tree import DecisionTreeClassifier

    known = ~np.isnan(values)
    if not known.any():
        return Bins()
    tree = DecisionTreeClassifier(
        criterion="entropy", max_leaf_nodes=most, min_samples_leaf=min_share, random_state=seed
    ).fit(values[known, None], good[known])
    edges = tree.tree_.threshold[tree.tree_.feature >= 0]
    # The tree keeps a value at its threshold below, and these bins keep it above.
    return Bins(tuple(np.nextafter(np.unique(edges), np.inf).tolist()))


def evidence(
    bins: Bins, values: Floats, good: NDArray[np.bool_], weight: Floats, smoothing: float
) -> Evidence:
    places = bins.assign(values)
    in_good, in_bad = (
        np.bincount(places[one], weight[one], minlength=bins.count).astype(np.float64)
        for one in (good, ~good)
    )
    return Evidence(in_good, in_bad, smoothing)
