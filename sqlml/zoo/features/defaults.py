"""What a column is as a feature when the program does not say."""

from typing import assert_never

from sqlml.zoo.features.categorical import lists_categories
from sqlml.zoo.features.contract import ColumnReference, Feature
from sqlml.zoo.features.date_parts import DateParts
from sqlml.zoo.features.dense import Dense
from sqlml.zoo.features.number import Number
from sqlml.zoo.features.text import Text
from sqlml.zoo.features.vocabulary import Vocabulary


def default_feature(name: str, type_name: str) -> Feature | None:
    """The feature of a plain column; None where a column of that type cannot be one.

    Numbers are quantities, booleans the quantities 0 and 1, text becomes categories (or, where
    all of it reads `0.2,1.7,0.6`, the numbers), dates and times their parts, arrays of numbers one
    quantity per element, lists of text categories, of which a row may have several.
    """
    column = ColumnReference(name, type_name)
    match column.kind:
        case "integer" | "float" | "boolean" | "unknown":
            return Number(column)
        case "text":
            is_free = not type_name.upper().startswith(("ENUM", "UUID"))
            vocabulary = Vocabulary(column, other=False)
            return Text(vocabulary) if is_free else vocabulary
        case "date" | "timestamp" | "time":
            return DateParts.parse((column,))
        case "array":
            return Dense.parse((column,))
        case "other":
            return Vocabulary(column, other=False) if lists_categories(column) else None
        case kind:
            assert_never(kind)
