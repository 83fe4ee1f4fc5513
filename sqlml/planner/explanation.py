"""TO EXPLAIN: the model's columns, the explainer, and the columns that tell rows apart."""

from sqlml.databases.database import Column
from sqlml.errors import did_you_mean
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes, read_attributes, vocabulary
from sqlml.planner.compatibility import check_columns
from sqlml.planner.models import Model
from sqlml.planner.plan import Explain
from sqlml.planner.reading import read
from sqlml.planner.references import usable_model
from sqlml.planner.schema import Schema
from sqlml.planner.scope import Scope
from sqlml.planner.tables import table_name
from sqlml.planner.targets import warn_about_overwriting
from sqlml.zoo.steps.explain import EXPLAINERS, GAIN, POINTS

SCORE_CARD = "scorecard.ScoreCard"
_NUMBERS = ("points", "woe", "good", "bad", "information_value", "coefficient")
_POINTS = (
    Column("feature", "VARCHAR"),
    Column("bin", "VARCHAR"),
    *(Column(name, "DOUBLE") for name in _NUMBERS),
)
_GAINS = (Column("feature", "VARCHAR"), Column("fscore", "DOUBLE"), Column("gain", "DOUBLE"))


def plan_explain(scope: Scope, statement: ast.Explain) -> Explain:
    """What TO EXPLAIN does; the table that it makes is known to later statements."""
    rows = read(scope, statement.query.sql, statement.query.span)
    use, model = usable_model(scope, statement.model)
    attributes = read_attributes(scope, statement.attributes, vocabulary("explain"))
    explainer = _explainer(scope, statement)
    if explainer in POINTS and model is not None and model.is_understood:
        _check_points(scope, statement, model)
    keys = _keys(scope, attributes, rows.schema)
    if model is not None and model.is_understood:
        check_columns(
            scope,
            model.columns,
            rows.schema,
            statement.query.span,
            f"model `{use.reference}`",
        )
    into = None if statement.into is None else table_name(statement.into.parts)
    if into is not None and statement.into is not None:
        warn_about_overwriting(scope, statement.into, into, rows.sources, "its explanations")
        fixed = _GAINS if explainer in GAIN else _POINTS if explainer in POINTS else ()
        scope.create(into, fixed or keys or _GAINS[:1], statement.into.span)
        scope.leave_open(into, () if fixed else ("",))
    settings = attributes.values("explain")
    if keys:
        settings["keys"] = tuple(key.name for key in keys)
    return Explain(statement, rows, use, explainer, settings, into)


def _check_points(scope: Scope, statement: ast.Explain, model: Model) -> None:
    if model.estimator == SCORE_CARD or statement.using is None:
        return
    scope.fault(
        "E0228",
        f"`{model.name}` is a `{model.estimator}`, which gives no points",
        statement.using.span,
        hint=f"`TO TRAIN {SCORE_CARD.partition('.')[2]}` makes a score card",
    )


def _explainer(scope: Scope, statement: ast.Explain) -> str:
    """The explainer as it is spelt in the step; empty where none is named."""
    if statement.using is None:
        return ""
    spelt = {name.casefold(): name for name in EXPLAINERS}.get(statement.using.text.casefold())
    if spelt is None:
        hint = did_you_mean(statement.using.text, EXPLAINERS)
        hint = hint or f"there are: {', '.join(EXPLAINERS)}"
        message = f"there is no explainer `{statement.using.text}`"
        scope.fault("E0222", message, statement.using.span, hint=hint)
        return ""
    return spelt


def _keys(scope: Scope, attributes: Attributes, schema: Schema) -> tuple[Column, ...]:
    given = attributes.find("explain", "keys")
    if given is None or not isinstance(given.value, tuple):
        return ()
    found = []
    for name in map(str, given.value):
        column = schema.find(name)
        if column is not None:
            found.append(column)
            continue
        scope.fault(
            "E0315",
            f"the query has no column `{name}` for `explain.keys`",
            given.written.value.span,
            hint=schema.did_you_mean(name),
        )
    return tuple(found)
