"""TO EXPLAIN: the model's columns, the explainer, and what it is told."""

from collections.abc import Iterator

from sqlml.databases.database import Column
from sqlml.errors import did_you_mean, located
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes, Given, read_attributes, vocabulary
from sqlml.planner.compatibility import check_columns
from sqlml.planner.labels import training_labels
from sqlml.planner.metrics import canonical_metrics
from sqlml.planner.models import Model
from sqlml.planner.plan import Explain, Read
from sqlml.planner.reading import read
from sqlml.planner.references import usable_model
from sqlml.planner.schema import Schema
from sqlml.planner.scope import Scope
from sqlml.planner.tables import table_name
from sqlml.planner.targets import refuse_overwriting
from sqlml.zoo.steps.explainers import (
    EXPLAINERS,
    NAMES,
    SCORE_CARD,
    SETTINGS,
    UNEXPLAINED_BY_SHAP,
    Explainer,
    find_explainer,
    key_and_feature,
    spelled,
    value_type,
)

_FEATURE = Column("feature", "VARCHAR")
_BIN = Column("bin", "VARCHAR")
_NUMBERS = {
    "gain": ("fscore", "gain"),
    "permutation": ("importance", "std"),
    "points": ("points", "woe", "good", "bad", "information_value", "coefficient"),
}


def plan_explain(scope: Scope, statement: ast.Explain) -> Explain:
    """What TO EXPLAIN does; the table that it makes is known to later statements."""
    rows = read(scope, statement.query.sql, statement.query.span)
    use, model = usable_model(scope, statement.model)
    attributes = read_attributes(scope, statement.attributes, vocabulary("explain"))
    explainer = _explainer(scope, statement)
    kind = find_explainer(explainer) or "shap"
    _check_settings(scope, attributes, kind)
    keys = _keys(scope, attributes, rows.schema)
    if model is not None and model.is_understood:
        _check_model(scope, statement, rows, model, kind)
        _check_features(scope, attributes, model)
        if kind == "shap" and statement.into is not None:
            _check_keys(scope, attributes, keys, model)
    else:
        model = None
    settings = attributes.values("explain")
    if keys:
        settings["keys"] = tuple(key.name for key in keys)
    if metric := attributes.find("explain", "metric"):
        settings["metric"] = _metric(scope, metric, model)
    into = None if statement.into is None else table_name(statement.into.parts)
    if into is not None and statement.into is not None:
        refuse_overwriting(scope, statement.into, into, rows.sources, "its explanations")
        columns, beginnings = _columns(kind, keys, attributes, model)
        scope.create(into, columns, statement.into.span)
        scope.leave_open(into, beginnings)
    return Explain(statement, rows, use, explainer, settings, into)


def _explainer(scope: Scope, statement: ast.Explain) -> str:
    """The explainer as it is spelt in the step; empty where none is named."""
    if statement.using is None:
        return ""
    found = spelled(statement.using.text)
    if found is None:
        hint = did_you_mean(statement.using.text, NAMES) or f"there are: {', '.join(NAMES)}"
        message = f"there is no explainer `{statement.using.text}`"
        scope.fault("E0222", message, statement.using.span, hint=hint)
    return found or ""


def _check_settings(scope: Scope, attributes: Attributes, kind: Explainer) -> None:
    for name in attributes.values("explain"):
        given = attributes.find("explain", name)
        if given is not None and name not in SETTINGS[kind]:
            usable = [EXPLAINERS[other][0] for other, known in SETTINGS.items() if name in known]
            scope.fault(
                "E0291",
                f"`explain.{name}` means nothing to {EXPLAINERS[kind][0]}",
                given.span,
                hint=f"leave it out, or explain `USING {usable[0]}`",
            )


def _check_model(
    scope: Scope, statement: ast.Explain, rows: Read, model: Model, kind: Explainer
) -> None:
    span = statement.query.span
    check_columns(scope, model.columns, rows.schema, span, f"model `{model.name}`")
    if kind == "permutation":
        training_labels(scope, span, model, rows.schema)
    if kind == "points" and model.estimator != SCORE_CARD:
        scope.fault(
            "E0228",
            f"`{model.name}` is a `{model.estimator}`, which gives no points",
            (statement.using or statement.model).span,
            hint=f"`TO TRAIN {SCORE_CARD.partition('.')[2]}` makes a score card",
        )
    if model.task == "forecasting":
        scope.fault(
            "E0293",
            f"`{model.name}` cannot be explained: it looks at nothing but times",
            statement.model.span,
            hint="leave the statement out",
        )
    elif kind == "shap" and model.task in UNEXPLAINED_BY_SHAP:
        scope.fault(
            "E0293",
            f"`{model.name}` has no SHAP values: it is for {model.task}",
            (statement.using or statement.model).span,
            hint="explain it `USING PermutationExplainer` or `USING PartialDependence`",
        )


def _check_features(scope: Scope, attributes: Attributes, model: Model) -> None:
    given = attributes.find("explain", "features")
    known = {column.name.casefold() for column in model.columns}
    for name in _texts(given):
        if given is not None and name.casefold() not in known:
            names = [column.name for column in model.columns]
            scope.fault(
                "E0292",
                f"`{model.name}` has no feature made of a column `{name}`",
                given.written.value.span,
                hint=did_you_mean(name, names) or f"columns: {', '.join(names[:10])}",
            )


def _check_keys(
    scope: Scope, attributes: Attributes, keys: tuple[Column, ...], model: Model
) -> None:
    """Whether a column of SHAP values has the name of a key, as far as that is known by now.

    Where several classes have values of their own, the class is part of the name.
    """
    given = attributes.find("explain", "keys")
    if given is None or not _has_one_output(model):
        return
    taken = {name.casefold() for name in model.outputs()}
    for key in keys:
        if key.name.casefold() in taken:
            scope.faults.append(located(key_and_feature(key.name), given.written.value.span))


def _has_one_output(model: Model) -> bool:
    if model.task == "classification":
        several = str(model.parameters.get("objective")).startswith("multi")
        return len(model.classes or ()) == 2 and not several
    return model.task is not None and len(model.labels) < 2


def _metric(scope: Scope, given: Given, model: Model | None) -> str:
    if model is None:
        return str(given.value)
    (name,) = canonical_metrics(scope, given, model.task, f"`{model.name}`")
    return name


def _columns(
    kind: Explainer, keys: tuple[Column, ...], attributes: Attributes, model: Model | None
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns of the table, and the beginnings of those that only the run can tell."""
    match kind:
        case "shap":
            return keys or (_FEATURE,), ("",)
        case "partial":
            types = list(_types(attributes, model))
            value = Column("value", value_type(types) if types else "VARCHAR")
            alone = model is not None and model.task in ("regression", "ranking", "density")
            columns = (_FEATURE, value, Column("prediction", "DOUBLE"))
            return columns, () if alone and model and len(model.labels) < 2 else ("class",)
        case _:
            named = (_FEATURE, _BIN) if kind == "points" else (_FEATURE,)
            return (*named, *(Column(name, "DOUBLE") for name in _NUMBERS[kind])), ()


def _types(attributes: Attributes, model: Model | None) -> Iterator[str]:
    """The types of the features that are varied."""
    asked = {name.casefold() for name in _texts(attributes.find("explain", "features"))}
    for column in () if model is None else model.columns:
        if not asked or column.name.casefold() in asked:
            yield column.type


def _texts(given: Given | None) -> tuple[str, ...]:
    value = None if given is None else given.value
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def _keys(scope: Scope, attributes: Attributes, schema: Schema) -> tuple[Column, ...]:
    given = attributes.find("explain", "keys")
    found = []
    for name in _texts(given):
        column = schema.find(name)
        if column is not None:
            found.append(column)
        elif given is not None:
            scope.fault(
                "E0315",
                f"the query has no column `{name}` for `explain.keys`",
                given.written.value.span,
                hint=schema.did_you_mean(name),
            )
    return tuple(found)
