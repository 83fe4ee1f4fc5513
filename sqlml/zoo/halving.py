"""Successive halving: many trials begin with little, and ever fewer of the best get more."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

ROWS = "rows"  # a share of them


@dataclass(frozen=True, slots=True)
class Rung:
    """So many trials, of so many rounds or epochs, or of such a share of the rows, each.

    start: how many trials came before.
    """

    start: int
    trials: int
    amount: int | float


@dataclass(frozen=True, slots=True)
class Halving:
    """One bracket of it (Jamieson and Talwalkar 2016; Hyperband's, Li et al. 2018, algorithm 1).

    trials: how many begin. resource: what a trial gets more of (`train.num_boost_round`, or ROWS).
    most: what the last ones get; of ROWS, 1 is all. reduction: of so many trials, one goes on, with
    so many times as much.
    """

    trials: int
    resource: str
    most: int
    reduction: int = 3

    @property
    def rungs(self) -> tuple[Rung, ...]:
        sizes = tuple(self._sizes())
        starts = accumulate(sizes, initial=0)
        return tuple(
            Rung(start, size, self._part(self.reduction ** (len(sizes) - 1 - place)))
            for place, (start, size) in enumerate(zip(starts, sizes, strict=False))
        )

    def _part(self, divisor: int) -> int | float:
        return round(1 / divisor, 6) if self.resource == ROWS else self.most // divisor

    def rung_of(self, number: int) -> int:
        """The rung, from 0, of trial `number` (from 1)."""
        return sum(rung.start < number for rung in self.rungs) - 1

    def _sizes(self) -> Iterator[int]:
        size, share = self.trials, 1
        while size and self._part(share):
            yield size
            size, share = size // self.reduction, share * self.reduction
