"""A label column: how it is read, what numbers it becomes, and how it is given back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.quoting import as_written, identifier
from sqlml.zoo import arrow_compute as pc

ClassValue = str | int | bool
Kind = Literal["text", "boolean", "integer", "float", "decimal", "list", "other"]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        ("VARCHAR", "TEXT", "CHAR", "BPCHAR", "STRING", "UUID", "ENUM", "JSON"), "text"
    ),
    **dict.fromkeys(("BOOLEAN", "BOOL"), "boolean"),
    **dict.fromkeys(("FLOAT", "REAL", "DOUBLE"), "float"),
    **dict.fromkeys(("DECIMAL", "NUMERIC"), "decimal"),
}
_INTEGERS: dict[str, pa.DataType] = {
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "HUGEINT": pa.decimal128(38, 0),
    "UHUGEINT": pa.decimal128(38, 0),
}
_LIST = re.compile(r"(?P<element>[^\[\]]*)\[\d*\]")
_NUMBERS = ("integer", "float", "decimal")
_SINGLE = ("FLOAT", "REAL")  # precision
_AROUND_LISTS = " \t\r\n[](){}"
_BEYOND_BIGINT = ("UBIGINT", "HUGEINT", "UHUGEINT")


@dataclass(frozen=True, slots=True)
class Label:
    """A label. `type` is the database's name of its type.

    classes: the original values by class number; None where the label is a number to come near to.
    length: how many numbers each value lists, as a list or as text such as `1.2,3.4`; None where
    it is a single one.
    """

    name: str
    type: str
    classes: tuple[ClassValue, ...] | None = None
    length: int | None = None

    @property
    def kind(self) -> Kind:
        listed = _LIST.fullmatch(self.type.upper())
        if listed:
            return "list" if _kind(listed["element"]) in _NUMBERS else "other"
        return _kind(self.type.upper())

    @property
    def identifier(self) -> str:
        """The name as one would write it in a query."""
        return as_written(self.name)

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(map(class_name, self.classes or ()))

    @property
    def class_expression(self) -> str:
        """SQL for the label in the form that classes are compared in (−0.0 becomes 0.0)."""
        column = identifier(self.name)
        match self.kind:
            case "text":
                return f"CAST({column} AS VARCHAR)"
            case "integer":
                wide = self.type.upper() in _BEYOND_BIGINT or not _fit_bigint(self.classes or ())
                return f"CAST({column} AS {'DECIMAL(38, 0)' if wide else 'BIGINT'})"
            case "float" | "decimal":
                return f"(CAST({column} AS DOUBLE) + 0)"
            case _:
                return column

    @property
    def number_expression(self) -> str:
        return f"CAST({identifier(self.name)} AS DOUBLE)"

    @property
    def list_expression(self) -> str:
        """SQL for the numbers that a value lists; NULL stands for what is none."""
        column = identifier(self.name)
        if self.kind == "text":
            column = f"string_split(trim({column}, '{_AROUND_LISTS}'), ',')"
        return f"TRY_CAST({column} AS DOUBLE[])"

    @property
    def sum_expression(self) -> str:
        """SQL for a number that is finite if all numbers of the label are."""
        return self.expression if self.length is None else f"list_sum({self.expression})"

    @property
    def expression(self) -> str:
        """SQL for the label in the form that `encode` takes."""
        if self.length is not None:
            return self.list_expression
        return self.number_expression if self.classes is None else self.class_expression

    @property
    def result_type(self) -> str:
        """The database type of what `decode` gives, which may know more than Arrow's."""
        return result_type(self.type, is_class=self.classes is not None)

    @property
    def arrow_type(self) -> pa.DataType:
        """The type that `decode` gives.

        A regression's result keeps a FLOAT or DOUBLE label's type; for integers and decimals it is
        DOUBLE, since rounding would falsify what the model says.
        """
        name = self.type.upper()
        if self.length is not None and self.kind == "text":
            return pa.string()
        if self.length is not None:
            return pa.list_(pa.float32() if name.startswith(_SINGLE) else pa.float64())
        if name in _SINGLE:
            return pa.float32()
        if self.classes is None or self.kind == "float":
            return pa.float64()
        match self.kind:
            case "boolean":
                return pa.bool_()
            case "integer":
                return _INTEGERS[name]
            case "decimal":
                precision, scale = re.findall(r"\d+", name) or ("18", "3")
                return pa.decimal128(int(precision), int(scale))
            case _:
                return pa.string()

    def encode(self, column: pa.Array) -> NDArray[Any]:
        """Class numbers (int32, −1 where the value is NULL or no class), or values (float64).

        Of a label that lists several numbers, all rows have `length` of them: (rows, length).
        """
        if self.length is not None:
            numbers = np.asarray(pc.list_flatten(column), dtype=np.float64)
            return numbers if self.length == 1 else numbers.reshape(-1, self.length)
        if self.classes is None:
            return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        known = _array(self.classes, column.type)
        numbers = pc.fill_null(pc.index_in(column, value_set=known, skip_nulls=True), -1)
        return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int32)

    def decode(self, predicted: NDArray[Any]) -> pa.Array:
        """Predicted class numbers as the original values; predicted values in the label's type.

        Of a label that lists several numbers, as many columns.
        """
        if self.length is not None:
            return self._listed(pa.array(predicted.astype(np.float64).reshape(-1)))
        if self.classes is None:
            return pa.array(predicted.astype(np.float64)).cast(self.arrow_type, safe=False)
        values = _array(self.classes, self.arrow_type)
        return values.take(pa.array(predicted.astype(np.int64)))

    def _listed(self, numbers: pa.Array) -> pa.Array:
        """All rows' numbers, one behind the other, as lists or texts of `length` of them."""
        assert self.length is not None
        starts = pa.array(np.arange(0, len(numbers) + 1, self.length, dtype=np.int32))
        if self.kind == "text":
            lists = pa.ListArray.from_arrays(starts, numbers.cast(pa.string()))
            return pc.binary_join(lists, ",")
        return pa.ListArray.from_arrays(
            starts, numbers.cast(self.arrow_type.value_type, safe=False)
        )


def result_type(type_name: str, *, is_class: bool) -> str:
    """The database type of predictions of a label of that type: a class has the label's own.

    A value that comes near to it is a FLOAT or a DOUBLE, or lists of them.
    """
    name = type_name.upper()
    if is_class and name:
        return "VARCHAR" if name == "JSON" else type_name
    if _kind(name) == "text":  # that lists numbers
        return "VARCHAR"
    number = "FLOAT" if name.startswith(_SINGLE) else "DOUBLE"
    return f"{number}[]" if name.endswith("]") else number


def class_name(value: ClassValue) -> str:
    """A class as it stands in column names and messages."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def alike(classes: Sequence[ClassValue]) -> tuple[str, str] | None:
    """The names of two classes that differ only in case, as columns' names may not; else None."""
    seen: dict[str, str] = {}
    for name in map(class_name, classes):
        before = seen.setdefault(name.casefold(), name)
        if before != name:
            return before, name
    return None


def _kind(type_name: str) -> Kind:
    base = re.split(r"[ (]", type_name, maxsplit=1)[0]
    return "integer" if base in _INTEGERS else _KINDS.get(base, "other")


def _fit_bigint(values: Sequence[ClassValue]) -> bool:
    return all(not isinstance(value, int) or -(2**63) <= value < 2**63 for value in values)


def _array(values: Sequence[ClassValue], arrow_type: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(arrow_type):
        return pa.array([Decimal(value) for value in values], type=arrow_type)
    if pa.types.is_floating(arrow_type):
        return pa.array([float(value) for value in values], type=arrow_type)
    return pa.array(values, type=arrow_type)
