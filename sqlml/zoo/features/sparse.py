"""SPARSE: few entries in many columns, from text such as `3,5,7` or `3:0.2,5:1`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.blocks import Block, Entries, Numbers, row_starts
from sqlml.zoo.features.columns import Columns, type_words
from sqlml.zoo.features.contract import ColumnReference, Encoding, Feature, Output
from sqlml.zoo.features.kinds import Kind
from sqlml.zoo.features.text_numbers import split_texts, text_numbers
from sqlml.zoo.model import Part

_KINDS: frozenset[Kind] = frozenset(("text", "array", "unknown"))


@dataclass(frozen=True, slots=True)
class Sparse(Feature):
    """Indices in [0, size) with a value each, 1 where none is written; NULL and '' have none.

    A shape of several dimensions is flattened, the last one running fastest.
    """

    column: ColumnReference
    size: int
    delimiter: str = ","
    key_delimiter: str = ":"

    function = "SPARSE"
    usage = "SPARSE(column, shape [, delimiter [, dtype [, delimiter_kv [, dtype_weight]]]])"
    doc = "Few entries in many columns: text such as `3,5,7` or `3:0.2,5:1`."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=2, most=6)
        column, size = given.column(0, _KINDS), given.shape(1)
        delimiter, key_delimiter = given.delimiter(2, ","), given.delimiter(4, ":")
        given.number_type(3, "string", "text")
        given.number_type(5)
        if delimiter == key_delimiter:
            given.refuse(f"'{delimiter}' cannot be both delimiters")
        return cls(column, size, delimiter, key_delimiter)

    @classmethod
    def of_text(cls, given: Arguments, place: int, size: int, delimiter: str) -> Self:
        """Several ids, or words, in the text or list of the column that stands at `place`."""
        value = given.get(place)
        if isinstance(value, cls):
            given.refuse(f"{words(value)} has its own delimiter")
        return cls(given.column(place, _KINDS), size, delimiter, key_delimiter="")

    @property
    def label(self) -> str:
        return self.column.name

    def part(self, encoding: Encoding) -> Part:
        return Part(self.label, kind="ids", size=self.size)

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return [Output(f"{self.label}_{place}") for place in range(self.size)]

    def width(self, encoding: Encoding) -> int:
        return self.size

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        return self.entries(columns)

    def entries(self, columns: Columns) -> Entries:
        """The entries of each row.

        Raises:
            StepError: one cannot be read, or lies outside the shape.
        """
        rows, items, texts = self._items(columns)
        values = None
        if texts is not None:
            items, values = self._keys_and_values(items, texts)
            hint = f"name another delimiter behind the shape: `SPARSE({self.label}, n, SPACE)`"
            items = text_numbers(self.label, items, texts, whole=True, hint=hint)
        keys = np.asarray(items.to_numpy(zero_copy_only=False))
        outside = ~((keys >= 0) & (keys < self.size) & (keys % 1 == 0))
        if outside.any():
            raise problems.outside(self.label, keys[outside][0], self.size, self.function)
        return Entries(_starts(rows, columns), keys.astype(np.int64), values)

    def keys(self, columns: Columns) -> tuple[NDArray[np.int64], pa.Array, Numbers | None]:
        """Where each row's entries start, and the keys, as text, and values of all.

        Raises:
            StepError: a value cannot be read.
        """
        rows, items, texts = self._items(columns)
        values = None
        if texts is not None:
            items, values = self._keys_and_values(items, texts)
        return _starts(rows, columns), items.cast(pa.string()), values

    def _items(self, columns: Columns) -> tuple[NDArray[np.int64], pa.Array, pa.Array | None]:
        """The row of each item, the items and, where they were text, all of each one's row."""
        array = columns.lists(self.column)
        found = array.type
        if pa.types.is_list(found) or pa.types.is_fixed_size_list(found):
            lists = array.cast(pa.list_(found.value_type))
        elif pa.types.is_string(found) or pa.types.is_dictionary(found):
            lists = split_texts(array, self.delimiter)
        else:
            raise problems.wrong_type(self.label, type_words(found), "text or a list")
        rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        items = pc.list_flatten(lists)
        if items.null_count:
            rows, items = rows[items.is_valid().to_numpy(zero_copy_only=False)], items.drop_null()
        if not pa.types.is_string(items.type):
            return rows, items, None
        items = pc.utf8_trim_whitespace(items)
        is_written = pc.not_equal(items, "").to_numpy(zero_copy_only=False)
        rows, items = rows[is_written], items.filter(pa.array(is_written))
        return rows, items, array.take(pa.array(rows))

    def _keys_and_values(self, items: pa.Array, rows: pa.Array) -> tuple[pa.Array, Numbers | None]:
        """The items' keys, and their values unless none has any."""
        if not (
            self.key_delimiter and pc.any(pc.match_substring(items, self.key_delimiter)).as_py()
        ):
            return items, None
        # A 1 behind each item: `3` becomes `3:1`, and in `3:0.2:1` it is not looked at.
        pairs = pc.split_pattern(
            pc.binary_join_element_wise(items, "1", self.key_delimiter), self.key_delimiter
        )
        wrong = pc.greater(pc.list_value_length(pairs), 3)
        if pc.any(wrong).as_py():
            example = rows[pc.index(wrong, True).as_py()].as_py()
            raise problems.unreadable(self.label, example, "made of pairs of key and value")
        values = text_numbers(self.label, pc.list_element(pairs, 1), rows)
        return pc.list_element(pairs, 0), values.to_numpy(zero_copy_only=False)


def _starts(rows: NDArray[np.int64], columns: Columns) -> NDArray[np.int64]:
    return row_starts(np.bincount(rows, minlength=columns.rows))
