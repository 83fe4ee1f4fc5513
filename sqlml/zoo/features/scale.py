"""STANDARDIZE, MINMAX and LOG: a number on another scale."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import Aggregate, Answers, Statistic
from sqlml.zoo.features.numeric import Derived, numeric_argument, settled


@dataclass(frozen=True, slots=True)
class _Linear(Derived):
    """(of − shift) / scale, both learnt. `scale` is 1 where all values are the same."""

    shift: float = 0.0
    scale: float = 0.0  # 0 before it is learnt

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        return cls(numeric_argument(Arguments(cls, arguments, least=1, most=1), 0))

    @property
    def expression(self) -> str:
        return f"(({self.of.expression} - ({self.shift!r})) / {self.scale!r})"

    def values(self, columns: Columns) -> NDArray[Any]:
        numbers = self.of.doubles(columns)
        numbers -= self.shift
        numbers /= self.scale
        return numbers

    def own_needs(self) -> Sequence[Statistic]:
        return () if self.scale else tuple(self._statistics())

    def _statistics(self) -> list[Aggregate]:
        return [Aggregate(f"{name}({self.of.expression})") for name in ("min", "max")]

    def learn_own(self, answers: Answers) -> Self:
        low, high, *rest = (answers[statistic] for statistic in self._statistics())
        if low is None:  # empty in every row
            return replace(self, shift=0.0, scale=1.0)
        if not (isfinite(low) and isfinite(high) and isfinite(high - low)):
            raise problems.infinite_value(self.source.name)
        if low == high:
            return replace(self, shift=low, scale=1.0)
        shift, scale = self._learnt(low, high, rest)
        if not (isfinite(shift) and isfinite(scale)):
            raise problems.infinite_value(self.source.name)
        return replace(self, shift=shift, scale=scale)

    @abstractmethod
    def _learnt(self, low: float, high: float, rest: list[float]) -> tuple[float, float]:
        """Shift and scale from the answers to the statistics."""


class Standardize(_Linear):
    """Mean 0 and standard deviation 1 over the training rows; 0 where all values are the same."""

    __slots__ = ()

    function = "STANDARDIZE"
    usage = "STANDARDIZE(column)"
    doc = "Shifted and scaled to mean 0 and standard deviation 1 over the training rows."

    def _statistics(self) -> list[Aggregate]:
        own = [Aggregate(f"{name}({self.of.expression})") for name in ("favg", "stddev_pop")]
        return super()._statistics() + own

    def _learnt(self, low: float, high: float, rest: list[float]) -> tuple[float, float]:
        mean, deviation = rest
        return settled(mean), settled(deviation) or 1.0


class MinMax(_Linear):
    """From 0 to 1 over the training rows; later values may lie outside."""

    __slots__ = ()

    function = "MINMAX"
    usage = "MINMAX(column)"
    doc = "Shifted and scaled so that the training rows span 0 to 1."

    def _learnt(self, low: float, high: float, rest: list[float]) -> tuple[float, float]:
        return low, high - low


class Log(Derived):
    """The natural logarithm; a value of 0 or below is an error."""

    __slots__ = ()

    function = "LOG"
    usage = "LOG(column)"
    doc = "The natural logarithm; every value must be above 0."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        return cls(numeric_argument(Arguments(cls, arguments, least=1, most=1), 0))

    @property
    def expression(self) -> str:
        inner = self.of.expression
        return f"ln(CASE WHEN {inner} > 0 THEN {inner} END)"

    def values(self, columns: Columns) -> NDArray[Any]:
        numbers = self.of.doubles(columns)
        wrong = numbers <= 0
        if wrong.any():
            raise problems.no_logarithm(self.source.name, float(numbers[wrong][0]))
        return np.log(numbers, out=numbers)
