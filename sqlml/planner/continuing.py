"""TO TRAIN … USING: whether training can go on from an earlier model."""

from sqlml.errors import Diagnostic, located
from sqlml.grammar import ast
from sqlml.planner.features import needed_columns
from sqlml.planner.models import Model
from sqlml.planner.plan import Fit
from sqlml.planner.scope import Scope
from sqlml.zoo.label import Label
from sqlml.zoo.model import ModelType
from sqlml.zoo.steps.continuing import other_features, other_labels, other_segments


def check_same_kind(scope: Scope, statement: ast.Train, earlier: Model, model: ModelType) -> None:
    """Tell the scope where the earlier model is of another kind."""
    assert statement.using is not None
    if earlier.estimator != model.name:
        scope.fault(
            "E0221",
            f"`{statement.using.text}` is a `{earlier.estimator}`,"
            f" and a `{model.name}` cannot go on from it",
            statement.using.span,
            hint=f"write `TO TRAIN {earlier.estimator}`, or leave USING out",
        )


def check_same_parts(scope: Scope, statement: ast.Train, earlier: Model, fit: Fit) -> None:
    """Tell the scope where the earlier model has other segments, columns or labels."""
    assert statement.using is not None
    problem = (
        _other_segments(earlier, fit) or _other_columns(earlier, fit) or _other_labels(earlier, fit)
    )
    if problem is not None:
        scope.faults.append(located(problem, statement.using.span))


def _other_segments(earlier: Model, fit: Fit) -> Diagnostic | None:
    partition = fit.settings.get("partition_by") or ()
    assert isinstance(partition, tuple)
    return other_segments(earlier.name, earlier.partition, tuple(map(str, partition)))


def _other_columns(earlier: Model, fit: Fit) -> Diagnostic | None:
    keys = {name.casefold() for name in earlier.partition}
    before = {column.name.casefold() for column in earlier.columns} - keys
    now = {column.name.casefold() for column in needed_columns(fit.features)}
    return None if before == now else other_features(earlier.name, before ^ now)


def _other_labels(earlier: Model, fit: Fit) -> Diagnostic | None:
    found = map(fit.rows.schema.find, fit.label)
    now = tuple(Label(column.name, column.type) for column in found if column is not None)
    before = tuple(Label(column.name, column.type) for column in earlier.labels)
    return other_labels(earlier.name, before, now)
