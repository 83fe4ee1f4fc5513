"""TIME: when a row is, as one number. What forecasts are made along."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa

from sqlml.zoo import arrow_compute as pc
from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.blocks import Block
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import ColumnReference, Encoding, Feature, Output, Reading
from sqlml.zoo.features.date_parts import epoch
from sqlml.zoo.features.kinds import Kind

KINDS: frozenset[Kind] = frozenset(("integer", "float", "date", "timestamp", "text", "unknown"))


@dataclass(frozen=True, slots=True)
class Time(Feature):
    """Days since 1970 with their fraction, in UTC; a number stays as it is.

    format: how text is read, as in `%Y-%m-%d`.
    """

    column: ColumnReference
    format: str = ""

    function = "TIME"
    usage = "TIME(column [, format])"
    doc = "A date or time as days since 1970; text is read by a format such as '%Y-%m-%d'."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=1, most=2)
        column = given.column(0, KINDS)
        written = given.get(1)
        if column.kind == "text" and written is None:
            given.refuse(
                f"`{column.name}` is text, and nothing says how to read a time from it",
                f"add a format: TIME({column.name}, '%Y-%m-%d')",
            )
        if written is not None and (not isinstance(written, str) or "%" not in written):
            given.refuse(f"{words(written)} is no format of a time", "write one like '%Y-%m-%d'")
        return cls(column, written or "")

    @property
    def label(self) -> str:
        return self.column.name

    @property
    def gaps(self) -> tuple[ColumnReference, ...]:
        return (self.column,)

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return [Output(self.label)]

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield self.column, "raw"

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        array = columns.array(self.column)
        if pa.types.is_string(array.type) and self.format:
            array = self._read(array)
        if not pa.types.is_temporal(array.type):
            return columns.numbers(self.column).astype(np.float64)
        if pa.types.is_timestamp(array.type) and array.type.tz is not None:
            array = array.cast(pa.timestamp(array.type.unit))  # the same instant, in UTC
        return np.asarray(epoch(array).to_numpy(zero_copy_only=False), dtype=np.float64)

    def _read(self, array: pa.Array) -> pa.Array:
        times = pc.strptime(array, format=self.format, unit="us", error_is_null=True)
        unread = pc.and_(pc.is_null(times), pc.is_valid(array))
        if pc.any(unread).as_py():
            value = array.filter(unread)[0].as_py()
            raise problems.unreadable(
                self.label, value, f"a time like {self.format}", hint="mend or leave out such rows"
            )
        return times
