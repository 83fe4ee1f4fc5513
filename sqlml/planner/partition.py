"""`train.partition_by`: the columns whose values split the rows into segments."""

from sqlml.databases.database import Column
from sqlml.errors import located
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes
from sqlml.planner.models import Model
from sqlml.planner.plan import Fit
from sqlml.planner.schema import Schema
from sqlml.planner.scope import Scope
from sqlml.zoo.features.kinds import kind_of
from sqlml.zoo.model import Task
from sqlml.zoo.steps.continuing import other_segments

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
    if task == "forecasting":
        message = "a forecast has no segments: it tells series apart"
        scope.fault("E0577", message, given.span, hint="write `train.series = column` instead")
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


def check_same_segments(scope: Scope, statement: ast.Train, earlier: Model, fit: Fit) -> None:
    """Tell the scope where training cannot go on because the earlier model has other segments."""
    assert statement.using is not None
    partition = fit.settings.get("partition_by") or ()
    assert isinstance(partition, tuple)
    problem = other_segments(earlier.name, earlier.partition, tuple(map(str, partition)))
    if problem is not None:
        scope.faults.append(located(problem, statement.using.span))
