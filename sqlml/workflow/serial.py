"""Workflows as JSON and back: for storage, for workers, for the text form.

A dataclass is an object of its fields that differ from their defaults. Where a field takes several
classes, `kind` tells which.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from sqlml.workflow.ir import (
    Artifact,
    Constant,
    Input,
    Item,
    Json,
    ModelReference,
    Operation,
    Output,
    Outputs,
    Parameter,
    Range,
    Relation,
    RunId,
    SecretKey,
    Workflow,
)
from sqlml.workflow.values import Condition, Loop, Text

OPERATIONS: Mapping[str, type[Any]] = {c.__name__.lower(): c for c in get_args(Operation)}
INPUTS: Mapping[str, type[Any]] = {
    "constant": Constant,
    "parameter": Parameter,
    "output": Output,
    "outputs": Outputs,
    "item": Item,
    "run": RunId,
    "rows": Relation,
    "model": ModelReference,
}
_OTHERS = (*get_args(Condition), *get_args(Loop), *get_args(Text)[1:], Range, Artifact, SecretKey)
_WORDS: Mapping[type[Any], str] = {
    **{kind: word for word, kind in OPERATIONS.items()},
    **{kind: word for word, kind in INPUTS.items()},
    **{kind: kind.__name__.lower() for kind in _OTHERS},
}


def freeze(value: Any) -> Json:
    """JSON as the IR keeps it: tuples for lists."""
    match value:
        case str() | int() | float() | None:  # most are, and to ask for a Mapping takes long
            return value
        case list() | tuple():
            return tuple(freeze(item) for item in value)
        case Mapping():
            return {str(key): freeze(item) for key, item in value.items()}
        case _:
            return value  # type: ignore[no-any-return]


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
            word = _WORDS.get(type(value))
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


# --- from JSON ----------------------------------------------------------------------------

Decoder = Callable[[Any], Any]


def from_json(told: Mapping[str, Any]) -> Workflow:
    """The workflow that `to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: the JSON is not a workflow's.
    """
    return decode(Workflow, told)  # type: ignore[no-any-return]


def decode(kind: Any, told: Any) -> Any:
    """A value of a type from its JSON.

    Raises:
        KeyError, TypeError, ValueError: the JSON is not of that type.
    """
    return _decoder(kind)(told)


@cache
def _decoder(kind: Any) -> Decoder:
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _dataclass_decoder(kind)
    if origin is tuple:
        return _tuple_decoder(arguments[0])
    if origin in (Mapping, dict):
        return _mapping_decoder(arguments[1])
    if origin in (Union, UnionType) and not _is_plain(arguments):
        return _union_decoder(arguments)
    return freeze


def _is_plain(members: tuple[Any, ...]) -> bool:
    """Whether a union is one of JSON's own values."""
    return bool in members or not any(is_dataclass(each) or get_origin(each) for each in members)


def _dataclass_decoder(kind: Any) -> Decoder:
    hints = get_type_hints(kind)
    decoders: dict[str, Decoder] = {}  # made when first needed: classes may hold themselves

    def read(told: Any) -> Any:
        given = {}
        for name, value in told.items():
            if name == "kind" and name not in hints:
                continue
            if name not in decoders:
                decoders[name] = _decoder(hints[name])
            given[name] = decoders[name](value)
        return kind(**given)

    return read


def _tuple_decoder(member: Any) -> Decoder:
    decoder = _decoder(member)
    return lambda told: tuple(decoder(value) for value in told)


def _mapping_decoder(member: Any) -> Decoder:
    decoder = _decoder(member)
    return lambda told: {name: decoder(value) for name, value in told.items()}


def _union_decoder(members: tuple[Any, ...]) -> Decoder:
    classes: list[Any] = [each for each in members if is_dataclass(each)]
    words = {_WORDS[each]: each for each in classes if each in _WORDS}
    single = classes[0] if len(classes) == 1 and NoneType in members else None

    def read(told: Any) -> Any:
        if isinstance(told, Mapping):
            return _decoder(single or words[told["kind"]])(told)
        return freeze(told)

    return read
