"""A label column: how it is read, what numbers it becomes, and how it is given back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sqlml.quoting import as_written, identifier

ClassValue = str | int | bool
Kind = Literal["text", "boolean", "integer", "float", "decimal", "other"]

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
_BEYOND_BIGINT = ("UBIGINT", "HUGEINT", "UHUGEINT")


@dataclass(frozen=True, slots=True)
class Label:
    """A label. `type` is the database's name of its type.

    classes: the original values by class number; None where the label is a number to come near to.
    """

    name: str
    type: str
    classes: tuple[ClassValue, ...] | None = None

    @property
    def kind(self) -> Kind:
        base = re.split(r"[ (]", self.type.upper(), maxsplit=1)[0]
        return "integer" if base in _INTEGERS else _KINDS.get(base, "other")

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
    def expression(self) -> str:
        """SQL for the label in the form that `encode` takes."""
        return self.number_expression if self.classes is None else self.class_expression

    @property
    def arrow_type(self) -> pa.DataType:
        """The type that `decode` gives.

        A regression's result keeps a FLOAT or DOUBLE label's type; for integers and decimals it is
        DOUBLE, since rounding would falsify what the model says.
        """
        name = self.type.upper()
        if name in ("FLOAT", "REAL"):
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
        """Class numbers (int32, −1 where the value is NULL or no class), or values (float64)."""
        if self.classes is None:
            return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        known = _array(self.classes, column.type)
        numbers = pc.fill_null(pc.index_in(column, value_set=known, skip_nulls=True), -1)
        return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int32)

    def decode(self, predicted: NDArray[Any]) -> pa.Array:
        """Predicted class numbers as the original values; predicted values in the label's type."""
        if self.classes is None:
            return pa.array(predicted.astype(np.float64)).cast(self.arrow_type, safe=False)
        values = _array(self.classes, self.arrow_type)
        return values.take(pa.array(predicted.astype(np.int64)))


def class_name(value: ClassValue) -> str:
    """A class as it stands in column names and messages."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fit_bigint(values: Sequence[ClassValue]) -> bool:
    return all(not isinstance(value, int) or -(2**63) <= value < 2**63 for value in values)


def _array(values: Sequence[ClassValue], arrow_type: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(arrow_type):
        return pa.array([Decimal(value) for value in values], type=arrow_type)
    if pa.types.is_floating(arrow_type):
        return pa.array([float(value) for value in values], type=arrow_type)
    return pa.array(values, type=arrow_type)
