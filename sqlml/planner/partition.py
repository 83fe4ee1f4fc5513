"""`train.partition_by`: the columns whose values split the rows into segments."""

from sqlml.databases.database import Column
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes, Given
from sqlml.planner.schema import Schema
from sqlml.planner.scope import Scope
from sqlml.zoo.features.kinds import kind_of
from sqlml.zoo.model import Task

_KEYS = ("integer", "boolean", "text", "date")


def partition_columns(
    scope: Scope,
    statement: ast.Train,
    attributes: Attributes,
    schema: Schema,
    task: Task | None,
) -> tuple[Column, ...]:
    """The columns that the segments are told by. What is wrong with them is told to the scope."""
    given = attributes.find("train", "partition_by")
    default = attributes.find("train", "partition_default")
    if given is None or not isinstance(given.value, tuple):
        if default is not None and default.value is not None:
            scope.fault(
                "E0209",
                "`train.partition_default` says what answers where no segment does, and there are"
                " no segments",
                default.span,
                hint="add `train.partition_by = column`",
            )
        return ()
    if task == "forecasting":  # its segments are its series
        _check_series(scope, attributes, given, default)
        return ()
    found: dict[str, Column] = {}
    span = given.written.value.span
    for name in map(str, given.value):
        column = schema.find(name)
        if column is None:
            message = f"the query has no column `{name}` for `train.partition_by`"
            scope.fault("E0315", message, span, hint=schema.did_you_mean(name))
        elif column.type and kind_of(column.type) not in _KEYS:
            message = f"`{column.name}` is {column.type}, whose values cannot tell segments apart"
            hint = "partition by text, whole numbers, truth values or dates; CAST makes them"
            scope.fault("E0577", message, span, hint=hint)
        else:
            found[column.name.casefold()] = column
    return tuple(found.values())


def _check_series(
    scope: Scope, attributes: Attributes, given: Given, default: Given | None
) -> None:
    """Tell the scope of a partition that series cannot stand for."""
    series = attributes.find("train", "series")
    if series is not None and series.value is not None:
        message = "`train.series` and `train.partition_by` are the same for a forecast"
        scope.fault("E0577", message, given.span, hint="keep one of the two")
    elif isinstance(given.value, tuple) and len(given.value) > 1:
        names = ", ' ', ".join(map(str, given.value))
        message = "a forecast tells its series apart by one column"
        hint = f"make one in the query: `concat({names}) AS series`"
        scope.fault("E0577", message, given.span, hint=hint)
    elif default is not None and default.value is not None:
        message = "there is no forecast of all series together"
        scope.fault("E0577", message, default.span, hint="leave `train.partition_default` out")
