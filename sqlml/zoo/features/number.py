"""NUMERIC: a number as it is. What a plain column of numbers or booleans is by default."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import ColumnReference, Feature, Reading
from sqlml.zoo.features.kinds import NUMBERS
from sqlml.zoo.features.numeric import Numeric, hint_for_numbers


@dataclass(frozen=True, slots=True)
class Number(Numeric):
    """A column of numbers; FALSE and TRUE are 0 and 1."""

    column: ColumnReference

    function = "NUMERIC"
    usage = "NUMERIC(column)"
    doc = "A number as it is; booleans are 0 and 1."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Feature:
        from sqlml.zoo.features.dense import Dense

        given = Arguments(cls, arguments, least=1, most=4)
        column = given.get(0)
        if len(arguments) > 1 or (isinstance(column, ColumnReference) and column.kind == "array"):
            return Dense.parse(arguments)  # NUMERIC(column, shape …), as older programs write it
        return cls(given.column(0, NUMBERS, hint=hint_for_numbers(column)))

    @property
    def source(self) -> ColumnReference:
        return self.column

    @property
    def expression(self) -> str:
        number = f"CAST({self.column.identifier} AS DOUBLE)"
        return f"nullif({number}, CAST('NaN' AS DOUBLE))" if self.column.can_be_nan else number

    def values(self, columns: Columns) -> NDArray[Any]:
        return columns.numbers(self.column)

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield self.column, "single"
