"""What a column is as a feature when the program does not say."""

from typing import assert_never

from sqlml.zoo.features.contract import ColumnReference, Feature
from sqlml.zoo.features.date_parts import DateParts
from sqlml.zoo.features.dense import Dense
from sqlml.zoo.features.number import Number
from sqlml.zoo.features.text import Text


def default_feature(name: str, type_name: str) -> Feature | None:
    """The feature of a plain column; None where a column of that type cannot be one.

    Numbers are quantities, booleans the quantities 0 and 1, text becomes categories, dates and times
    their parts, arrays of numbers one quantity per element.
    """
    column = ColumnReference(name, type_name)
    match column.kind:
        case "integer" | "float" | "boolean" | "unknown":
            return Number(column)
        case "text":
            return Text(column)
        case "date" | "timestamp" | "time":
            return DateParts.parse((column,))
        case "array":
            return Dense(column)
        case "other":
            return None
        case kind:
            assert_never(kind)
