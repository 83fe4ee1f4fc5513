"""TO EVALUATE: the model's columns, the label to compare with, and metrics that mean something."""

from sqlml.databases.database import Column
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes, read_attributes, vocabulary
from sqlml.planner.compatibility import check_columns, is_compatible
from sqlml.planner.labels import find_labels, training_labels
from sqlml.planner.metrics import canonical_metrics
from sqlml.planner.models import Model
from sqlml.planner.plan import Measure
from sqlml.planner.reading import read
from sqlml.planner.references import usable_model
from sqlml.planner.schema import listed
from sqlml.planner.scope import Scope
from sqlml.planner.tables import table_name
from sqlml.planner.targets import refuse_overwriting
from sqlml.planner.wording import counted
from sqlml.zoo.measures.catalog import PLOTS
from sqlml.zoo.metrics import defaults_for
from sqlml.zoo.model import Task


def plan_evaluate(scope: Scope, statement: ast.Evaluate) -> Measure:
    """What TO EVALUATE does. Without LABEL, it compares with the label of the training."""
    rows = read(scope, statement.query.sql, statement.query.span)
    use, model = usable_model(scope, statement.model)
    attributes = read_attributes(scope, statement.attributes, vocabulary("evaluate"))
    into = None if statement.into is None else table_name(statement.into.parts)
    written = find_labels(scope, statement.labels, rows.schema)
    label: tuple[Column, ...] = written
    metrics: tuple[str, ...] = ()
    if model is not None and model.is_understood:
        check_columns(
            scope,
            model.columns,
            rows.schema,
            statement.query.span,
            f"model `{use.reference}`",
        )
        if statement.labels:
            _check_labels(scope, statement, written, model)
        else:
            span, way_out = (
                statement.query.span,
                "select it, or name another column with `LABEL column`",
            )
            label = training_labels(scope, span, model, rows.schema, way_out)
        labelled = bool(statement.labels or model.labels)  # a missing one has been told
        metrics = _metrics(scope, attributes, model, labelled)
    plots = _plots(scope, attributes, None if model is None else model.task)
    if into is not None and statement.into is not None:
        refuse_overwriting(scope, statement.into, into, rows.sources, "one row of metrics")
        _create(scope, statement.into, into, metrics, model)
    names = tuple(column.name for column in label)
    return Measure(statement, rows, use, metrics, names, into, plots)


def _check_labels(
    scope: Scope, statement: ast.Evaluate, written: tuple[Column, ...], model: Model
) -> None:
    """Whether other labels than those of the training can be compared with what is predicted."""
    if not model.labels:
        return
    if len(statement.labels) != len(model.labels):
        scope.fault(
            "E0309",
            f"`{model.name}` has {counted(len(model.labels), 'label')},"
            f" and there are {len(statement.labels)}",
            statement.labels[-1].span,
            hint="name one column for each label of the training, in their order",
        )
        return
    for name, column, label in zip(statement.labels, written, model.labels, strict=False):
        if not is_compatible(column.type, label.type):
            scope.fault(
                "E0308",
                f"column `{column.name}` is {column.type}, and the label of `{model.name}` is"
                f" {label.type}",
                name.span,
                hint="cast it in the query: `column::TYPE AS column`",
            )


def _metrics(scope: Scope, attributes: Attributes, model: Model, labelled: bool) -> tuple[str, ...]:
    given = attributes.find("validation", "metrics")
    if given is None:
        return ()
    return canonical_metrics(scope, given, model.task, f"`{model.name}`", labelled=labelled)


def _plots(scope: Scope, attributes: Attributes, task: Task | None) -> tuple[str, ...]:
    given = attributes.find("evaluate", "plots")
    if given is None or not isinstance(given.value, tuple):
        return ()
    names = tuple(dict.fromkeys(map(str, given.value)))
    fitting = [name for name, tasks in PLOTS.items() if task in tasks]
    for name in names:
        if task is not None and name not in (*fitting, "all"):
            scope.fault(
                "E0290",
                f"`{name}` cannot be drawn for {task}",
                given.written.value.span,
                hint=f"there are: {listed(fitting)}" if fitting else "leave `evaluate.plots` out",
            )
    return names


def _create(
    scope: Scope, target: ast.Name, into: str, metrics: tuple[str, ...], model: Model | None
) -> None:
    task = None if model is None else model.task
    names = metrics or defaults_for(task or "")
    columns = tuple(Column(name, "DOUBLE") for name in dict.fromkeys(["loss", *names]))
    scope.create(into, columns, target.span)
    scope.leave_open(into, () if metrics else ("",))
