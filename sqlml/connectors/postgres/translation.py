"""Queries of PostgreSQL's system catalog as queries of ours, which DuckDB can run."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from sqlml.connectors.postgres.parameters import substituted
from sqlml.connectors.remembered import remembered

NAME = "sqlml_pg"
_FOLDER = Path(__file__).parent / "system"
_CATALOG = tuple(
    (_FOLDER / f"{name}.sql").read_text("utf-8")
    for name in ("types", "absent", "relations", "functions", "information_schema")
)
SCRIPTS = (*_CATALOG, (_FOLDER / "scalars.sql").read_text("utf-8"))
_SCHEMAS = {"pg_catalog": "main", "information_schema": "information"}
_MADE = re.compile(r"^CREATE (TABLE|VIEW|MACRO) (?:information\.)?(\w+)", re.MULTILINE)
_NAMES = [found for script in _CATALOG for found in _MADE.findall(script)]
_TABLES = frozenset(name for kind, name in _NAMES if kind != "MACRO") | {"pg_settings"}
_FOUND = frozenset(name for name in _TABLES if name.startswith("pg_"))
"""What is found without the name of a schema in front."""
_PRIVATE = frozenset({
    "ident", "quoted", "is_served", "shown", "on_path", "user_name", "name_parts", "row_count",
    "default_written", "view_definition", "own_setting", "own_role", "may_do",
})  # fmt: skip
_FUNCTIONS = frozenset(name for kind, name in _NAMES if kind == "MACRO") - _PRIVATE
_BARE = "|".join(sorted(_FOUND | _FUNCTIONS, key=len, reverse=True))
_ASKED = re.compile(
    r"\b(?:pg_catalog|information_schema)\"?\s*\.|\breg(?:class|type|proc|role|namespace|oper)\w*\b"
    rf"|(?<![\w.'\"])\"?(?:{_BARE})\b",
    re.IGNORECASE,
)
_QUERY = re.compile(r"[\s(]*(?:SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)
_OIDS = re.compile(r"::\s*oid\s*\[\]", re.IGNORECASE)  # which sqlglot cannot read
_TYPES = {
    "oid": "BIGINT", "xid": "BIGINT", "cid": "BIGINT", "name": "VARCHAR", "char": "VARCHAR",
    "text": "VARCHAR", "bpchar": "VARCHAR", "unknown": "VARCHAR", "aclitem": "VARCHAR",
    "int2vector": "SMALLINT[]", "oidvector": "BIGINT[]", "jsonb": "JSON", "oids": "UINTEGER[]",
    **dict.fromkeys(("regprocedure", "regoper", "regoperator"), "VARCHAR"),
}  # fmt: skip
_VECTORS = frozenset({"indkey", "indclass", "indcollation", "indoption", "proargtypes"})
"""Columns of the type int2vector or oidvector, whose places begin with 0."""
_PLACES = frozenset({"indkey", "indoption"})
_CALLS = frozenset({
    "typinput", "typoutput", "typreceive", "typsend", "typmodin", "typmodout", "typanalyze",
})  # fmt: skip
"""Columns of the type regproc: OIDs, of which clients see the names."""
_REGISTERED = {name: name for name in ("regclass", "regtype", "regrole", "regnamespace", "regproc")}
_CALLED: Mapping[type, str] = {
    exp.CurrentVersion: "version", exp.CurrentSchemas: "current_schemas",
}  # fmt: skip
_ONE = exp.Literal.number(1)
_OPERATORS: Mapping[str, Callable[[exp.Expr, exp.Expr], exp.Expr]] = {
    "~": lambda a, b: exp.RegexpLike(this=a, expression=b),
    "!~": lambda a, b: exp.not_(exp.RegexpLike(this=a, expression=b)),
    "~*": lambda a, b: exp.RegexpILike(this=a, expression=b),
    "!~*": lambda a, b: exp.not_(exp.RegexpILike(this=a, expression=b)),
    "=": lambda a, b: exp.EQ(this=a, expression=b),
    "<>": lambda a, b: exp.NEQ(this=a, expression=b),
}


@remembered
def translated(sql: str) -> str:
    """A query of PostgreSQL's catalog as one of ours; anything else as it is."""
    if not _QUERY.match(sql) or not _ASKED.search(sql):
        return sql
    try:
        apart = substituted(sql, lambda number: f"${number} ")  # `$1,$2` begins a text to sqlglot
        return _translated(sqlglot.parse_one(_OIDS.sub("::oids", apart), dialect="postgres"))
    except (SqlglotError, RecursionError):
        return sql


def _translated(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Select):
        tree.set("expressions", [_written(each) for each in tree.expressions])
    for node in reversed(list(tree.walk())):
        instead = _instead(node)
        if instead is not node:
            node.replace(instead)
    return tree.sql("duckdb", unsupported_level=ErrorLevel.IGNORE)


def _instead(node: exp.Expr) -> exp.Expr:  # noqa: C901, PLR0912 - a list
    """What stands for a node whose parts are translated already."""
    match node:
        case exp.Table():
            return _table(node)
        case exp.Column() if node.name == "tableoid":
            return _own("to_regclass", exp.Literal.string(_table_of(node)))
        case exp.Column() if node.text("db") in _SCHEMAS:
            node.set("db", None)
        case exp.Dot() if node.this.name in _SCHEMAS and isinstance(node.this, exp.Identifier):
            return _part(node, "expression")
        case exp.Bracket() if node.this.name in _VECTORS:
            (place,) = node.expressions
            node.set("expressions", [exp.Add(this=exp.paren(place), expression=_ONE.copy())])
        case exp.Anonymous() if node.name.lower() == "generate_subscripts" and _is_vector(node):
            return exp.Sub(this=node.copy(), expression=_ONE.copy())
        case exp.Explode() if isinstance(node.this, exp.ExplodingGenerateSeries):
            return node.this  # that is how it is written again
        case exp.Collate():
            return _part(node, "this")
        case exp.Like() | exp.ILike() if not (_is_any(node) or isinstance(node.parent, exp.Escape)):
            return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
        case exp.Cast():
            return _cast(node)
        case exp.Operator():
            sign = node.text("operator").rpartition(".")[2]
            return _OPERATORS[sign](node.this, node.expression) if sign in _OPERATORS else node
        case exp.Func() if type(node) in _CALLED:
            return _own(_CALLED[type(node)], *([node.this] if node.args.get("this") else []))
        case exp.Anonymous() if not isinstance(node.parent, exp.Table) and not _is_told(node):
            if node.name.lower() in _FUNCTIONS:
                return _own(node.name.lower(), *node.expressions)
    return node


def _is_vector(call: exp.Anonymous) -> bool:
    return bool(call.expressions) and call.expressions[0].name in _VECTORS


def _is_told(call: exp.Expr) -> bool:
    """Whether it has a schema in front that is not PostgreSQL's."""
    return isinstance(call.parent, exp.Dot) and call.parent.this.name not in _SCHEMAS


def _is_any(like: exp.Like | exp.ILike) -> bool:
    """`LIKE ANY (…)`, which takes no ESCAPE."""
    return isinstance(like.expression, exp.Any | exp.All | exp.Array)


def _table(table: exp.Table) -> exp.Expr:
    is_function = isinstance(table.this, exp.Func)
    if is_function and _is_computed(table.this):
        return _row_of(table)
    schema, name = table.text("db").lower(), table.this.name.lower()
    if schema not in _SCHEMAS and (schema or name not in (_FUNCTIONS if is_function else _FOUND)):
        return table
    if not schema and name in _with_names(table):
        return table
    table.set("db", None)
    if name not in (_FUNCTIONS if is_function else _TABLES):
        return table
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
    table.set("db", exp.to_identifier(_SCHEMAS.get(schema, "main")))
    table.set("catalog", exp.to_identifier(NAME))
    return table


def _is_computed(call: exp.Expr) -> bool:
    """Whether it gives one value, or its arguments are queries by now, as DuckDB has none there."""
    if isinstance(call, exp.GenerateSeries):
        return any(call.find_all(exp.Anonymous))
    return isinstance(call, exp.StringToArray)


def _row_of(table: exp.Table) -> exp.Expr:
    """The rows of a function in a query of their own, called as they were."""
    called = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier("own"))
    name = called.columns[0] if called.columns else called.this
    rows = table.this
    if isinstance(rows, exp.GenerateSeries):
        series = [rows.args[each] for each in ("start", "end", "step") if rows.args.get(each)]
        rows = exp.func("unnest", exp.func("generate_series", *series, dialect="duckdb"))
    return exp.select(exp.alias_(rows, name.copy())).subquery(called.this.copy())


def _with_names(table: exp.Table) -> frozenset[str]:
    """What WITH in front of a table's query, or of one around it, defines."""
    found, query = set[str](), table.parent
    while query is not None:
        own = query.args.get("with_")
        found |= {each.alias.lower() for each in own.expressions} if own else set()
        query = query.parent
    return frozenset(found)


def _part(node: exp.Expr, name: str) -> exp.Expr:
    found = node.args[name]
    assert isinstance(found, exp.Expr)
    return found


def _table_of(column: exp.Column) -> str:
    """The name of the table that a column belongs to."""
    select = column.find_ancestor(exp.Select)
    tables = select.find_all(exp.Table) if select else ()
    return next((each.name for each in tables if each.alias_or_name == column.table), "")


def _cast(cast: exp.Cast) -> exp.Expr:
    to, value = _type_name(cast.to), cast.this
    to = f"{to[1:]}[]" if to.startswith("_") else to  # as the catalog calls arrays
    if to.endswith("[]"):
        if isinstance(value, exp.Literal) and value.is_string:
            items = [each.strip('"') for each in value.name.strip("{}").split(",") if each]
            value = exp.Array(expressions=[exp.Literal.string(each) for each in items])
        return exp.cast(value, f"{_TYPES.get(to[:-2], to[:-2])}[]", dialect="duckdb")
    if to in _REGISTERED:
        return _registered(cast, _REGISTERED[to], value)
    return exp.cast(value, _TYPES.get(to, to), dialect="duckdb" if to in _TYPES else "postgres")


def _registered(cast: exp.Cast, to: str, value: exp.Expr) -> exp.Expr:
    """`regclass` and its kin: the OID where one is compared or looked up, else the name."""
    parent = cast.parent
    while isinstance(parent, exp.Paren | exp.Dot):
        parent = parent.parent
    bare = value.unnest()
    while isinstance(bare, exp.Cast):
        bare = bare.this
    is_text = bare.is_string or isinstance(bare, exp.Parameter | exp.Placeholder)
    is_compared = isinstance(parent, exp.EQ | exp.NEQ | exp.In)
    if isinstance(parent, exp.Cast) and _type_name(parent.to) in ("oid", "int", "bigint"):
        return _own(f"to_{to}", value)
    is_text_again = isinstance(parent, exp.Cast) and _type_name(parent.to) in ("text", "varchar")
    if bare.is_string and (is_text_again or isinstance(cast.parent, exp.Select | exp.Alias)):
        return _own(f"from_{to}", _own(f"to_{to}", value))
    is_asked = isinstance(parent, exp.Anonymous) and parent.name.lower() in _FUNCTIONS
    return _own(f"{'to' if is_text or is_compared or is_asked else 'from'}_{to}", value)


def _type_name(kind: exp.Expr) -> str:
    return kind.sql("postgres").lower().removeprefix("pg_catalog.").replace('"', "")


def _written(column: exp.Expr) -> exp.Expr:
    """A vector as clients read it, and a function as its name."""
    value = column.unalias()
    if isinstance(value, exp.Column) and value.name in _CALLS:
        return exp.alias_(_own("from_regproc", value.copy()), column.alias_or_name)
    if not isinstance(value, exp.Column) or value.name not in _VECTORS:
        return column
    kind = "int2vector" if value.name in _PLACES else "oidvector"
    told = exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(kind), expression=value.copy())]
    )
    return exp.alias_(told, column.alias_or_name)


def _own(name: str, *arguments: exp.Expr) -> exp.Expr:
    call = exp.Anonymous(this=name, expressions=list(arguments))
    return exp.Dot.build([exp.to_identifier(NAME), exp.to_identifier("main"), call])
