"""Expressions of other databases that sqlglot takes over although DuckDB means another thing."""

from collections.abc import Mapping

from sqlglot import exp

from sqlml.grammar.foreign_dates import HIVE_DATES, MYSQL_DATES, Mend
from sqlml.grammar.foreign_functions import replace_function
from sqlml.grammar.user_variables import (
    read_setting,
    read_variable,
    refuse_assignment,
    refuse_target,
)

_WHOLE = (
    exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT,
)  # fmt: skip
_MOMENT = "%Y-%m-%d %H:%M:%S"
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


def mend_syntax(tree: exp.Expr, dialect: str) -> exp.Expr:
    """The tree, changed in place, with the meaning that it has in `dialect`."""
    mends = _MENDS.get(dialect, {})

    def mended(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous):
            return replace_function(node, dialect)
        mend = mends.get(type(node))
        return node if mend is None else mend(node)

    for node in reversed(list(tree.walk())):  # what is inside comes first
        changed = mended(node)
        if changed is not node:
            node.replace(changed)
    return tree


# --- MySQL: text is compared without case -------------------------------------------------


def _like(node: exp.Expr) -> exp.Expr:
    pattern = node.expression
    if isinstance(pattern, exp.Cast) and pattern.to.this == exp.DType.BINARY:
        pattern.replace(pattern.this.copy())
        return node
    return exp.ILike(**{**node.copy().args, "this": _text(node.this)})


def _regexp(node: exp.Expr) -> exp.Expr:
    node.set("flag", exp.Literal.string("i"))
    return _matched(node)


def _matched(node: exp.Expr) -> exp.Expr:
    """Numbers are matched as the text that they are written as."""
    node.set("this", _text(node.this))
    return node


def _text(node: exp.Expr) -> exp.Expr:
    return node.copy() if isinstance(node, exp.Literal) else exp.cast(node.copy(), "TEXT")


def _order(node: exp.Expr) -> exp.Expr:
    """`ORDER BY NULL` asks for no order."""
    asked = [one for one in node.expressions if not isinstance(one.this, exp.Null)]
    if not asked:
        node.pop()
    return node


def _mean(node: exp.Expr) -> exp.Expr:
    """A comparison is 1 or 0."""
    if isinstance(node.this.unnest(), exp.Predicate | exp.Connector | exp.Not):
        node.set("this", exp.cast(node.this.copy(), "INT"))
    return node


def _in_character_set(node: exp.Expr) -> exp.Expr:
    """`CONVERT(text USING utf8)`: all text is Unicode here."""
    return _text(node.this) if node.args["to"].this == exp.DType.CHARACTER_SET else node


def _having(node: exp.Expr) -> exp.Expr:
    """Without groups and aggregates HAVING is a WHERE that knows the names of the SELECT list."""
    having = node.args.get("having")
    if having is None or node.args.get("group") or node.find(exp.AggFunc):
        return node
    named = {one.alias.lower(): one.this for one in node.expressions if isinstance(one, exp.Alias)}
    for column in list(having.find_all(exp.Column)):
        if not column.table and column.name.lower() in named:
            column.replace(exp.paren(named[column.name.lower()].copy()))
    node.set("having", None)
    where = node.args.get("where")
    conditions = [part.this.copy() for part in (where, having) if part is not None]
    node.set("where", exp.Where(this=exp.and_(*conditions)))
    return node


# --- Hive ---------------------------------------------------------------------------------


def _whole(node: exp.Expr) -> exp.Expr:
    """A cast to a whole number cuts off what stands behind the point."""
    if node.to.this not in _WHOLE:  # type: ignore[attr-defined]
        return node
    number = exp.TryCast(this=node.this.copy(), to=exp.DataType.build("DECIMAL(38, 9)"))
    cut = exp.Anonymous(this="trunc", expressions=[number])
    return exp.TryCast(this=cut, to=node.args["to"].copy())


def _date(node: exp.Expr) -> exp.Expr:
    return exp.cast(node.copy(), "DATE")


def _seconds(node: exp.Expr) -> exp.Expr:
    """Since 1970; without a format, of the moment that is given, as text or as it is."""
    if node.text("format").replace("strict", "") not in ("", _MOMENT):
        return exp.cast(node.copy(), "BIGINT")
    moment = exp.TryCast(this=node.this.copy(), to=exp.DataType.build("TIMESTAMP"))
    return exp.cast(exp.Anonymous(this="epoch", expressions=[moment]), "BIGINT")


def _lateral_views(node: exp.Expr) -> exp.Expr:
    """`LATERAL VIEW OUTER` keeps rows without elements; `json_tuple` gives a row for each."""
    for view in list(node.args.get("laterals") or ()):
        explode, alias = view.this, view.args["alias"]
        if explode.name.lower() == "json_tuple":
            view.pop()
            fields = exp.Lateral(this=_fields(explode, alias).subquery(), alias=alias.copy())
            fields.args["alias"].set("columns", None)
            node.append("joins", exp.Join(this=fields, kind="CROSS"))
            continue
        if not (view.args.get("outer") and isinstance(explode, exp.Explode)):
            continue
        view.pop()
        columns = [column.copy() for column in alias.columns]
        unnested = exp.Unnest(
            expressions=[explode.this.copy()],
            alias=exp.TableAlias(this=alias.this.copy(), columns=columns),
        )
        node.append("joins", exp.Join(this=unnested, side="LEFT", on=exp.true()))
    return node


def _fields(call: exp.Expr, alias: exp.Expr) -> exp.Select:
    """The fields of a document that `json_tuple(document, 'name', …)` names, as text."""
    document, *names = call.expressions
    columns = alias.args.get("columns") or ()
    return exp.select(
        *(
            exp.alias_(
                exp.Anonymous(
                    this="json_extract_string",
                    expressions=[document.copy(), exp.Literal.string(f'$."{name.name}"')],
                ),
                column.name,
                quoted=True,
            )
            for name, column in zip(names, columns, strict=False)
        )
    )


# --- PostgreSQL ---------------------------------------------------------------------------


def _divide(node: exp.Expr) -> exp.Expr:
    """Two whole numbers give a whole number."""
    one, two = node.this, node.expression
    if one.is_int and two.is_int:
        return exp.IntDiv(this=one.copy(), expression=two.copy())
    if any(_is_fraction(part) for part in (one, two)):
        return node
    quotient = node.copy()
    are_whole = exp.and_(*(_is_whole(part) for part in (one, two)))
    cut = exp.Anonymous(this="trunc", expressions=[quotient.copy()])
    return exp.Paren(this=exp.Case(ifs=[exp.If(this=are_whole, true=cut)], default=quotient))


def _is_fraction(node: exp.Expr) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Literal):
        return not node.is_int
    return isinstance(node, exp.Cast) and node.to.this not in (*_WHOLE, exp.DType.UNKNOWN)


def _is_whole(node: exp.Expr) -> exp.Expr:
    kind = exp.Anonymous(this="typeof", expressions=[node.copy()])
    return exp.In(this=kind, expressions=[exp.Literal.string(name) for name in _INTEGERS])


def _json_path(node: exp.Expr) -> exp.Expr:
    """`#> '{a,b,1}'` is `-> '$.a.b[1]'`."""
    path = node.expression
    if not (isinstance(path, exp.Literal) and path.is_string):
        return node
    steps = "".join(_step(part.strip()) for part in path.name.strip("{}").split(","))
    is_text = isinstance(node, exp.JSONBExtractScalar)
    function = "json_extract_string" if is_text else "json_extract"
    document = node.this.copy()
    return exp.Anonymous(this=function, expressions=[document, exp.Literal.string(f"${steps}")])


def _step(part: str) -> str:
    return f"[{part}]" if part.isdecimal() else f'."{part.strip(chr(34))}"'


def _table(node: exp.Expr) -> exp.Expr:
    """The schema where tables are if nobody says otherwise is called `main`."""
    schema = node.args.get("db")
    if isinstance(schema, exp.Identifier) and schema.name.lower() == "public":
        node.set("db", exp.to_identifier("main"))
    return node


_HIVE: Mapping[type[exp.Expr], Mend] = {
    **HIVE_DATES,
    exp.Cast: _whole,
    exp.Like: _matched,
    exp.RegexpLike: _matched,
    exp.Select: _lateral_views,
    exp.StrToUnix: _seconds,
    exp.TryCast: _whole,
    exp.TsOrDsAdd: _date,
}
_MENDS: Mapping[str, Mapping[type[exp.Expr], Mend]] = {
    "mysql": {
        **MYSQL_DATES,
        exp.Avg: _mean,
        exp.Cast: _in_character_set,
        exp.Like: _like,
        exp.Into: refuse_target,
        exp.Order: _order,
        exp.Parameter: read_variable,
        exp.PropertyEQ: refuse_assignment,
        exp.RegexpLike: _regexp,
        exp.Select: _having,
        exp.SessionParameter: read_setting,
    },
    "hive": _HIVE,
    "spark": _HIVE,
    "postgres": {
        exp.Div: _divide,
        exp.JSONBExtract: _json_path,
        exp.JSONBExtractScalar: _json_path,
        exp.Table: _table,
    },
}
