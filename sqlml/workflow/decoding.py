"""Workflows from their JSON, each part of which is to be of its type."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.workflow.ir import (
    Artifact,
    Constant,
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
WORDS: Mapping[type[Any], str] = {
    **{kind: word for word, kind in OPERATIONS.items()},
    **{kind: word for word, kind in INPUTS.items()},
    **{kind: kind.__name__.lower() for kind in _OTHERS},
}

_HALF = re.compile("[\ud800-\udfff]")
Decoder = Callable[[Any], Any]
_SCALARS: Mapping[Any, str] = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false",
    NoneType: "null",
}  # fmt: skip


class NotOfTypeError(ValueError):
    """JSON is not of the type that it should be. path: to it, from the outermost value."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.path: list[str | int] = []

    def inside(self, step: str | int) -> "NotOfTypeError":
        """The same, seen from the value around."""
        self.path.insert(0, step)
        return self

    def __str__(self) -> str:
        where = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in self.path)
        return f"`{where.lstrip('.')}` {self.args[0]}" if where else f"it {self.args[0]}"


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


def from_json(told: Any) -> Workflow:
    """The workflow that `to_json` wrote.

    Raises:
        ProgramError: E1096, the JSON is not a workflow's.
    """
    try:
        return decode(Workflow, told)  # type: ignore[no-any-return]
    except NotOfTypeError as error:
        message = f"this JSON is no workflow: {error}"
        fault = Diagnostic("E1096", message, label=_label(told, error.path), hint=error.hint)
        raise ProgramError(fault) from error


def decode(kind: Any, told: Any) -> Any:
    """A value of a type from its JSON.

    Raises:
        NotOfTypeError: the JSON is not of that type.
    """
    try:
        return _decoder(kind)(told)
    except RecursionError as error:
        raise NotOfTypeError("is nested too deeply") from error


def _label(told: Any, path: list[str | int]) -> str:
    """The place of the step that the path leads to, if it has one."""
    found = ""
    for step in path:
        match told:
            case {"place": {"file": str(file), "line": int(line), **rest}}:
                found = f"at {file}:{line}:{rest.get('column', 1)}"
        try:
            told = told[step]
        except (LookupError, TypeError):
            break
    return found


# --- by type ------------------------------------------------------------------------------


@cache
def _decoder(kind: Any) -> Decoder:
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _dataclass_decoder(kind)
    if origin is tuple:
        return _tuple_decoder(arguments[0])
    if origin in (Mapping, dict):
        return _mapping_decoder(arguments[1])
    if origin is Literal:
        return _literal_decoder(arguments)
    if origin in (Union, UnionType):
        return _union_decoder(arguments)
    if kind in _SCALARS:
        return _scalar_decoder((kind,))
    return freeze


def _scalar_decoder(kinds: tuple[Any, ...]) -> Decoder:
    accepted = frozenset(kinds) | ({int} if float in kinds else set())
    wanted = " or ".join(_SCALARS[kind] for kind in kinds)

    def read(told: Any) -> Any:
        if type(told) not in accepted:
            raise NotOfTypeError(f"is to be {wanted}, not {_shown(told)}")
        if type(told) is str and not told.isascii() and _HALF.search(told):
            raise NotOfTypeError("has half a character in it (a lone surrogate)")
        return told

    return read


def _literal_decoder(words: tuple[Any, ...]) -> Decoder:
    def read(told: Any) -> Any:
        if not isinstance(told, str) or told not in words:
            known = ", ".join(f"`{word}`" for word in words if word)
            hint = did_you_mean(told, words) if isinstance(told, str) else ""
            raise NotOfTypeError(f"cannot be {_shown(told)}", hint or f"it is one of {known}")
        return told

    return read


def _dataclass_decoder(kind: Any) -> Decoder:
    hints = get_type_hints(kind)
    needed = [item.name for item in fields(kind) if _is_needed(item)]
    decoders: dict[str, Decoder] = {}  # made when first needed: classes may hold themselves

    def read(told: Any) -> Any:
        given = {}
        for name, value in _object(told).items():
            if name == "kind" and name not in hints:
                continue
            if name not in hints:
                raise NotOfTypeError("is known to nobody", did_you_mean(str(name), hints)).inside(
                    name
                )
            if name not in decoders:
                decoders[name] = _decoder(hints[name])
            try:
                given[name] = decoders[name](value)
            except NotOfTypeError as error:
                raise error.inside(name) from None
        for name in needed:
            if name not in given:
                raise NotOfTypeError("is missing").inside(name)
        return kind(**given)

    return read


def _is_needed(item: "Field[Any]") -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _tuple_decoder(member: Any) -> Decoder:
    decoder = _decoder(member)

    def read(told: Any) -> Any:
        if not isinstance(told, list | tuple):
            raise NotOfTypeError(f"is to be a list, not {_shown(told)}")
        found: list[Any] = []
        try:
            for value in told:
                found.append(decoder(value))  # noqa: PERF401 - how many there are says which fails
        except NotOfTypeError as error:
            raise error.inside(len(found)) from None
        return tuple(found)

    return read


def _mapping_decoder(member: Any) -> Decoder:
    decoder = _decoder(member)

    def read(told: Any) -> Any:
        found = {}
        for name, value in _object(told).items():
            try:
                found[name] = decoder(value)
            except NotOfTypeError as error:
                raise error.inside(name) from None
        return found

    return read


def _union_decoder(members: tuple[Any, ...]) -> Decoder:
    """Of several classes, `kind` tells which; JSON's own values tell by themselves."""
    if bool in members:
        return freeze  # any JSON
    classes: list[Any] = [each for each in members if is_dataclass(each)]
    words = {WORDS[each]: each for each in classes if each in WORDS}
    single = _decoder(classes[0]) if len(classes) == 1 and NoneType in members else None
    scalars = tuple(each for each in members if each in _SCALARS)
    scalar = _scalar_decoder(scalars) if scalars else None

    def read(told: Any) -> Any:
        if classes and (scalar is None or isinstance(told, Mapping)):
            return single(told) if single else _decoder(_class(_object(told), words))(told)
        return scalar(told) if scalar else None

    return read


def _class(told: Mapping[str, Any], words: Mapping[str, Any]) -> Any:
    """The class that an object's `kind` names."""
    word = told.get("kind")
    if not isinstance(word, str) or word not in words:
        hint = did_you_mean(word, words) if isinstance(word, str) else ""
        known = ", ".join(f"`{one}`" for one in words)
        what = "is missing" if word is None else f"cannot be {_shown(word)}"
        raise NotOfTypeError(what, hint or f"it is one of {known}").inside("kind")
    return words[word]


def _object(told: Any) -> Mapping[str, Any]:
    if not isinstance(told, Mapping):
        raise NotOfTypeError(f"is to be an object, not {_shown(told)}")
    return told


def _shown(told: Any) -> str:
    match told:
        case list() | tuple():
            return "a list"
        case Mapping():
            return "an object"
        case None | bool():
            return {None: "null", True: "true", False: "false"}[told]
        case _:
            return f"{told!r:.60}"
