"""Python functions as steps: `@step`."""

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar, Unpack, overload

from sqlml.flow.blocks import innermost
from sqlml.flow.options import Options, input_of, with_options
from sqlml.flow.values import Statement, Value
from sqlml.workflow.functions import argument, kind_fault, program_of
from sqlml.workflow.ir import (
    Constant,
    Input,
    Node,
    OutputDeclaration,
    Parameter,
    Script,
    Take,
    ValueType,
)
from sqlml.workflow.places import caller, fault
from sqlml.workflow.texts import typed

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_TYPES: Mapping[Any, ValueType] = {str: "text", int: "int", float: "float", bool: "bool"}
_IN_JSON = (str, int, float, list, dict, tuple, type(None), types.UnionType)
_ABSTRACT = frozenset({"typing", "collections.abc"})  # such as Mapping
_FITTING: Mapping[ValueType, tuple[ValueType, ...]] = {"float": ("int",), "text": (), "json": ()}


@overload
def step(function: Callable[Parameters, Result], /) -> Callable[Parameters, Result]: ...
@overload
def step(
    *, image: str = "", **options: Unpack[Options]
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]: ...
def step(function: Any = None, /, *, image: str = "", **options: Any) -> Any:
    """Make a function a step wherever it is called while a workflow is being written.

    Its parameters and what it returns have types: text, numbers, truth values, or what JSON can
    say. It travels as its text, so that it has to import inside of it what it uses. Elsewhere it
    is called as it is.

    image: what has Python and what the function imports; without one, this machine or the worker.
    options: how it is to be run, as for `flow.container`.
    """
    if function is None:
        return lambda decorated: step_of(decorated, image, options)
    return step_of(function, image, options)


def step_of(function: Any, image: str, options: Mapping[str, Any]) -> Callable[..., Any]:
    """The function that writes a step in a workflow, and is itself elsewhere.

    Raises:
        ProgramError: E0764, E0765 it is none that can travel, or its types are not said.
    """
    if not isinstance(function, types.FunctionType):
        raise fault("E0765", f"{function!r:.60} is no function", "write `@sqlml.step` above `def`")
    signature = _signature(function)
    with_options(_NOTHING, options)  # type: ignore[arg-type]

    @functools.wraps(function)
    def written(*args: Any, **kwargs: Any) -> Any:
        block = innermost()
        if block is None:
            return function(*args, **kwargs)
        node = _node(signature, image, _bound(signature, args, kwargs), options)
        return block.flow.add(node, options.get("name") or function.__name__)

    return written


@dataclass(frozen=True, slots=True)
class _Signature:
    function: Callable[..., Any]
    parameters: Mapping[str, ValueType]
    result: ValueType | None


_NOTHING = Node("nothing", Script(""))


def _signature(function: Callable[..., Any]) -> _Signature:
    if wrong := kind_fault(function):
        raise fault("E0765", wrong, "use `def` and `return`")
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise fault("E0765", f"`{function.__name__}`: {error}") from error
    parameters = inspect.signature(function).parameters
    name = function.__name__
    for parameter in parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            hint = "give it a list or dict instead"
            raise fault("E0765", f"step `{name}` cannot take `*{parameter.name}`", hint)
        if parameter.name not in hints:
            hint = f"such as `{parameter.name}: str`"
            raise fault("E0765", f"parameter `{parameter.name}` of `{name}` has no type", hint)
    if "return" not in hints:
        hint = "such as `-> float:`, or `-> None:` if it returns nothing"
        raise fault("E0765", f"it is not said what `{name}` returns", hint)
    given = hints.pop("return")
    for annotation in (*hints.values(), given):
        _check_annotation(name, annotation)
    result = None if given is type(None) else type_of(given)
    return _Signature(function, {p: type_of(hints[p]) for p in parameters}, result)


def _check_annotation(name: str, annotation: Any) -> None:
    """Raises: ProgramError: E0765, JSON has no such values."""
    kind = typing.get_origin(annotation) or annotation
    if (
        isinstance(kind, type)
        and not issubclass(kind, _IN_JSON)
        and kind.__module__ not in _ABSTRACT
    ):
        told = getattr(annotation, "__name__", annotation)
        hint = "take apart what is no text, number, truth value, list or dict, or store it"
        raise fault("E0765", f"`{name}` takes or returns a `{told}`, which JSON cannot say", hint)


def type_of(annotation: Any) -> ValueType:
    """The type of values that an annotation allows; what is not simple is JSON."""
    return _TYPES.get(annotation, "json")


def _bound(signature: _Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        bound = inspect.signature(signature.function).bind(*args, **kwargs)
    except TypeError as error:
        called = f"{signature.function.__name__}{inspect.signature(signature.function)}"
        raise fault("E0766", f"{error}: `{called}`") from error
    bound.apply_defaults()
    return bound.arguments


def _node(
    signature: _Signature, image: str, arguments: Mapping[str, Any], options: Mapping[str, Any]
) -> Node:
    inputs: dict[str, Input] = {}
    for name, value in arguments.items():
        inputs[name] = input_of(value)
        _check_type(signature, name, value)
    are_text = [_is_text(signature.parameters[name], inputs[name]) for name in inputs]
    result = signature.result
    source = program_of(signature.function, are_text, prints=result)
    outputs = (OutputDeclaration("result", "parameter", type=result),) if result else ()
    node = with_options(
        Node("", Script(source, image), inputs, outputs, place=caller().place),
        options,  # type: ignore[arg-type]
    )
    taken = {argument(i): Take(name) for i, name in enumerate(arguments)}
    return replace(node, env={**node.env, **taken})


def _is_text(type: ValueType, value: Input) -> bool:
    """Whether the function is given the text as it is; else the text is JSON."""
    if isinstance(value, Constant):
        return isinstance(value.value, str)
    return type == "text"


def _check_type(signature: _Signature, name: str, value: Any) -> None:
    """Raises: ProgramError: E0766, the function is given what it does not take."""
    wanted = signature.parameters[name]
    if isinstance(value, Value):
        given = "text" if isinstance(value, Statement) and value.made else value.type
        _check_default(signature, name, value)
        fits = given in (None, "text", wanted, *_FITTING.get(wanted, ())) or wanted == "json"
    else:
        given = _TYPES.get(type(value), "json")
        fits = given in (wanted, *_FITTING.get(wanted, ())) or wanted == "json"
    if not fits:
        called = signature.function.__name__
        message = f"parameter `{name}` of `{called}` is {_WORDS[wanted]}, not {_WORDS[given]}"
        raise fault("E0766", message)


def _check_default(signature: _Signature, name: str, value: Value) -> None:
    """Raises: ProgramError: E0766, the default of the workflow's parameter cannot be read so."""
    source = value.source
    declared = getattr(value.flow, "parameters", {}).get(getattr(source, "name", ""))
    if not isinstance(source, Parameter) or declared is None or declared.default is None:
        return
    wanted = signature.parameters[name]
    try:
        typed(declared.default, wanted)
    except ValueError as error:
        message = f"parameter `{name}` of `{signature.function.__name__}` is {_WORDS[wanted]}"
        told = f"and `{source.name}` is {declared.default!r:.60} if nobody gives it"
        raise fault("E0766", f"{message}, {told}") from error


_WORDS: Mapping[ValueType | None, str] = {
    "text": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "json": "JSON",
    None: "something else",
}
