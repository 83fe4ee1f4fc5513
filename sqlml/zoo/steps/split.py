"""Which rows are held back for validation, drawn beforehand by their number."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError

Mask = NDArray[np.bool_]
Strata = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Split:
    """Rows held back from training, by stratum and by place in it.

    held: one flag per row, stratum after stratum. starts: where each stratum begins. Drawn by
    groups, a stratum's number is the group's, and one flag holds for the whole group.
    """

    held: Mask
    starts: NDArray[np.int64]
    by_group: bool = False

    def begin(self) -> Callable[[Strata], Mask]:
        """A fresh pass over the rows: from each batch's strata, in order, to what is held back."""
        if self.by_group:
            return lambda groups: self.held[groups]
        next_row = self.starts.copy()

        def held(strata: Strata) -> Mask:
            order = np.argsort(strata, kind="stable")
            sizes = np.bincount(strata, minlength=len(next_row))
            within = np.arange(len(strata)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            mask = np.empty(len(strata), dtype=np.bool_)
            mask[order] = self.held[next_row[strata[order]] + within]
            np.add(next_row, sizes, out=next_row)
            return mask

        return held

    @property
    def rows_held(self) -> int:
        """How many rows (or groups) are held back."""
        return int(self.held.sum())


def draw(counts: Sequence[int], share: float, seed: int) -> Split:
    """Hold back `share` of the rows, the same share of every stratum.

    The whole number of rows is round(share × rows); what rounding leaves over goes to the strata
    with the largest remainders. Each stratum keeps a row for training.

    Raises:
        StepError: no row, or every row, would be held back.
    """
    sizes = np.asarray(counts, dtype=np.int64)
    taken = _apportioned(sizes, share)
    _refuse_empty(int(taken.sum()), int(sizes.sum()), share)
    generator = np.random.default_rng(seed)
    starts = np.cumsum(sizes) - sizes
    held = np.zeros(int(sizes.sum()), dtype=np.bool_)
    for start, size, take in zip(starts, sizes, taken, strict=True):
        held[start + generator.choice(size, take, replace=False, shuffle=False)] = True
    return Split(held, starts)


def draw_groups(groups: int, share: float, seed: int) -> Split:
    """Hold back `share` of the groups, each with all its rows.

    Raises:
        StepError: no group, or every group, would be held back.
    """
    split = draw((groups,), share, seed)
    return Split(split.held, split.starts, by_group=True)


def _apportioned(sizes: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    exact = sizes * share
    taken = np.floor(exact).astype(np.int64)
    left = round(float(exact.sum())) - int(taken.sum())
    if left > 0:
        largest = np.argsort(-(exact - taken), kind="stable")[:left]
        taken[largest] += 1
    return np.minimum(taken, np.maximum(sizes - 1, 0))


def _refuse_empty(held: int, rows: int, share: float) -> None:
    if held == 0:
        raise StepError(
            Diagnostic(
                "E0406",
                f"`validation.split = {share:g}` of {rows:,} rows leaves nothing to validate on",
                hint="raise the share, or give the rows with `validation.select`",
                about="attribute validation.split",
            )
        )
