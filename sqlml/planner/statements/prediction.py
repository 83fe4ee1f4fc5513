"""TO PREDICT: the columns that the model needs, and the table that comes out."""

from collections.abc import Iterator
from dataclasses import replace

from sqlml.databases.database import Column
from sqlml.errors import located
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes, read_attributes, vocabulary
from sqlml.planner.compatibility import check_columns
from sqlml.planner.models import Model
from sqlml.planner.plan import Apply, Read
from sqlml.planner.reading import read
from sqlml.planner.references import usable_model
from sqlml.planner.results import result_columns
from sqlml.planner.schema import Schema
from sqlml.planner.scope import Scope
from sqlml.planner.tables import Target, split_target, table_key
from sqlml.planner.targets import has_two_of_a_name
from sqlml.planner.timeline import check_forecast_settings, has_range
from sqlml.zoo.label import alike, class_name
from sqlml.zoo.steps.results import no_columns

DEFAULT_COLUMN = "prediction"


def plan_predict(scope: Scope, statement: ast.Predict) -> Apply:
    """What TO PREDICT does; the table that it makes is known to later statements."""
    rows = read(scope, statement.query.sql, statement.query.span)
    use, model = usable_model(scope, statement.using)
    attributes = read_attributes(scope, statement.attributes, vocabulary("predict"))
    target = None if statement.into is None else split_target(statement.into)
    column = _column(target, model)
    into = None if target is None else target.table
    if model is not None and model.is_understood:
        span, whose = statement.query.span, f"model `{use.reference}`"
        _check_probability(scope, attributes, model, column)
        check_forecast_settings(scope, attributes, model)
        schema = rows.schema
        if has_range(attributes, model):
            schema = Schema(model.columns, is_wrong=schema.is_wrong)
        else:
            check_columns(scope, model.columns, schema, span, whose)
        if target is not None:
            _warn_about_target(scope, target, rows, model)
            _create(scope, replace(target, column=column), schema, model, attributes)
    elif into is not None:
        scope.spoil(into)
    return Apply(statement, rows, use, column, attributes.values("predict"), into)


def _column(target: Target | None, model: Model | None) -> str:
    """The name of the result: as the program says, else the label's."""
    if target is not None and target.column is not None:
        return target.column
    return model.labels[0].name if model is not None and model.labels else DEFAULT_COLUMN


def _check_probability(scope: Scope, attributes: Attributes, model: Model, column: str) -> None:
    given = attributes.find("predict", "probability")
    if given is None or not given.value:
        return
    if problem := no_columns(model.classes or (), column):
        scope.faults.append(located(problem, given.span))
    elif model.task not in ("classification", None):
        scope.fault(
            "E0223",
            f"`{model.name}` gives no probabilities: it is for {model.task}",
            given.span,
            hint="leave `predict.probability` out",
        )


def _warn_about_target(scope: Scope, target: Target, rows: Read, model: Model) -> None:
    written = target.written
    if len(written.parts) == 2 and scope.is_schema(written.parts[0]):
        name, column = written.parts
        scope.note(
            f"`{written.text}` is column `{column}` of a table `{name}`; for a table in the schema"
            f" `{name}`, name the column, too: `{written.text}.column`",
            written.span,
        )
    lost = [label.name for label in model.labels if rows.schema.known(label.name)]
    if lost and table_key(target.table) in map(table_key, rows.sources):
        scope.note(
            f"`{target.table}` is read and then replaced: its label `{lost[0]}` will be gone",
            written.span,
        )


def _create(
    scope: Scope, target: Target, schema: Schema, model: Model, attributes: Attributes
) -> None:
    if schema.is_wrong:
        scope.spoil(target.table)
        return
    column = target.column or DEFAULT_COLUMN
    added = [*result_columns(column, model), *_probabilities(column, model, attributes)]
    replaced = {c.name.casefold() for c in (*model.labels, *added)}
    kept = [c for c in schema.columns if c.name.casefold() not in replaced]
    if has_two_of_a_name(scope, target.written, kept):
        return
    scope.create(target.table, (*kept, *added), target.written.span)
    further = (*schema.open, *_further(column, model, attributes))
    scope.leave_open(target.table, further)


def _probabilities(column: str, model: Model, attributes: Attributes) -> Iterator[Column]:
    if attributes.value("predict", "probability"):
        for value in () if alike(model.classes or ()) else model.classes or ():
            yield Column(f"{column}_proba_{class_name(value)}", "DOUBLE")


def _further(column: str, model: Model, attributes: Attributes) -> Iterator[str]:
    """Beginnings of the names of columns that only the run can tell."""
    if attributes.value("predict", "probability") and model.classes is None:
        yield f"{column}_proba_".casefold()
    extras = attributes.value("predict", "extra_outputs")
    for name in extras if isinstance(extras, tuple) else ():
        yield f"{column}_{name}".casefold()
    if model.task == "transformation":
        yield column.casefold()
