"""The dialects of SQL as sqlml reads and writes them: sqlglot's, mended where they fall short."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

from sqlglot import TokenType, exp, parse_one
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from sqlml.grammar.foreign_functions import functions_of
from sqlml.grammar.foreign_statements import mend_statement
from sqlml.grammar.foreign_syntax import mend_syntax

_REPLACE = re.compile(r"\s*REPLACE\s+INTO\b", re.IGNORECASE)
_RENAME = re.compile(r"\s*RENAME\s+TABLE\s+([^\s,]+)\s+TO\s+([^\s,]+)\s*\Z", re.IGNORECASE)
_LIFECYCLE = re.compile(
    r"(\bCREATE\s+TABLE\s[^'\"(]*?)\bLIFECYCLE\s+\d+(?=\s+AS\b)|\bLIFECYCLE\s+\d+\s*\Z",
    re.IGNORECASE,
)


def read(sql: str, dialect: str) -> exp.Expr:
    """The tree of one statement.

    Raises:
        SqlglotError: it is none of the dialect's.
    """
    if dialect == "mysql" and (replaced := _REPLACE.match(sql)):
        sql = f"{'INSERT OR REPLACE INTO':>{replaced.end()}}{sql[replaced.end() :]}"
    if dialect == "mysql" and (renamed := _RENAME.match(sql)):
        sql = f"ALTER TABLE {renamed[1]} RENAME TO {renamed[2]}"
    if dialect == "hive":
        sql = _LIFECYCLE.sub(r"\1", sql)  # of tables of MaxCompute
    with _unforeseen_told():
        tree: exp.Expr = parse_one(sql, dialect=_dialect(dialect))
    return tree


def write(
    tree: exp.Expr,
    from_dialect: str,
    to_dialect: str,
    functions: Literal["upper", "lower", False] = False,
) -> str:
    """A tree that was read in one dialect as SQL of another. functions: the case of their names.

    Raises:
        SqlglotError: it cannot be said there.
    """
    statements = [tree]
    with _unforeseen_told():
        if from_dialect != to_dialect:
            statements = mend_statement(mend_syntax(tree.copy(), from_dialect), from_dialect)
        target = _dialect(to_dialect)
        written = [one.sql(dialect=target, normalize_functions=functions) for one in statements]
    return "; ".join(written)


@contextmanager
def _unforeseen_told() -> Iterator[None]:
    """What sqlglot stumbles over, such as an empty b'', is an error of its own."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise SqlglotError(str(error)) from error


@cache
def _dialect(name: str) -> type[Dialect]:
    """PREDICT, and what sqlglot translates wrongly, are functions that it knows nothing about."""
    base: Any = type(Dialect.get_or_raise(name))
    ours = {"PREDICT", *functions_of(name)}
    functions = {k: v for k, v in base.parser_class.FUNCTIONS.items() if k not in ours}
    unsigned = {
        **base.parser_class.SIGNED_TO_UNSIGNED_TYPE_TOKEN,
        TokenType.FLOAT: TokenType.FLOAT,  # which has no other kind, as in MySQL
    }
    members = {"FUNCTIONS": functions, "SIGNED_TO_UNSIGNED_TYPE_TOKEN": unsigned}
    parser = type("Parser", (base.parser_class,), members)
    made: type[Dialect] = type(base)(f"Sqlml{base.__name__}", (base,), {"Parser": parser})
    return made
