"""Whether a query gives the columns that a model needs."""

from collections.abc import Mapping, Sequence

from sqlml.databases.database import Column
from sqlml.errors import MAX_SHOWN, nearest
from sqlml.planner.schema import Schema, is_null, listed
from sqlml.planner.scope import Scope
from sqlml.source import Span
from sqlml.zoo.features.kinds import Kind, kind_of

# Kinds of which one can stand for another.
_ALIKE: Mapping[Kind, str] = {
    "integer": "number",
    "float": "number",
    "boolean": "number",
    "date": "date",
    "timestamp": "date",
}


def check_columns(
    scope: Scope,
    needed: Sequence[Column],
    schema: Schema,
    span: Span,
    model: str,
    *,
    what: str = "the query",
) -> None:
    """Tell the scope, in one fault, about all columns that are missing or of another type."""
    missing, other, ambiguous = [], [], []
    for column in needed:
        given = schema.find(column.name)
        if given is None:
            missing.append(column.name)
        elif not is_compatible(given.type, column.type):
            other.append(f"`{column.name}` is {given.type}, not {column.type}")
        elif schema.is_ambiguous(column.name):
            ambiguous.append(column.name)
    if ambiguous:
        scope.fault(
            "E0304",
            f"{what} gives several columns {listed(ambiguous)}",
            span,
            hint="give each a name of its own with AS, or select it once",
        )
    if missing or other:
        parts = [f"it lacks the {_counted(missing)} {listed(missing)}"] if missing else []
        parts += other[:MAX_SHOWN] + ([f"{len(other):,} in all"] if len(other) > MAX_SHOWN else [])
        scope.fault(
            "E0310",
            f"{what} does not fit {model}: {'; '.join(parts)}",
            span,
            hint=_way_out(missing, needed, schema),
        )


def _counted(names: Sequence[str]) -> str:
    if len(names) > MAX_SHOWN:
        return f"{len(names):,} columns"
    return "column" if len(names) == 1 else "columns"


def is_compatible(given: str, needed: str) -> bool:
    """Whether values of one database type can stand where a model was trained on another."""
    if not given or not needed or is_null(given):
        return True
    one, two = kind_of(given), kind_of(needed)
    return _ALIKE.get(one, one) == _ALIKE.get(two, two)


def _way_out(missing: Sequence[str], needed: Sequence[Column], schema: Schema) -> str:
    if not missing:
        return "cast them in the query: `column::TYPE AS column`"
    taken = {column.name.casefold() for column in needed}
    free = (column.name for column in schema.columns if column.name.casefold() not in taken)
    close = nearest(missing[0], free)
    if close:
        return f"did you mean `{close}`? `{close} AS {missing[0]}` renames it in the query"
    if len(missing) == 1:
        return "select it, renamed with AS where it has another name"
    return "select them, renamed with AS where they have other names"
