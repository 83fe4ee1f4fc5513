"""PREDICT in a plain script."""

from collections.abc import Iterator
from typing import Any

from sqlml.codegen.python.families import family
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import UNLABELLED, Model
from sqlml.codegen.python.operators import forecast
from sqlml.codegen.python.program import Program
from sqlml.codegen.python.segments import by_segment
from sqlml.workflow.ir import Node, Predict

_SETTINGS = {"probability", "extra_outputs", "batch_size"}


def write(program: Program, node: Node, predict: Predict) -> Iterator[str]:
    model = program.model(node)
    if model is not None:
        _check(program, node, model, predict)
    if model is None or program.is_refused(node):
        return
    settings = predict.settings
    writer = family(model.known.family)
    yield from _inputs(program, node, model, predict)
    if not model.partition:
        yield f"predicted = {writer.predicted(model, 'matrix')}{_of_nothing(model)}"
    yield f"table = {_table(model, predict.column)}"
    if settings.get("probability"):
        chances = writer.chances(model, "matrix")
        if not chances:
            program.refuse(node, "its model gives no probabilities")
        nothing = _of_nothing(model, f"(0, len({model.label}.classes))")
        yield f"chances = {chances}{nothing}"
        told = call("with_chances", "table", literal(predict.column), "chances", model.label)
        yield f"table = {told}"
    extras: Any = settings.get("extra_outputs") or ()
    yield from forecast.level(model, predict)
    for extra in extras:
        values = writer.extra(model, extra, "matrix")
        if not values:
            program.refuse(node, f"it has no words for the output `{extra}`")
        yield f"values = {values}{_of_nothing(model, is_whole=False)}"
        name = literal(f"{predict.column}_{extra}")
        yield f"table = {call('with_columns', 'table', name, 'values')}"
    yield f"keep(table, {literal(predict.into or '')})"


def _check(program: Program, node: Node, model: Model, predict: Predict) -> None:
    known = {*_SETTINGS, *(forecast.SETTINGS if model.task == "forecasting" else ())}
    for name in sorted({*predict.settings} - known):
        program.refuse(node, f"it has the attribute `{name}`")
    if model.partition and predict.settings.get("extra_outputs"):
        program.refuse(node, "it asks models of segments for more than predictions")


def _inputs(program: Program, node: Node, model: Model, predict: Predict) -> Iterator[str]:
    """`rows`, and their `matrix` where there is one."""
    horizon = forecast.horizon(model, predict) if model.task == "forecasting" else ""
    if horizon:
        yield f"matrix = {horizon}"
        yield f"rows = {forecast.times(model)}"
        return
    yield f"rows = fetch({program.rows(node)})"
    if not model.partition:
        yield f"matrix = {model.matrix()}"


def _of_nothing(model: Model, shape: str = "0", *, is_whole: bool = True) -> str:
    """scikit-learn refuses to predict where there are no rows."""
    if model.known.family not in ("sklearn", "auto") or model.task == "transformation":
        return ""
    kind = ", int" if is_whole and model.task in ("clustering", "outliers") else ""
    return f" if len(rows) else np.empty({shape}{kind})"


def _table(model: Model, column: str) -> str:
    """The rows without the label, and the result as their last column."""
    dropped = dict.fromkeys(name.lower() for name in (model.column, column) if name)
    rows = call("without", "rows", *map(literal, dropped))
    if model.task in (*UNLABELLED, "ranking"):
        return call("with_columns", rows, literal(column), "predicted")
    result = by_segment(model) if model.partition else f"{model.label}.decode(predicted)"
    return f"{rows}.append_column({literal(column)}, {result})"
