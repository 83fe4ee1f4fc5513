"""The columns of a batch as features read them: by name in any case, as numbers or as text."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.zoo import arrow_compute as pc
from sqlml.zoo.features import problems
from sqlml.zoo.features.contract import ColumnReference


class Columns:
    """A batch of rows, cast by the pipeline's own expressions or as the database has them."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch
        self._places: Mapping[str, int] | None = None
        self.rows: int = batch.num_rows

    def array(self, column: ColumnReference) -> pa.Array:
        """A column as it is; text of any width is `string`.

        Raises:
            StepError: there is no such column.
        """
        place = self._batch.schema.get_field_index(column.name)
        if place < 0:
            place = self._folded().get(column.name.casefold(), -1)
        if place < 0:
            raise problems.missing_column(column.name, self._batch.schema.names)
        array = self._batch.column(place)
        is_other_text = pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type)
        return array.cast(pa.string()) if is_other_text else array

    def numbers(self, column: ColumnReference) -> NDArray[Any]:
        """A column as numbers of any numpy type, NULL as NaN; may share the batch's memory.

        Raises:
            StepError: it is no number.
        """
        array = self.array(column)
        found = array.type
        if pa.types.is_boolean(found):
            array = array.cast(pa.uint8())
        elif pa.types.is_decimal(found) or pa.types.is_null(found):
            array = array.cast(pa.float64())
        elif not (pa.types.is_integer(found) or pa.types.is_floating(found)):
            raise problems.wrong_type(column.name, type_words(found), "a number")
        numbers: NDArray[Any] = array.to_numpy(zero_copy_only=False)
        return numbers

    def lists(self, column: ColumnReference) -> pa.Array:
        """A column of lists or of texts that spell them; NULL all through is such a text, too."""
        array = self.array(column)
        return array.cast(pa.string()) if pa.types.is_null(array.type) else array

    def text(self, column: ColumnReference) -> pa.Array:
        """A column as text (`string` or dictionary of it); integers and dates as SQL writes them.

        Raises:
            StepError: it has no text form that is sure to stay the same.
        """
        return _as_text(column.name, self.array(column))

    def texts(self, column: ColumnReference) -> tuple[NDArray[np.int64], pa.Array]:
        """The row of each of the values that a column lists, and the values as text.

        Raises:
            StepError: it lists none, or what has no text form that is sure to stay the same.
        """
        array = self.array(column)
        if pa.types.is_null(array.type):
            array = array.cast(pa.list_(pa.string()))
        found = array.type
        if not (pa.types.is_list(found) or pa.types.is_fixed_size_list(found)):
            raise problems.wrong_type(column.name, type_words(found), "a list")
        lists = array.cast(pa.list_(found.value_type))
        rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        return rows, _as_text(column.name, pc.list_flatten(lists))

    def _folded(self) -> Mapping[str, int]:
        if self._places is None:
            names = self._batch.schema.names
            self._places = {name.casefold(): place for place, name in enumerate(names)}
        return self._places


def _as_text(name: str, array: pa.Array) -> pa.Array:
    found = array.type
    if pa.types.is_string(found):
        return array
    if pa.types.is_dictionary(found):
        return array if pa.types.is_string(found.value_type) else array.dictionary_decode()
    if pa.types.is_decimal(found) and found.scale == 0:  # HUGEINT
        return array.cast(pa.string())
    kinds = (
        pa.types.is_integer,
        pa.types.is_boolean,
        pa.types.is_date,
        pa.types.is_null,
    )
    if not any(is_kind(found) for is_kind in kinds):
        raise problems.wrong_type(name, type_words(found), "text or a whole number")
    return array.cast(pa.string())


def per_distinct(array: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """The distinct values of an array, and each row's place among them (-1 where it is NULL)."""
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    places = pc.fill_null(encoded.indices.cast(pa.int64()), -1)
    return encoded.dictionary, places.to_numpy(zero_copy_only=False)


def type_words(found: pa.DataType) -> str:
    """An Arrow type in the user's words."""
    if pa.types.is_string(found) or pa.types.is_dictionary(found):
        return "text"
    if pa.types.is_list(found) or pa.types.is_fixed_size_list(found):
        return "a list"
    return str(found)
