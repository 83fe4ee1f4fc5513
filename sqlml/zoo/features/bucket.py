"""BUCKET: ranges of a number as categories."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np

from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.blocks import Entries, several_per_row
from sqlml.zoo.features.categorical import Categorical, Ids
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import Aggregate, Answers, ColumnReference, Reading, Statistic
from sqlml.zoo.features.dense import Dense
from sqlml.zoo.features.numeric import Numeric, numeric_argument

MOST_BUCKETS = 1_000


@dataclass(frozen=True, slots=True)
class Bucket(Categorical):
    """The number of boundaries that are less than or equal to the value.

    With boundaries [10, 20] the buckets are (−∞, 10), [10, 20) and [20, ∞). n: learn the boundaries
    so that each bucket has about as many training rows; there are fewer than n buckets where a
    value is very frequent. Over DENSE every position has buckets of its own.
    """

    of: Numeric | Dense
    boundaries: tuple[float, ...] | None = None
    n: int | None = None

    function = "BUCKET"
    usage = "BUCKET(column | DENSE(…), [boundaries] | n)"
    doc = "Ranges of a number: between given boundaries, or n learnt ones of about equal size."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=2, most=2)
        value = given.get(0)
        of = value if isinstance(value, Dense) else numeric_argument(given, 0)
        limits = given.get(1)
        if isinstance(limits, list | tuple):
            return cls(of, _boundaries(given, limits))
        n = given.count(1, least=2, name="the number of buckets")
        if n > MOST_BUCKETS:
            given.refuse(f"{n:,} buckets are too many", f"at most {MOST_BUCKETS:,} can be learnt")
        if isinstance(of, Dense):
            given.refuse("boundaries over DENSE(…) cannot be learnt", "list them: [10, 20]")
        return cls(of, n=n)

    @property
    def label(self) -> str:
        return self.of.label

    @property
    def size(self) -> int:
        positions = (self.of.length or 0) if isinstance(self.of, Dense) else 1
        return positions * self._buckets

    @property
    def levels(self) -> Sequence[str]:
        edges = [f"{edge:.6g}" for edge in self.boundaries or ()]
        ranges = [f"{low}..{high}" for low, high in zip(["", *edges], [*edges, ""], strict=True)]
        if not isinstance(self.of, Dense):
            return ranges
        return [f"{place}:{part}" for place in range(self.of.length or 0) for part in ranges]

    @property
    def is_bag(self) -> bool:
        return isinstance(self.of, Dense)

    @property
    def is_ordered(self) -> bool:
        return True

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        for column, _reading in self.of.readings():
            yield column, "raw" if isinstance(self.of, Dense) else "double"

    def needs(self) -> Sequence[Statistic]:
        return self.of.needs() or (() if self.boundaries is not None else (self._quantiles,))

    def learn(self, answers: Answers) -> Self:
        if self.of.needs():
            return replace(self, of=self.of.learn(answers))
        if self.boundaries is not None:
            return self
        least, *quantiles = answers[self._quantiles] or [0.0]
        return replace(self, boundaries=tuple(sorted({q for q in quantiles if q > least})))

    def ids(self, columns: Columns) -> Ids | Entries:
        if isinstance(self.of, Dense):
            numbers = self.of.matrix(columns)
            ids = self._place(numbers)
            return several_per_row(np.where(ids < 0, -1, ids + self._starts))
        return self._place(self.of.values(columns))

    def _place(self, numbers: Any) -> Ids:
        boundaries = np.array(self.boundaries, dtype=np.float64)
        ids = np.searchsorted(boundaries, numbers, side="right")
        return np.where(np.isnan(numbers), -1, ids)

    @property
    def _starts(self) -> Ids:
        """The first id of each position."""
        return np.arange(self.size, step=self._buckets)

    @property
    def _buckets(self) -> int:
        return len(self.boundaries or ()) + 1

    @property
    def _quantiles(self) -> Aggregate:
        assert isinstance(self.of, Numeric)  # parse refuses to learn over DENSE
        n = self.n or 1
        shares = ", ".join(repr(place / n) for place in range(n))
        return Aggregate(f"quantile_cont({self.of.expression}, [{shares}])")


def _boundaries(given: Arguments, limits: Sequence[Any]) -> tuple[float, ...]:
    if not limits:
        given.refuse("BUCKET needs at least one boundary")
    for limit in limits:
        if isinstance(limit, bool) or not isinstance(limit, int | float):
            given.refuse(f"{words(limit)} is no boundary", "boundaries are numbers: [10, 20]")
    for low, high in pairwise(limits):
        if not low < high:
            hint = f"write {words(sorted(set(limits)))}"
            given.refuse(f"boundaries must be strictly ascending, not {low}, {high}", hint)
    return tuple(float(limit) for limit in limits)
