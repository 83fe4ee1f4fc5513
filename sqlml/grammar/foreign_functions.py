"""Functions of other databases as expressions of DuckDB, where sqlglot has none or a wrong one.

What they give is what the other database documents. Times of day without a zone are taken as UTC.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlglot import exp, parse_one

_DATE = "CAST(_1 AS DATE)"
_UNITS = {
    "yyyy": "years", "mm": "months", "dd": "days", "hh": "hours", "mi": "minutes", "ss": "seconds",
}  # fmt: skip
_WHEN = " ".join(f"WHEN '{unit}' THEN to_{span}(_2)" for unit, span in _UNITS.items())
_SPAN = f"CASE lower(_3) {_WHEN} ELSE error('dateadd has no such unit: ' || _3) END"
_SPLIT = "string_split(_1, _2)"
_ENTRY = "lambda e: {'key': split_part(e, _3, 1), 'value': split_part(e, _3, 2)}"
_TO_MAP = f"map_from_entries(list_transform(str_split_regex(_1, _2), {_ENTRY}))"

_SUBSTRING_INDEX = (
    f"array_to_string(CASE WHEN _3 < 0 THEN {_SPLIT}[_3:] ELSE {_SPLIT}[1:_3] END, _2)"
)
_AFTER = "CAST(lower(_1) > lower(_2) AS INTEGER)"
_SECONDS = "CAST(epoch(CAST(_1 AS TIMESTAMP)) AS BIGINT)"

# A function's name to what it is for each number of arguments; `_1` is the first of them, `_rest`
# all the others.
_Templates = Mapping[str, Mapping[int | None, str]]

_MYSQL: _Templates = {
    "ADDDATE": {2: f"({_DATE} + CAST(_2 AS INTEGER))"},
    "DAYOFWEEK": {1: f"(dayofweek({_DATE}) + 1)"},
    "ELT": {None: "list_extract([_rest], _1)"},
    "FIELD": {None: "coalesce(list_position([_rest], _1), 0)"},
    "FIND_IN_SET": {2: "list_position(string_split(_2, ','), _1)"},
    "FROM_UNIXTIME": {1: "make_timestamp(CAST(CAST(_1 AS DOUBLE) * 1000000 AS BIGINT))"},
    "JSON_UNQUOTE": {1: "json_extract_string(_1, '$')"},
    "LENGTH": {1: "strlen(CAST(_1 AS TEXT))"},
    "MAKEDATE": {2: "(make_date(_1, 1, 1) + CAST(_2 - 1 AS INTEGER))"},
    "MID": {2: "substring(_1, _2)", 3: "substring(_1, _2, _3)"},
    "OCTET_LENGTH": {1: "strlen(CAST(_1 AS TEXT))"},
    "REGEXP_SUBSTR": {2: "nullif(regexp_extract(_1, _2, 0, 'i'), '')"},
    "SEC_TO_TIME": {1: "(TIME '00:00:00' + to_seconds(_1))"},
    "STRCMP": {2: f"({_AFTER} - {_AFTER.replace('>', '<')})"},
    "SUBDATE": {2: f"({_DATE} - CAST(_2 AS INTEGER))"},
    "SUBSTRING_INDEX": {3: _SUBSTRING_INDEX},
    "TIME_TO_SEC": {1: "CAST(epoch(CAST(_1 AS TIME)) AS BIGINT)"},
    "TO_DAYS": {1: f"(date_diff('day', DATE '0001-01-01', {_DATE}) + 366)"},
    "UNIX_TIMESTAMP": {0: "CAST(epoch(now()) AS BIGINT)", 1: _SECONDS},
    "WEEKDAY": {1: f"(isodow({_DATE}) - 1)"},
}
_HIVE: _Templates = {
    "DATEADD": {3: f"(CAST(_1 AS TIMESTAMP) + {_SPAN})"},
    "DAYOFWEEK": {1: f"(dayofweek({_DATE}) + 1)"},
    "FIND_IN_SET": {2: "list_position(string_split(_2, ','), _1)"},
    "GETDATE": {0: "CAST(now() AS TIMESTAMP)"},
    "ISNOTNULL": {1: "(_1 IS NOT NULL)"},
    "ISNULL": {1: "(_1 IS NULL)"},
    "NEGATIVE": {1: "(-_1)"},
    "PMOD": {2: "(((_1 % _2) + _2) % _2)"},
    "RLIKE": {2: "regexp_matches(_1, _2)"},
    "SHIFTLEFT": {2: "(_1 << _2)"},
    "SHIFTRIGHT": {2: "(_1 >> _2)"},
    "STR_TO_MAP": {
        1: _TO_MAP.replace("_2", "','").replace("_3", "':'"),
        2: _TO_MAP.replace("_3", "':'"),
        3: _TO_MAP,
    },
    "SUBSTRING_INDEX": {3: _SUBSTRING_INDEX},
    "WM_CONCAT": {2: "string_agg(_2, _1)"},
}
_OF_INTERVALS = {
    "ADDDATE": "(CAST(_1 AS TIMESTAMP) + _2)",
    "SUBDATE": "(CAST(_1 AS TIMESTAMP) - _2)",
}
_BY_DIALECT: Mapping[str, _Templates] = {
    "mysql": _MYSQL, "hive": _HIVE, "spark": _HIVE, "spark2": _HIVE, "databricks": _HIVE,
}  # fmt: skip


def functions_of(dialect: str) -> frozenset[str]:
    """The names, in upper case, of the functions that `replace_function` knows."""
    return frozenset(_BY_DIALECT.get(dialect, ()))


def replace_function(node: exp.Anonymous, dialect: str) -> exp.Expr:
    """What a function is in DuckDB; the very same node where nothing is known of it."""
    templates = _BY_DIALECT.get(dialect, {}).get(node.name.upper(), {})
    template = templates.get(len(node.expressions), templates.get(None))
    if node.expressions and isinstance(node.expressions[-1], exp.Interval):
        template = _OF_INTERVALS.get(node.name.upper(), template)
    return node if template is None else _filled(template, node.expressions)


def _filled(template: str, arguments: Sequence[exp.Expr]) -> exp.Expr:
    tree = exp.Paren(this=_parsed(template).copy())
    for name in list(tree.find_all(exp.Column)):
        if name.name == "_rest":
            parent = name.parent
            assert parent is not None
            parent.set("expressions", [argument.copy() for argument in arguments[1:]])
        elif name.name.startswith("_"):
            name.replace(arguments[int(name.name[1:]) - 1].copy())
    filled: exp.Expr = tree.this
    return filled


@cache
def _parsed(template: str) -> exp.Expr:
    return parse_one(template, dialect="duckdb")
