"""CATEGORY_ID: whole numbers that are categories already."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.blocks import Entries, several_per_row
from sqlml.zoo.features.categorical import Categorical, Ids
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import (
    Aggregate,
    Answers,
    ColumnReference,
    Feature,
    Reading,
    Statistic,
)
from sqlml.zoo.features.dense import Dense
from sqlml.zoo.features.kinds import Kind, array_length, element_kind
from sqlml.zoo.features.number import Number
from sqlml.zoo.features.sparse import Sparse
from sqlml.zoo.features.text_numbers import text_numbers

_KINDS: frozenset[Kind] = frozenset(("integer", "float", "boolean", "text", "unknown"))


@dataclass(frozen=True, slots=True)
class CategoryId(Categorical):
    """Whole numbers in [0, n) as ids; any other number is an error.

    of: a column, or several ids per row: the numbers of DENSE, the indices of SPARSE. weighted: an
    index of SPARSE counts as much as its value says. may_list: whether the texts of the column are
    ids or lists of ids, as in `3,5,7`, is still to be told by their values.
    """

    of: ColumnReference | Dense | Sparse
    n: int
    weighted: bool = False
    may_list: bool = False

    function = "CATEGORY_ID"
    usage = "CATEGORY_ID(column | DENSE(…) | SPARSE(…), n [, delimiter])"
    doc = "Whole numbers in [0, n) as categories, several in a text or list; others are an error."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=2, most=3)
        of, n = given.get(0), given.count(1)
        if isinstance(of, Number):
            of = of.column
        if len(arguments) == 3 and not (isinstance(of, ColumnReference) and of.kind == "integer"):
            of = Sparse.of_text(given, 0, n, given.delimiter(2, ","))
        if isinstance(of, ColumnReference) and of.kind == "array":
            of = Sparse(of, n, key_delimiter="") if _is_uneven(of) else Dense.parse((of,))
        if isinstance(of, Dense | Sparse):
            return cls(of, n)
        if isinstance(of, Feature):
            given.refuse(f"{words(of)} has no ids")
        return cls(given.column(0, _KINDS), n)

    @property
    def label(self) -> str:
        return self.of.name if isinstance(self.of, ColumnReference) else self.of.label

    @property
    def size(self) -> int:
        return self.n

    @property
    def levels(self) -> Sequence[str]:
        return [str(place) for place in range(self.n)]

    @property
    def is_bag(self) -> bool:
        return not isinstance(self.of, ColumnReference)

    @property
    def listing(self) -> Self:
        is_text = isinstance(self.of, ColumnReference) and self.of.kind == "text"
        return replace(self, may_list=True) if is_text else self

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield self.references[0], "raw"

    def needs(self) -> Sequence[Statistic]:
        if isinstance(self.of, ColumnReference):
            return (_lists(self.of),) if self.may_list else ()
        return self.of.needs()

    def learn(self, answers: Answers) -> Self:
        of: ColumnReference | Dense | Sparse = self.of
        if isinstance(of, Dense):
            of = of.learn(answers)
        elif self.may_list and isinstance(of, ColumnReference) and answers[_lists(of)]:
            of = Sparse(of, self.n, key_delimiter="")
        return replace(self, of=of, may_list=False)

    def ids(self, columns: Columns) -> Ids | Entries:
        match self.of:
            case ColumnReference():
                return self._checked(_column_numbers(columns, self.of))
            case Dense():
                numbers = self.of.matrix(columns)
                return several_per_row(self._checked(numbers))
            case Sparse():
                entries = self.of.entries(columns)
                weights = entries.values if self.weighted else None
                return Entries(entries.starts, self._checked(entries.indices), weights)

    def _checked(self, numbers: NDArray[Any]) -> Ids:
        """The numbers as ids, -1 for NaN.

        Raises:
            StepError: one is not whole, or not in [0, n).
        """
        with np.errstate(invalid="ignore"):  # NaN, which is no id
            ids = numbers.astype(np.int64)
        wrong = (ids != numbers) | (ids < 0) | (ids >= self.n)
        if np.issubdtype(numbers.dtype, np.floating):
            is_missing = np.isnan(numbers)
            wrong &= ~is_missing
            ids[is_missing] = -1
        if wrong.any():
            value = numbers[wrong][0]
            whole = int(value) if float(value).is_integer() else float(value)
            raise problems.outside(self.label, whole, self.n, self.function)
        return ids


def _lists(column: ColumnReference) -> Aggregate:
    """Whether a text holds more than one number."""
    return Aggregate(f"coalesce(bool_or(contains({column.identifier}, ',')), FALSE)")


def _is_uneven(column: ColumnReference) -> bool:
    """Whether each row may list another number of ids."""
    return element_kind(column.type) == "integer" and array_length(column.type) is None


def _column_numbers(columns: Columns, column: ColumnReference) -> NDArray[Any]:
    array = columns.array(column)
    if pa.types.is_string(array.type) or pa.types.is_dictionary(array.type):
        hint = f"use SPARSE({column.name}, n) for lists of ids, or VOCABULARY({column.name})"
        numbers = text_numbers(column.name, columns.text(column), array, hint=hint)
        return np.asarray(numbers.to_numpy(zero_copy_only=False))
    return columns.numbers(column)
