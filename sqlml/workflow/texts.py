"""Values as text and back: what steps print and read, and texts made of values."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlml.workflow.serial import freeze, thaw
from sqlml.workflow.values import Join, Json, Take, Text

if TYPE_CHECKING:
    from sqlml.workflow.ir import ValueType

_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def as_text(value: Json) -> str:
    """A value as a step meets it: JSON, unless it is text already."""
    if isinstance(value, str):
        return value
    return json.dumps(thaw(value), ensure_ascii=False, separators=(",", ":"))


def filled(text: Text, values: Mapping[str, Json]) -> str:
    """A text with the values of the node's inputs in it."""
    match text:
        case str():
            return text
        case Take(input=name):
            return as_text(values[name])
        case Join(parts=parts):
            return "".join(filled(part, values) for part in parts)


def typed(value: Json, kind: "ValueType") -> Json:
    """A value, or text that stands for one, as a value of that type.

    Raises:
        ValueError: it is none.
    """
    match kind:
        case "text":
            return as_text(value)
        case "int":
            if isinstance(value, float) and not value.is_integer():
                raise ValueError(value)
            return int(_scalar(value))
        case "float":
            return float(_scalar(value))
        case "bool":
            if isinstance(value, bool):
                return value
            return _truth(as_text(value))
        case "json":
            return freeze(json.loads(value)) if isinstance(value, str) else value


def _scalar(value: Json) -> str | int | float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(value)
    return value


def _truth(text: str) -> bool:
    try:
        return _TRUTH[text.strip().lower()]
    except KeyError:
        raise ValueError(text) from None
