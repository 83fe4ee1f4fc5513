"""Forecasts: which column is the time, and which tells several series apart."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlml.databases.database import Column
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes, Given
from sqlml.planner.features import Columns, resolve_features
from sqlml.planner.inputs import ALL_FEATURES
from sqlml.planner.models import Model
from sqlml.planner.schema import Schema, listed
from sqlml.planner.scope import Scope
from sqlml.quoting import as_written
from sqlml.source import Span
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.contract import ColumnReference, Feature
from sqlml.zoo.features.kinds import kind_of
from sqlml.zoo.features.time import Time
from sqlml.zoo.features.vocabulary import Vocabulary
from sqlml.zoo.model import ModelType

DATES = ("date", "timestamp")
FORECAST_ONLY = ("steps", "forecast_start", "forecast_end", "interval")
_RANGE = ("steps", "forecast_end")


def resolve_time(
    scope: Scope, statement: ast.Train, attributes: Attributes, columns: Columns, model: ModelType
) -> Mapping[str, tuple[Feature, ...]]:
    """The time and, where there are several, the series, in place of other models' features.

    What is wrong is told to the scope; so is what the query gives besides, which is not used.
    """
    series = _series(scope, attributes, columns.schema)
    taken = {one.columns[0].casefold(): "series" for one in series}
    columns = replace(columns, roles={**columns.roles, **taken})
    time = _time(scope, statement, attributes, columns, model)
    if time is None:
        return {ALL_FEATURES: ()}
    used = {time.column.name.casefold(), *columns.roles}
    unused = [c.name for c in columns.schema.columns if c.name.casefold() not in used]
    if unused:
        message = f"a forecast has no features: {listed(unused)} is not used"
        scope.note(message, statement.model.span)
    return {ALL_FEATURES: (time, *series)}


def check_forecast_settings(scope: Scope, attributes: Attributes, model: Model) -> None:
    """Tell the scope of settings that only a forecast understands."""
    given = [found for name in FORECAST_ONLY if (found := attributes.find("predict", name))]
    if model.task == "forecasting":
        steps, end = (attributes.find("predict", name) for name in _RANGE)
        if steps is not None and end is not None:
            message = "`predict.steps` and `predict.forecast_end` exclude each other"
            span = max(steps.span, end.span, key=lambda one: one.start)
            scope.fault("E0209", message, span, hint="keep one of the two")
        return
    for one in given:
        scope.fault(
            "E0227",
            f"`{one.written.name.text}` is for forecasts; `{model.name}` is a `{model.estimator}`",
            one.span,
            hint="leave it out: the query's rows are predicted",
        )


def has_range(attributes: Attributes, model: Model) -> bool:
    """Whether the times to forecast are given, so that the query's rows do not matter."""
    here = any(attributes.find("predict", name) for name in _RANGE)
    return model.task == "forecasting" and (here or "forecast_end" in model.parameters)


def _series(scope: Scope, attributes: Attributes, schema: Schema) -> tuple[Vocabulary, ...]:
    given = attributes.find("train", "series") or attributes.find("train", "partition_by")
    column = None if given is None else _named(scope, given, schema)
    if column is None or given is None:
        return ()
    try:
        return (Vocabulary.parse((ColumnReference(column.name, column.type),)),)
    except AttributeProblem as problem:
        name = as_written(column.name)
        hint = f"cast it in the query: `{name}::VARCHAR AS {name}`"
        scope.fault("E0226", problem.message, given.written.value.span, hint=hint)
        return ()


def _time(
    scope: Scope, statement: ast.Train, attributes: Attributes, columns: Columns, model: ModelType
) -> Time | None:
    found = _time_column(scope, statement, attributes, columns, model)
    if found is None:
        return None
    column, span = found
    written = attributes.value("model", "date_format")
    text = column.kind == "text"
    if text and written is None:
        hint = "add `model.date_format = '%Y-%m-%d'`, or cast it in the query"
        message = f"`{column.name}` is text, and nothing says how to read a time from it"
        scope.fault("E0226", message, span, hint=hint)
        return None
    try:
        return Time.parse((column, written) if text else (column,))
    except AttributeProblem as problem:
        scope.fault("E0226", problem.message, span, hint=problem.hint)
        return None


def _time_column(
    scope: Scope, statement: ast.Train, attributes: Attributes, columns: Columns, model: ModelType
) -> tuple[ColumnReference, Span] | None:
    given = attributes.find("train", "time")
    if given is not None and isinstance(given.value, str):
        column = _named(scope, given, columns.schema)
        if column is None:
            return None
        return ColumnReference(column.name, column.type), given.written.value.span
    if statement.columns:
        before = len(scope.faults)
        chosen = resolve_features(scope, statement.columns, columns, model)
        references = [r for feature in chosen[ALL_FEATURES] for r in feature.references]
        span = statement.columns[0].span
        if len(references) == 1:
            return references[0], span
        if len(scope.faults) == before:
            message = "a forecast has no features: COLUMN names the time alone"
            scope.fault("E0226", message, span, hint="name one column, or leave COLUMN out")
        return None
    candidates = tuple(_candidates(columns, attributes))
    if len(candidates) == 1:
        return ColumnReference(candidates[0].name, candidates[0].type), statement.query.span
    if not columns.schema.is_wrong:
        _tell_unclear(scope, statement, candidates)
    return None


def _candidates(columns: Columns, attributes: Attributes) -> Iterator[Column]:
    """The columns that can be the time by themselves: dates, or the text that a format is for."""
    kinds = DATES if attributes.find("model", "date_format") is None else (*DATES, "text")
    for column in columns.schema.columns:
        if kind_of(column.type) in kinds and column.name.casefold() not in columns.roles:
            yield column


def _tell_unclear(scope: Scope, statement: ast.Train, found: tuple[Column, ...]) -> None:
    message = "nothing says which column is the time"
    if found:
        message = f"several columns could be the time: {listed(c.name for c in found)}"
    scope.fault("E0226", message, statement.model.span, hint="add `train.time = column`")


def _named(scope: Scope, given: Given, schema: Schema) -> Column | None:
    name = str(given.value[0] if isinstance(given.value, tuple) else given.value)
    column = schema.find(name)
    if column is None:
        scope.fault(
            "E0315",
            f"the query has no column `{name}` for `{given.written.name.text}`",
            given.written.value.span,
            hint=schema.did_you_mean(name),
        )
    return column
