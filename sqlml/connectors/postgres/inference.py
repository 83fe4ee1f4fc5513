"""The types of a statement's parameters, as far as what they stand beside tells them."""

from collections.abc import Callable, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types

from sqlml.connectors.postgres.parameters import substituted
from sqlml.connectors.remembered import remembered

_NAMED = "sqlml_parameter_"

Columns = Mapping[str, str]
"""A table's columns with their types, names in lower case."""

_NAMES = {
    "INT": "INTEGER", "TEXT": "VARCHAR", "REAL": "FLOAT", "DECIMAL": "DECIMAL(38,10)",
    "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE", "TIMETZ": "TIME WITH TIME ZONE", "OID": "BIGINT",
}  # fmt: skip
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_ALWAYS: Mapping[type, str] = {
    exp.Limit: "BIGINT", exp.Offset: "BIGINT", exp.Like: "VARCHAR", exp.ILike: "VARCHAR",
}  # fmt: skip
_TAKEN = {
    "pg_terminate_backend": "INTEGER", "pg_cancel_backend": "INTEGER", "pg_sleep": "DOUBLE",
    **{
        f"pg_{how}advisory_{what}{shared}": "BIGINT"
        for how in ("", "try_") for what in ("lock", "xact_lock", "unlock")
        for shared in ("", "_shared")
    },
}  # fmt: skip
"""What functions of the server itself take."""
_CALCULATED = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


def parameter_types(sql: str, columns_of: Callable[[str], Columns]) -> Mapping[int, str]:
    """DuckDB's names of types, by the parameters' numbers.

    columns_of: is given a table's name as it is written; of a table that is not there, nothing.
    """
    named = substituted(sql, lambda number: f"{_NAMED}{number}")  # `$1,$2` begins a text to sqlglot
    tree = _parsed(named)
    if tree is None:
        return {}
    tables = {table.alias_or_name.lower(): _own(table, columns_of) for table in _tables(tree)}
    found: dict[int, str] = {}
    for parameter in tree.find_all(exp.Column):
        kind = _beside(parameter, tables) if parameter.name.startswith(_NAMED) else None
        if kind is not None:
            found.setdefault(int(parameter.name.removeprefix(_NAMED)), kind)
    return found


@remembered
def _parsed(sql: str) -> exp.Expr | None:
    """The tree, which nobody changes; None where sqlglot cannot read it."""
    try:
        return sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None


def _tables(tree: exp.Expr) -> list[exp.Table]:
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    return [each for each in tree.find_all(exp.Table) if each.name.lower() not in named]


def _own(table: exp.Table, columns_of: Callable[[str], Columns]) -> Columns:
    if isinstance(table.this, exp.GenerateSeries):
        named = table.alias_column_names or [table.alias_or_name]
        return {name.lower(): "BIGINT" for name in named[:1]}
    bare = exp.Table(this=table.this, db=table.args.get("db"), catalog=table.args.get("catalog"))
    return columns_of(bare.sql("duckdb"))


def _beside(parameter: exp.Expr, tables: Mapping[str, Columns]) -> str | None:
    """The type that the place of a parameter asks for."""
    parent = parameter.parent
    while isinstance(parent, exp.Paren | exp.Neg):
        parameter, parent = parent, parent.parent
    match parent:
        case exp.Cast():
            return _written(parent.to)
        case exp.Anonymous() if parent.name.lower() in _TAKEN:
            return _TAKEN[parent.name.lower()]
        case exp.Coalesce() | exp.If() | exp.Case():
            return _of_choice(parameter, parent, tables)
        case exp.Any() | exp.Anonymous(this="all" | "ALL"):
            element = _of_others(parent, parent.parent, tables)
            return f"{element}[]" if element else None
        case exp.Tuple() | exp.Select() if parameter in parent.expressions:
            return _of_place(parent, parent.expressions.index(parameter), tables)
        case exp.In() | exp.Between():
            return _type(parent.this, tables)
    if isinstance(parent, (*_COMPARED, *_CALCULATED)):
        return _of_others(parameter, parent, tables)
    return _ALWAYS.get(type(parent))


def _of_others(own: exp.Expr, parent: exp.Expr | None, tables: Mapping[str, Columns]) -> str | None:
    others = (
        [side for side in (parent.this, parent.expression) if side is not own] if parent else []
    )
    return _type(others[0], tables) if others else None


def _of_choice(own: exp.Expr, parent: exp.Expr, tables: Mapping[str, Columns]) -> str | None:
    """The type of the other values that an expression may have."""
    whole = parent.parent if isinstance(parent.parent, exp.Case) else parent
    conditions = {id(each.this) for each in whole.find_all(exp.If)}
    values = [each for each in whole.iter_expressions() if not isinstance(each, exp.If)]
    values += [each.args["true"] for each in whole.args.get("ifs") or ()]
    if id(own) in conditions:
        return None
    found = (_type(each, tables) for each in values if each is not own)
    return next(filter(None, found), None)


def _of_place(row: exp.Expr, place: int, tables: Mapping[str, Columns]) -> str | None:
    """The type of a place in rows to be inserted, or in a row that is compared with another."""
    parent = row.parent
    if isinstance(row, exp.Select) or parent is None:
        return _inserted(place, parent, tables)
    if isinstance(parent, exp.Values):
        return _inserted(place, parent.parent, tables)
    if not isinstance(parent, _COMPARED):
        return None
    other = parent.expression if parent.this is row else parent.this
    is_row = isinstance(other, exp.Tuple) and place < len(other.expressions)
    return _type(other.expressions[place], tables) if is_row else None


def _inserted(place: int, statement: exp.Expr | None, tables: Mapping[str, Columns]) -> str | None:
    """The type of the column that a value is inserted into."""
    if not isinstance(statement, exp.Insert):
        return None
    target = statement.this
    columns = tables.get(target.find(exp.Table).name.lower(), {})
    listed = [each.name.lower() for each in target.expressions] or list(columns)
    return columns.get(listed[place]) if place < len(listed) else None


def _type(side: exp.Expr | None, tables: Mapping[str, Columns]) -> str | None:
    match side:
        case exp.Cast():
            return _written(side.to)
        case exp.Literal():
            return "VARCHAR" if side.is_string else "BIGINT" if side.is_int else "DOUBLE"
        case exp.Column():
            places = [side.table.lower()] if side.table else list(tables)
            own = (tables.get(place, {}).get(side.name.lower()) for place in places)
            return next(filter(None, own), None)
        case exp.Count():
            return "BIGINT"
        case exp.Lower() | exp.Upper() | exp.DPipe():
            return "VARCHAR"
    if side is None:
        return None
    inner = list(side.find_all(exp.Column))
    if isinstance(side, (*_CALCULATED, exp.Paren)):
        return _type(inner[0], tables) if inner else None
    return _result(side)


def _result(call: exp.Expr) -> str | None:
    """The type that a function gives whatever it is given, as `length` does."""
    known = annotate_types(call.copy(), dialect="duckdb").type
    is_known = known is not None and not known.is_type(exp.DType.UNKNOWN, exp.DType.NULL)
    return _written(known) if known is not None and is_known else None


def _written(kind: exp.Expr) -> str:
    """A type with the name that DuckDB itself gives to it."""
    name = str(kind.sql("duckdb"))
    return _NAMES.get(name.removesuffix("[]"), name.removesuffix("[]")) + "[]" * name.endswith("[]")
