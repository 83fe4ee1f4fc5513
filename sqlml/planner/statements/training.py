"""TO TRAIN: the model type, its attributes, features and labels against the query."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

from sqlml.databases.database import Column
from sqlml.errors import ProgramError, located
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes, read_attributes, training_vocabulary
from sqlml.planner.compatibility import check_columns
from sqlml.planner.continuing import check_same_kind, check_same_parts
from sqlml.planner.features import Columns, needed_columns, resolve_features
from sqlml.planner.graph import resolve_graph
from sqlml.planner.labels import check_labels, check_outputs, find_labels
from sqlml.planner.locate import locate
from sqlml.planner.metrics import canonical_metrics
from sqlml.planner.models import Model
from sqlml.planner.older_names import OWN, instead_of_image, instead_of_model
from sqlml.planner.outputs import names_of_numbers
from sqlml.planner.partition import partition_columns
from sqlml.planner.plan import Fit, ModelUse, Read
from sqlml.planner.reading import read
from sqlml.planner.references import usable_model
from sqlml.planner.remarks import tell_notes
from sqlml.planner.schema import Schema
from sqlml.planner.scope import Scope
from sqlml.planner.search import Subject, examples, plan_search, settings_of_trials, task_of
from sqlml.planner.timeline import resolve_time
from sqlml.zoo import MODELS
from sqlml.zoo.attributes import Value
from sqlml.zoo.features.kinds import NUMBERS, kind_of
from sqlml.zoo.metrics import defaults_for
from sqlml.zoo.model import ChecksParameters, ModelType, Task
from sqlml.zoo.models import find_model, nearest_model
from sqlml.zoo.models.graph import GCN
from sqlml.zoo.settings import STATEMENTS

_COLUMN_SETTINGS = ("group", "weight")


def plan_train(scope: Scope, statement: ast.Train) -> Fit:
    """What TO TRAIN does. Later statements know the model, even where the statement is wrong."""
    before = len(scope.faults)
    rows = read(scope, statement.query.sql, statement.query.span)
    model = find_model_type(scope, statement.model)
    base, earlier = _base(scope, statement)
    if earlier is not None and earlier.is_understood and model is not None:
        check_same_kind(scope, statement, earlier, model)
    if model is None:
        into = scope.models.spelling(statement.into.text)
        scope.models.train(Model(into, trained_by=scope.index))
        return Fit(statement, rows, statement.model.text, into)
    fit = replace(_fit(scope, statement, rows, model), base=base)
    if earlier is not None and earlier.is_understood and len(scope.faults) == before:
        check_same_parts(scope, statement, earlier, fit)
    return fit


def _fit(
    scope: Scope,
    statement: ast.Train,
    rows: Read,
    model: ModelType,
) -> Fit:
    into = scope.models.spelling(statement.into.text)
    before = len(scope.faults)
    attributes = read_attributes(scope, statement.attributes, training_vocabulary(model))
    parameters = _parameters(attributes, model)
    task = task_of(scope, attributes, model)
    are_known = len(scope.faults) == before
    if are_known:
        _check_parameters(scope, statement, model, parameters | examples(attributes))
        tell_notes(scope, statement, model, attributes)
    faults = len(scope.faults)
    labels = find_labels(scope, statement.labels, rows.schema)
    check_labels(scope, statement, labels, model, task)
    check_outputs(scope, attributes, labels)
    _check_settings(scope, statement, attributes, model, task)
    columns = _column_settings(scope, attributes, rows.schema)
    partition = partition_columns(scope, statement, attributes, rows.schema, task)
    roles = {
        **{column.name.casefold(): role for role, column in columns.items()},
        **{column.name.casefold(): "key of the partition" for column in partition},
        **{name.casefold(): "label" for name in _names(statement.labels, labels)},
    }
    choice = Columns(rows.schema, roles, statement.query.span)
    if task == "forecasting":
        features = resolve_time(scope, statement, attributes, choice, model)
    elif model.name == GCN:
        features = resolve_graph(scope, statement, attributes, choice, model)
    else:
        features = resolve_features(scope, statement.columns, choice, model)
    needed = needed_columns(features)
    is_understood = len(scope.faults) == faults and not rows.schema.is_wrong
    scope.models.train(
        Model(
            into,
            estimator=model.name if is_understood else "",
            task=task,
            columns=(*needed, *partition),
            labels=labels,
            trained_by=scope.index,
            parameters=parameters,
            partition=tuple(column.name for column in partition),
            outputs=partial(names_of_numbers, features),
        )
    )
    settings = _settings(scope, attributes, columns, model, task)
    subject = Subject(model, task, rows, statement.model.span, labelled=bool(labels))
    trials = plan_search(scope, attributes, subject) if are_known else None
    if trials is not None:
        settings = settings_of_trials(scope, attributes, settings, subject)
    if partition:
        settings = {**settings, "partition_by": tuple(column.name for column in partition)}
    return Fit(
        statement,
        rows,
        model.name,
        into,
        parameters,
        settings,
        features,
        tuple(column.name for column in labels),
        _validation(scope, attributes, [*needed, *labels, *partition, *columns.values()]),
        trials=trials,
    )


def _parameters(attributes: Attributes, model: ModelType) -> dict[str, Value]:
    """`model.*` without, and the model's further namespaces with their names."""
    own = {
        f"{namespace}.{name}": value
        for namespace in model.namespaces
        if namespace not in STATEMENTS["train"]
        for name, value in attributes.values(namespace).items()
    }
    return attributes.values("model") | own


def _check_parameters(
    scope: Scope, statement: ast.Train, model: ModelType, parameters: Mapping[str, Value]
) -> None:
    for name, attribute in model.parameters.items():
        if attribute.required and name not in parameters:
            scope.fault(
                "E0208",
                f"`{model.name}` needs `model.{name}`: {attribute.describe()}",
                statement.model.span,
                hint=f"add `WITH model.{name} = …`; `sqlml help {model.name}` tells more",
            )
    family = _checking(model.family)
    if family is not None:
        for problem in family.check(model, parameters):
            scope.faults.append(located(problem, locate(statement, problem.about)))


@cache  # to look for a protocol's methods takes longer than most checks
def _checking(family: str) -> ChecksParameters | None:
    loaded = MODELS.load(family)
    return loaded if isinstance(loaded, ChecksParameters) else None


def find_model_type(scope: Scope, name: ast.Name) -> ModelType | None:
    """The kind of model behind TRAIN; where there is none, that is told to the scope."""
    if "/" in name.text:
        return _find_in_image(scope, name)
    found = find_model(name.text)
    if found is None:
        close = nearest_model(name.text)
        hint = f"did you mean `{close}`?" if close else "docs/models.md lists them all"
        hint = instead_of_model(name.text) or hint
        scope.fault("E0201", f"there is no model `{name.text}`", name.span, hint=hint)
    return found


def _find_in_image(scope: Scope, name: ast.Name) -> ModelType | None:
    """A model of the users' in a container image; SQLFlow's own are part of sqlml."""
    hint = instead_of_image(name.text)
    try:
        found = None if hint else find_model(name.text)
    except ProgramError as error:
        scope.faults += [located(fault, name.span) for fault in error.diagnostics]
        return None
    if found is None:
        message = f"there is no model `{name.text}` in a container image"
        scope.fault("E0212", message, name.span, hint=hint or OWN)
    return found


def _base(scope: Scope, statement: ast.Train) -> tuple[ModelUse | None, Model | None]:
    return (None, None) if statement.using is None else usable_model(scope, statement.using)


def _check_settings(
    scope: Scope, statement: ast.Train, attributes: Attributes, model: ModelType, task: Task | None
) -> None:
    group = attributes.find("train", "group")
    if task == "ranking" and (group is None or group.value is None):
        scope.fault(
            "E0208",
            f"`{model.name}` needs to know which rows are ranked against each other",
            statement.model.span,
            hint="add `train.group = column`",
        )
    if task not in ("ranking", None) and group is not None and group.value is not None:
        scope.fault(
            "E0209",
            f"`train.group` is for rankings, and this is a {task}",
            group.span,
            hint="leave it out, or use a ranking objective such as `rank:ndcg`",
        )
    ways = [attributes.find("validation", name) for name in ("select", "split", "folds")]
    given = [way for way in ways if way is not None]
    if len(given) > 1:
        names = " and ".join(f"`{way.written.name.text}`" for way in given)
        scope.fault(
            "E0209",
            f"{names} exclude each other",
            max((way.span for way in given), key=lambda span: span.start),
            hint=f"keep one of the {'two' if len(given) == 2 else 'three'}",
        )
    select, split, folds = ways
    if folds and task == "forecasting":
        scope.fault(
            "E0209",
            "a forecast looks ahead, and folds are drawn from all times",
            folds.span,
            hint="write `validation.split = 0.2` for the newest rows",
        )
    elif folds and task and not defaults_for(task):
        scope.fault(
            "E0209",
            f"no metric tells how good a {task} is, so that there is nothing to take on folds",
            folds.span,
            hint="leave `validation.folds` out",
        )
    stopping = attributes.find("train", "early_stopping_rounds")
    if stopping and (stopping.value is not None or stopping.space) and not (select or split):
        scope.fault(
            "E0209",
            "early stopping needs rows to validate on",
            stopping.span,
            hint="add `validation.split = 0.2`, or `validation.select` with a query",
        )


def _column_settings(scope: Scope, attributes: Attributes, schema: Schema) -> Mapping[str, Column]:
    """The columns that `train.group` and `train.weight` name."""
    found = {}
    for setting in _COLUMN_SETTINGS:
        given = attributes.find("train", setting)
        if given is None or not isinstance(given.value, str):
            continue
        column = schema.find(given.value)
        if column is not None:
            found[setting] = column
            if setting == "weight" and kind_of(column.type) not in (*NUMBERS, "text"):
                message = f"column `{column.name}` is {column.type}, and a weight is a number"
                hint = "a weight is a number ≥ 0 in every row"
                scope.fault("E0413", message, given.written.value.span, hint=hint)
        else:
            scope.fault(
                "E0315",
                f"the query has no column `{given.value}` for `train.{setting}`",
                given.written.value.span,
                hint=schema.did_you_mean(given.value),
            )
    return found


def _names(written: Sequence[ast.Name], labels: Sequence[Column]) -> Iterator[str]:
    """The labels' names, also of those that are at fault."""
    yield from (name.text for name in written)
    yield from (column.name for column in labels)


def _settings(
    scope: Scope,
    attributes: Attributes,
    columns: Mapping[str, Column],
    model: ModelType,
    task: Task | None,
) -> Mapping[str, Value]:
    settings = attributes.values("train")
    if task == "forecasting":  # whose segments are series, which are among its features
        settings = {k: v for k, v in settings.items() if not k.startswith("partition_")}
    settings |= {setting: column.name for setting, column in columns.items()}
    for name in ("split", "folds"):
        if (held := attributes.find("validation", name)) is not None:
            settings[f"validation.{name}"] = held.value
    if (given := attributes.find("validation", "metrics")) is not None:
        settings["validation.metrics"] = canonical_metrics(scope, given, task, f"`{model.name}`")
    return settings


def _validation(scope: Scope, attributes: Attributes, needed: Sequence[Column]) -> Read | None:
    select = attributes.find("validation", "select")
    if select is None:
        return None
    span = select.written.value.span
    rows = read(scope, str(select.value).strip().rstrip(";"), span)
    check_columns(scope, needed, rows.schema, span, "the training rows")
    return rows
