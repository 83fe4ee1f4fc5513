"""What a step has left, as its declarations promise it: named, and of the right types."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.report import ResultSet
from sqlml.workflow.ir import Json, Node, OutputDeclaration
from sqlml.workflow.texts import typed
from sqlml.zoo.steps.outcome import Outcome

_MEASURED_ON = ("", "validation_", "folds_", "train_")  # what names of metrics begin with
_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "json": "JSON"}


def with_result(outcome: Outcome, kept: ResultSet | None) -> Outcome:
    """The outcome with its result set's file among its outputs, so that it can be found again."""
    if kept is None or kept.path is None:
        return outcome
    return replace(outcome, outputs={**outcome.outputs, "result": kept.path.name})


def declared(node: Node, outcome: Outcome, result: ResultSet | None) -> Outcome:
    """A statement's outcome with its parameters: metrics, or columns of the first row it gives.

    Raises:
        StepError: E0683, there is none of that name, or it is of another type.
    """
    wanted = [
        output
        for output in node.outputs
        if output.kind == "parameter" and output.name not in outcome.outputs
    ]
    if not wanted:
        return outcome
    known: Mapping[str, Json] = {**_first_row(result), **outcome.metrics}
    found = {output.name: read(output, _named(known, output.name, node)) for output in wanted}
    return replace(outcome, outputs={**outcome.outputs, **found})


def read(output: OutputDeclaration, value: Json) -> Json:
    """A parameter's value as a value of its type.

    Raises:
        StepError: E0683, it is none.
    """
    try:
        return typed(value, output.type)
    except (ValueError, TypeError):
        word = _WORDS.get(output.type, output.type)
        shown = repr(value) if len(repr(value)) < 80 else f"{repr(value)[:76]}…"
        message = f"output `{output.name}` is {word}, not {shown}"
        raise StepError(Diagnostic("E0683", message)) from None


def _named(known: Mapping[str, Json], name: str, node: Node) -> Json:
    for prefix in _MEASURED_ON:
        if prefix + name in known:
            return known[prefix + name]
    message = f"step `{node.name}` has left no output `{name}`"
    hint = f"it has {', '.join(known)}" if known else "it has no metrics and gives no row"
    raise StepError(Diagnostic("E0683", message, hint=hint))


def _first_row(result: ResultSet | None) -> dict[str, Json]:
    rows = None if result is None else result.read().slice(0, 1).to_pylist()
    return {name: _plain(value) for name, value in rows[0].items()} if rows else {}


def _plain(value: Any) -> Json:
    """A value of the database as JSON: decimals as numbers, dates and the like as text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case list():
            return tuple(map(_plain, value))
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case _:
            return str(value)
