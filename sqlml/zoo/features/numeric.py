"""Features that are one number per row, and can stand within each other."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.blocks import Block
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import (
    Answers,
    ColumnReference,
    Encoding,
    Feature,
    Output,
    Reading,
    Statistic,
)
from sqlml.zoo.features.kinds import NUMBERS


class Numeric(Feature):
    """One number per row; NaN where it is missing."""

    __slots__ = ()

    @property
    @abstractmethod
    def source(self) -> ColumnReference:
        """The column that the number comes from."""

    @property
    @abstractmethod
    def expression(self) -> str:
        """The number as SQL of type DOUBLE, NULL where it is missing; the feature is fitted."""

    @abstractmethod
    def values(self, columns: Columns) -> NDArray[Any]:
        """The number of each row, of any numpy type; may share memory with the batch."""

    def learn(self, answers: Answers) -> "Numeric":
        del answers
        return self

    def doubles(self, columns: Columns) -> NDArray[np.float64]:
        """The number of each row in double precision, not shared with the batch."""
        return np.array(self.values(columns), dtype=np.float64)

    @property
    def label(self) -> str:
        return self.source.name

    @property
    def gaps(self) -> tuple[ColumnReference, ...]:
        return (self.source,)

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return (Output(self.label),)

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        return self.values(columns)


@dataclass(frozen=True, slots=True)
class Derived(Numeric):
    """A number made from another number, `of`. The inner one learns first."""

    of: Numeric

    @property
    def source(self) -> ColumnReference:
        return self.of.source

    @property
    def gaps(self) -> tuple[ColumnReference, ...]:
        return self.of.gaps

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield self.source, "double"

    def needs(self) -> Sequence[Statistic]:
        return self.of.needs() or self.own_needs()

    def learn(self, answers: Answers) -> Self:
        if self.of.needs():
            return replace(self, of=self.of.learn(answers))
        return self.learn_own(answers) if self.own_needs() else self

    def own_needs(self) -> Sequence[Statistic]:
        """The statistics over `of` that this function learns; empty once it has them."""
        return ()

    def learn_own(self, answers: Answers) -> Self:
        del answers
        return self


def numeric_argument(arguments: Arguments, place: int) -> Numeric:
    """A column of numbers, or a function that gives one number."""
    # Imported here: the plain number is itself such a feature.
    from sqlml.zoo.features.number import Number

    value = arguments.get(place)
    if isinstance(value, Numeric):
        return value
    if isinstance(value, Feature):
        arguments.refuse(f"{value.function}(…) is not one number per row")
    return Number(arguments.column(place, NUMBERS, hint=hint_for_numbers(value)))


def hint_for_numbers(value: object) -> str:
    """What to use for a column that is no number."""
    if not isinstance(value, ColumnReference):
        return ""
    match value.kind:
        case "text":
            return f"`{value.name}` alone, or VOCABULARY({value.name}), makes categories of it"
        case "date" | "timestamp" | "time":
            return f"DATE_PARTS({value.name}) makes numbers of it"
        case "array":
            return f"DENSE({value.name}) takes all its numbers"
        case _:
            return ""


def settled(value: float) -> float:
    """A statistic without its last digits.

    A database adds numbers up in several threads, in an order that changes from run to run, and
    the last bits with it; the same rows must give the same model.
    """
    return float(f"{value:.12g}")
