"""Workflows as JSON and back: for storage, for workers, for the text form.

A dataclass is an object of its fields that differ from their defaults. Where a field takes several
classes, `kind` tells which.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any

from sqlml.workflow.decoding import WORDS, decode, freeze, from_json
from sqlml.workflow.ir import Input, Operation, Workflow

__all__ = [
    "decode",
    "encode",
    "fields_to_json",
    "freeze",
    "from_json",
    "input_to_json",
    "operation_to_json",
    "thaw",
    "to_json",
]


def thaw(value: Any) -> Any:
    """JSON as the json module writes it: lists for tuples."""
    match value:
        case list() | tuple():
            return [thaw(item) for item in value]
        case Mapping():
            return {key: thaw(item) for key, item in value.items()}
        case _:
            return value


# --- to JSON ------------------------------------------------------------------------------


def encode(value: Any) -> Any:
    """A part of a workflow as JSON; `decode` is its inverse, given the part's type."""
    match value:
        case str() | int() | float() | None:
            return value
        case list() | tuple():
            return [encode(item) for item in value]
        case Mapping():
            return {key: encode(item) for key, item in value.items()}
        case _:
            word = WORDS.get(type(value))
            told = {} if word is None else {"kind": word}
            return {**told, **fields_to_json(value)}


def fields_to_json(value: Any) -> dict[str, Any]:
    """A dataclass's fields that differ from their defaults."""
    kind: Any = type(value)
    told: dict[str, Any] = {}
    for name, default in _defaults(kind):
        content = getattr(value, name)
        if content is not default and content != default:
            told[name] = encode(content)
    return told


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((item.name, _default(item)) for item in fields(kind))


def _default(item: "Field[Any]") -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


def operation_to_json(operation: Operation) -> dict[str, Any]:
    return encode(operation)  # type: ignore[no-any-return]


def input_to_json(value: Input) -> dict[str, Any]:
    return encode(value)  # type: ignore[no-any-return]


def to_json(workflow: Workflow) -> dict[str, Any]:
    """The workflow as values that the json module can write; `from_json` is its inverse."""
    return encode(workflow)  # type: ignore[no-any-return]
