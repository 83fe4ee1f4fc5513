"""Which rows are held back for validation, drawn beforehand by their number."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError

Mask = NDArray[np.bool_]
Strata = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Split:
    """Rows held back from training, by stratum and by place in it.

    held: one flag per row, stratum after stratum. starts: where each stratum begins, and the end.
    """

    held: Mask
    starts: NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many rows are held back."""
        return int(self.held.sum())

    @property
    def left(self) -> tuple[int, ...]:
        """How many rows of each stratum are not held back."""
        return tuple(int((~part).sum()) for part in np.split(self.held, self.starts[1:-1]))

    def begin(self) -> Callable[[Strata], Mask]:
        """A fresh pass over the rows: from each batch's strata, in order, to what is held back.

        Raises:
            StepError: there are more rows than when the split was drawn.
        """
        next_row = self.starts[:-1].copy()

        def held(strata: Strata) -> Mask:
            sizes = np.bincount(strata, minlength=len(next_row))
            _refuse_changed(sizes, next_row, self.starts[1:])
            order = np.argsort(strata, kind="stable")
            within = np.arange(len(strata)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            mask = np.empty(len(strata), dtype=np.bool_)
            mask[order] = self.held[next_row[strata[order]] + within]
            np.add(next_row, sizes, out=next_row)
            return mask

        return held


@dataclass(frozen=True, slots=True)
class GroupSplit:
    """Groups held back from training, by their numbers, each with all its rows (`size` in all)."""

    held: Mask
    size: int

    def begin(self) -> Callable[[Strata], Mask]:
        return lambda groups: self.held[groups]


def draw(counts: Sequence[int], share: float, seed: int) -> Split:
    """Hold back `share` of the rows, the same share of every stratum.

    The whole number of rows is round(share × rows); what rounding leaves over goes to the strata
    with the largest remainders. Each stratum keeps a row for training.

    Raises:
        StepError: no row would be held back.
    """
    sizes = np.asarray(counts, dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    held = np.zeros(starts[-1], dtype=np.bool_)
    generator = np.random.default_rng(seed)
    for start, size, taken in zip(starts, sizes, _apportioned(sizes, share), strict=False):
        held[start + generator.choice(size, taken, replace=False, shuffle=False)] = True
    if not held.any():
        raise _nothing_held(_counted(len(held), "row"), share)
    return Split(held, starts)


def draw_groups(members: Sequence[int], share: float, seed: int) -> GroupSplit:
    """Hold back `share` of the groups, which have so many rows each.

    Raises:
        StepError: no group would be held back.
    """
    sizes = np.asarray(members, dtype=np.int64)
    taken = _apportioned(np.array([len(sizes)]), share)[0]
    if taken == 0:
        raise _nothing_held(_counted(len(sizes), "group"), share)
    held = np.zeros(len(sizes), dtype=np.bool_)
    held[np.random.default_rng(seed).choice(len(sizes), taken, replace=False, shuffle=False)] = True
    return GroupSplit(held, int(sizes[held].sum()))


def deal_rows(counts: Sequence[int], folds: int, seed: int) -> tuple[Split, ...]:
    """Deal all rows to folds, each of which holds its own back: every stratum is spread evenly.

    In each stratum, and in all, the folds' sizes differ by one at most. A row that is alone in its
    stratum is never held back.

    Raises:
        StepError: there are fewer rows than folds.
    """
    starts = np.concatenate([[0], np.cumsum(np.asarray(counts, dtype=np.int64))])
    fold = np.full(starts[-1], -1)
    generator = np.random.default_rng(seed)
    dealt = 0
    for start, size in zip(starts, counts, strict=False):
        if size > 1:
            fold[start + generator.permutation(size)] = (dealt + np.arange(size)) % folds
            dealt += size
    if dealt < folds:
        raise _too_many_folds(_counted(dealt, "row"), folds)
    return tuple(Split(fold == number, starts) for number in range(folds))


def deal_groups(members: Sequence[int], folds: int, seed: int) -> tuple[GroupSplit, ...]:
    """Deal groups, which have so many rows each, to folds, each of which holds its own back.

    Raises:
        StepError: there are fewer groups than folds.
    """
    if len(members) < folds:
        raise _too_many_folds(_counted(len(members), "group"), folds)
    sizes = np.asarray(members, dtype=np.int64)
    fold = np.random.default_rng(seed).permutation(len(sizes)) % folds
    return tuple(
        GroupSplit(fold == number, int(sizes[fold == number].sum())) for number in range(folds)
    )


def _apportioned(sizes: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    exact = sizes * share
    taken = np.floor(exact).astype(np.int64)
    left = round(float(exact.sum())) - int(taken.sum())
    if left > 0:
        largest = np.argsort(-(exact - taken), kind="stable")[:left]
        taken[largest] += 1
    most = np.maximum(sizes - 1, 0)
    return np.asarray(np.minimum(taken, most), dtype=np.int64)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _nothing_held(rows: str, share: float) -> StepError:
    return StepError(
        Diagnostic(
            "E0406",
            f"`validation.split = {share:g}` of {rows} leaves nothing to validate on",
            hint="raise the share, or give the rows with `validation.select`",
            about="attribute validation.split",
        )
    )


def _too_many_folds(rows: str, folds: int) -> StepError:
    return StepError(
        Diagnostic(
            "E0560",
            f"{rows} cannot be held back in {folds} folds",
            hint="lower `validation.folds`",
            about="attribute validation.folds",
        )
    )


def _refuse_changed(
    sizes: NDArray[np.int64], next_row: NDArray[np.int64], ends: NDArray[np.int64]
) -> None:
    if len(sizes) != len(next_row) or (next_row + sizes > ends).any():
        raise StepError(
            Diagnostic(
                "E0423",
                "the query gave other rows when it was read again",
                label="its tables changed, or it is not repeatable",
                hint="keep the rows first: CREATE TABLE … AS",
                about="query",
            )
        )
