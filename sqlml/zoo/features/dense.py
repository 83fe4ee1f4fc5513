"""DENSE: several numbers per row, from text such as `0.2,1.7,0.6` or from a list column."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.errors import StepError
from sqlml.zoo import arrow_compute as pc
from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.blocks import Block
from sqlml.zoo.features.categorical import lists_categories
from sqlml.zoo.features.columns import Columns, type_words
from sqlml.zoo.features.contract import (
    Aggregate,
    Answers,
    ColumnReference,
    Encoding,
    Feature,
    Output,
    Statistic,
)
from sqlml.zoo.features.kinds import NUMBERS, Kind, array_length
from sqlml.zoo.features.text_numbers import split_texts, text_numbers

_KINDS: frozenset[Kind] = frozenset(("text", "array", "unknown"))


@dataclass(frozen=True, slots=True)
class Dense(Feature):
    """As many numbers in every row; a shape of several dimensions is flattened.

    length: how many; learnt where the program does not say and the type does not tell.
    """

    column: ColumnReference
    length: int | None = None
    delimiter: str = ","

    function = "DENSE"
    usage = "DENSE(column [, shape [, delimiter [, dtype]]])"
    doc = "Several numbers per row: text such as `0.2,1.7,0.6`, or a list or array column."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Feature:
        from sqlml.zoo.features.number import Number

        given = Arguments(cls, arguments, least=1, most=4)
        column = given.column(0, _KINDS | NUMBERS)
        delimiter = given.delimiter(2, ",")
        given.number_type(3)
        is_open = str(given.get(1)).casefold() == "none"
        length = None if is_open else given.shape(1)
        if column.kind in NUMBERS and column.kind != "unknown":
            if length not in (None, 1):
                given.refuse(f"`{column.name}` is {column.type}: one number, not {length}")
            return Number(column)
        by_type = array_length(column.type) if column.kind == "array" else None
        if length is not None and by_type is not None and length != by_type:
            given.refuse(f"`{column.name}` is {column.type}, which does not have {length} numbers")
        return cls(column, length or by_type, delimiter)

    @property
    def label(self) -> str:
        return self.column.name

    @property
    def gaps(self) -> tuple[ColumnReference, ...]:
        return (self.column,)

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return [Output(f"{self.label}_{place}") for place in range(self.length or 0)]

    def width(self, encoding: Encoding) -> int:
        return self.length or 0

    def is_wide(self, encoding: Encoding) -> bool:
        return False

    def needs(self) -> Sequence[Statistic]:
        return () if self.length is not None else self._statistics

    def learn(self, answers: Answers) -> Self:
        if self.length is not None:
            return self
        least, most, example = (answers[statistic] for statistic in self._statistics)
        if least is None:
            raise problems.nothing_to_learn(self.label, self.function)
        if least != most:
            raise self._ragged((least, most), example)
        return replace(self, length=least)

    def _ragged(self, lengths: tuple[int, int], example: object) -> StepError:
        name = self.label
        hint = f"write `INDICATOR({name})` in COLUMN if its numbers are categories"
        hint += f"; else give every row as many, or select what sums them up: `list_avg({name})`"
        return problems.ragged(name, lengths, example, hint=hint * lists_categories(self.column))

    def matrix(self, columns: Columns) -> NDArray[np.float64]:
        """The numbers, shape (rows, length); NaN where a row or a number is NULL.

        Raises:
            StepError: a row has more or fewer, or holds something else.
        """
        array = columns.lists(self.column)
        lists = self._lists(array)
        lengths = pc.list_value_length(lists)
        wrong = pc.fill_null(pc.not_equal(lengths, self.length), False)
        if pc.any(wrong).as_py():
            place = pc.index(wrong, True).as_py()
            self._refuse_text(lists[place], array[place])
            found = (self.length or 0, lengths[place].as_py())
            raise self._ragged(found, array[place].as_py())
        numbers = pc.list_flatten(lists)
        if pa.types.is_string(numbers.type):
            rows = array.drop_null().take(pa.array(np.arange(len(numbers)) // (self.length or 1)))
            numbers = text_numbers(self.label, numbers, rows, hint=self._hint)
        flat = numbers.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if not lists.null_count:
            return np.asarray(flat.reshape(columns.rows, self.length or 0))
        matrix = np.full((columns.rows, self.length or 0), np.nan)
        matrix[lists.is_valid().to_numpy(zero_copy_only=False)] = flat.reshape(-1, self.length)
        return matrix

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        return self.matrix(columns)

    def _lists(self, array: pa.Array) -> pa.ListArray:
        """A list of numbers, or of texts that hold one, for each row."""
        found = array.type
        if pa.types.is_string(found) or pa.types.is_dictionary(found):
            return split_texts(array, self.delimiter)
        if not (pa.types.is_list(found) or pa.types.is_fixed_size_list(found)):
            raise problems.wrong_type(self.label, type_words(found), "text or a list")
        return _flat_lists(array)

    def _refuse_text(self, row: pa.Scalar, whole: pa.Scalar) -> None:
        """Raise the better of two errors where a row is of another length for it is no numbers."""
        parts = pa.array(row.as_py())
        if pa.types.is_string(parts.type):
            rows = pa.array([str(whole.as_py())] * len(parts))
            text_numbers(self.label, parts, rows, hint=self._hint)

    @property
    def _hint(self) -> str:
        other = "COMMA" if self.delimiter != "," else "SPACE"
        usage = f"DENSE({self.label}, {self.length}, {other})"
        return f"leave such rows out, or name another delimiter behind the shape: `{usage}`"

    @property
    def _statistics(self) -> tuple[Aggregate, ...]:
        name = self.column.identifier
        if self.column.kind == "array":
            depth = self.column.type.count("[")
            length = f"len({'flatten(' * (depth - 1)}{name}{')' * (depth - 1)})"
        elif self.delimiter == " ":
            length = f"len(string_split_regex(trim({name}), '\\s+'))"
        else:
            delimiter = self.delimiter.replace("'", "''")
            length = f"len(string_split({name}, '{delimiter}'))"
        example = f"CAST(arg_max({name}, {length}) AS VARCHAR)"
        return Aggregate(f"min({length})"), Aggregate(f"max({length})"), Aggregate(example)


def _flat_lists(array: pa.Array) -> pa.ListArray:
    """Lists of lists as lists of all that is in them."""
    if pa.types.is_fixed_size_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))
    if not _is_nested(array.type.value_type):
        return array
    inner = _flat_lists(array.values)
    offsets = inner.offsets.take(array.offsets)
    mask = array.is_null() if array.null_count else None
    return pa.ListArray.from_arrays(offsets, inner.values, mask=mask)


def _is_nested(found: pa.DataType) -> bool:
    return bool(pa.types.is_list(found) or pa.types.is_fixed_size_list(found))
