"""TO CHECK: the model's columns, and the table of what has changed since the training."""

from sqlml.databases.database import Column
from sqlml.grammar import ast
from sqlml.planner.attributes import read_attributes, vocabulary
from sqlml.planner.compatibility import check_columns
from sqlml.planner.plan import Compare
from sqlml.planner.reading import read
from sqlml.planner.references import usable_model
from sqlml.planner.scope import Scope
from sqlml.planner.tables import table_name
from sqlml.planner.targets import refuse_overwriting

_COLUMNS = (
    *(Column(name, "VARCHAR") for name in ("feature", "role", "verdict", "reason")),
    *(Column(name, "DOUBLE") for name in ("psi", "ks", "missing_before", "missing_now")),
    *(Column(name, "DOUBLE") for name in ("out_of_range", "new_share")),
    Column("new_categories", "VARCHAR[]"),
)


def plan_check(scope: Scope, statement: ast.Check) -> Compare:
    """What TO CHECK does; the table that it makes is known to later statements."""
    rows = read(scope, statement.query.sql, statement.query.span)
    use, model = usable_model(scope, statement.model)
    attributes = read_attributes(scope, statement.attributes, vocabulary("check"))
    if model is not None and model.is_understood:
        span = statement.query.span
        check_columns(scope, model.columns, rows.schema, span, f"model `{use.reference}`")
    into = None if statement.into is None else table_name(statement.into.parts)
    if into is not None and statement.into is not None:
        refuse_overwriting(scope, statement.into, into, rows.sources, "what has changed")
        scope.create(into, _COLUMNS, statement.into.span)
    return Compare(statement, rows, use, attributes.values("check"), into)
