"""IMPUTE: a value in place of NULL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import (
    Aggregate,
    Answers,
    ColumnReference,
    Feature,
    Ranking,
    Statistic,
)
from sqlml.zoo.features.numeric import Derived, numeric_argument, settled
from sqlml.zoo.features.vocabulary import Vocabulary

_LEARNT = ("mean", "median", "mode")


@dataclass(frozen=True, slots=True)
class Impute(Derived):
    """A number, with `value` where it is missing (NULL or NaN). `how` says what value is learnt."""

    how: Literal["mean", "median", "mode", "value"] = "value"
    value: float | None = None

    function = "IMPUTE"
    usage = "IMPUTE(column, mean | median | mode | value)"
    doc = "A value in place of NULL: the mean, median or most frequent value, or a given one."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Feature:
        given = Arguments(cls, arguments, least=2, most=2)
        of = given.get(0)
        if isinstance(of, ColumnReference) and of.kind == "text":
            return _filled_categories(given, of, given.get(1))
        number = numeric_argument(given, 0)
        filling = given.get(1)
        if isinstance(filling, str) and filling.lower() in _LEARNT:
            return cls(number, how=filling.lower())  # type: ignore[arg-type]
        if isinstance(filling, str) or not isinstance(filling, int | float):
            given.refuse(f"{words(filling)} cannot take the place of a missing number")
        return cls(number, value=float(filling))

    @property
    def gaps(self) -> tuple[ColumnReference, ...]:
        return ()

    @property
    def expression(self) -> str:
        return f"coalesce({self.of.expression}, {self.value!r})"

    def values(self, columns: Columns) -> NDArray[Any]:
        numbers = self.of.values(columns)
        if not np.issubdtype(numbers.dtype, np.floating):
            return numbers
        missing = np.isnan(numbers)
        if not missing.any():
            return numbers
        numbers = np.array(numbers, dtype=np.float64)
        numbers[missing] = self.value
        return numbers

    def own_needs(self) -> Sequence[Statistic]:
        return () if self.value is not None else (self._statistic,)

    def learn_own(self, answers: Answers) -> Self:
        learnt = answers[self._statistic]
        if learnt is None or learnt == ():
            raise problems.nothing_to_learn(self.source.name, self.function)
        match self.how:
            case "mode":
                return replace(self, value=float(learnt[0][0]))
            case "mean":
                return replace(self, value=settled(learnt))
            case _:
                return replace(self, value=float(learnt))

    @property
    def _statistic(self) -> Statistic:
        match self.how:
            case "mode":
                return Ranking(self.of.expression, 1)
            case "mean":
                return Aggregate(f"favg({self.of.expression})")
            case _:
                return Aggregate(f"median({self.of.expression})")


def _filled_categories(given: Arguments, column: ColumnReference, filling: object) -> Feature:
    """Categories of a text column, NULL being one that is given or the most frequent."""
    if not isinstance(filling, str) or filling.lower() in ("mean", "median"):
        given.refuse(
            f"{words(filling)} cannot take the place of a missing text",
            f"write IMPUTE({column.name}, mode) or IMPUTE({column.name}, 'a text')",
        )
    if filling.lower() == "mode":
        return Vocabulary(column, other=False, fill_mode=True)
    return Vocabulary(column, other=False, fill=filling)
