"""SQL as sqlglot understands it: what a statement does, and the same in another dialect.

Nothing is executed. Importing this module loads sqlglot, so import it where a program is planned.
"""

import logging
import re
from dataclasses import replace
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.dialects import read, write
from sqlml.grammar.foreign_changes import changed_tables
from sqlml.grammar.forms import without_numbers
from sqlml.grammar.keywords import QUERY_STARTS, SESSION_STARTS
from sqlml.grammar.query_facts import QueryFacts
from sqlml.grammar.query_tree import Mentions, table_name
from sqlml.grammar.stability import is_stable
from sqlml.grammar.tokens import Token, scan
from sqlml.grammar.unparsed import guess_reads

# sqlglot warns about each statement that it passes through as text, which is no news to the user.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())

_RETURN_ROWS = frozenset({
    "call", "describe", "desc", "execute", "explain", "fetch", "pragma", "show", "summarize",
})  # fmt: skip
_RELATIONS = frozenset({"TABLE", "VIEW"})
_OF_DATABASE = re.compile(r"\A(CREATE|DROP)\s+DATABASE\b", re.IGNORECASE)


def analyse(sql: str, dialect: str = "duckdb") -> QueryFacts:
    """What one statement (without `;`) does."""
    return _analyse(without_numbers(sql, dialect), dialect)


@lru_cache(maxsize=4096)
def _analyse(sql: str, dialect: str) -> QueryFacts:
    tokens = list(scan(sql, dialect))
    first = tokens[0].keyword if tokens else ""
    kind = first.lower()
    if first in SESSION_STARTS:
        return QueryFacts(kind=kind, session=True, barrier=True, returns_rows=kind in _RETURN_ROWS)
    tree = _parse(sql, dialect)
    if tree is None:
        return _guess(tokens, first)
    if isinstance(tree, exp.Query | exp.Values | exp.Pivot):
        facts = _facts(tree, "select", returns_rows=True)
        return replace(facts, stable=facts.deterministic and is_stable(tree))
    return _change(tree)


def translate(sql: str, from_dialect: str, to_dialect: str) -> str:
    """The same SQL in another dialect; the very same text when the dialects are the same.

    What other systems call a database is a schema of DuckDB's.

    Raises:
        ProgramError: sqlglot cannot parse it; the diagnostic is about `query` and has no place.
    """
    if from_dialect == to_dialect:
        return _OF_DATABASE.sub(r"\1 SCHEMA", sql) if to_dialect == "duckdb" else sql
    try:
        return write(read(sql, from_dialect), from_dialect, to_dialect, "upper")
    except (SqlglotError, RecursionError) as error:
        raise ProgramError(
            Diagnostic(
                "E0119",
                f"this SQL cannot be translated from {from_dialect} to {to_dialect}",
                label=_reason(error),
                hint=f"write it in {to_dialect}'s own dialect",
                about="query",
            )
        ) from error


def _parse(sql: str, dialect: str) -> exp.Expr | None:
    try:
        tree = read(sql, dialect)
    except (SqlglotError, RecursionError):
        return None
    if isinstance(tree, exp.Delete) and not tree.this:  # `DELETE t`, of which it knows no table
        return None
    # A Command is text that was not looked into; `CHECKPOINT` alone is taken for a column.
    understood = not isinstance(tree, exp.Command | exp.Condition) or isinstance(tree, exp.Query)
    return tree if understood else None


def _guess(tokens: list[Token], first: str) -> QueryFacts:
    kind = "select" if first in QUERY_STARTS else first.lower()
    words = [token.keyword for token in tokens[:4]]
    return QueryFacts(
        kind=kind,
        parsed=False,
        reads=guess_reads(tokens),
        returns_rows=kind == "select" or kind in _RETURN_ROWS,
        session=first == "CREATE" and bool({"TEMP", "TEMPORARY", "SECRET"} & set(words)),
        barrier=first not in QUERY_STARTS,
    )


def _change(tree: exp.Expr) -> QueryFacts:
    """Facts about a statement that is no query."""
    barrier = tree.args.get("kind") not in _RELATIONS
    match tree:
        case exp.Create():
            return _create(tree)
        case exp.Update() | exp.Delete() if not tree.args.get("returning"):
            return _facts(tree, tree.key, tuple(changed_tables(tree)))
        case exp.Insert() | exp.Update() | exp.Delete() | exp.Merge():
            returning = bool(tree.args.get("returning"))
            return _facts(tree, tree.key, (tree.this,), returns_rows=returning)
        case exp.Drop():
            facts = _facts(tree, "drop", tuple(tree.args.get("tables") or ()), barrier=barrier)
            return replace(facts, writes=()) if barrier else facts
        case exp.Alter():
            renamed = [action.this for action in tree.find_all(exp.AlterRename)]
            return _facts(tree, "alter", (tree.this, *renamed), barrier=barrier)
        case exp.TruncateTable():
            return _facts(tree, "truncate", tuple(tree.expressions))
        case exp.Copy():
            return _copy(tree)
        case exp.Describe() | exp.Summarize():
            return _facts(tree, tree.key, returns_rows=True)
        case _:
            return _facts(tree, tree.key, returns_rows=tree.key in _RETURN_ROWS, barrier=True)


def _create(tree: exp.Create) -> QueryFacts:
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    kind = (tree.args.get("kind") or "").upper()
    properties = tree.args.get("properties")
    temporary = properties is not None and properties.find(exp.TemporaryProperty) is not None
    if kind == "INDEX":
        return _facts(tree, "create", (target.args.get("table"),))
    facts = _facts(tree, "create", (target,), session=temporary, barrier=kind not in _RELATIONS)
    if kind not in _RELATIONS:
        return replace(facts, writes=())
    is_query = isinstance(tree.expression, exp.Query | exp.Values)
    return replace(
        facts,
        creates=kind.lower(),
        repeatable=is_query and facts.deterministic and not temporary,
    )


def _copy(tree: exp.Copy) -> QueryFacts:
    into_table = bool(tree.args.get("kind"))
    paths = tuple(path.name for path in tree.args.get("files") or ())
    if not into_table:
        # Another statement may read the file that is written.
        return _facts(tree, "copy", barrier=True)
    return _facts(tree, "copy", (tree.this,), files=paths)


def _facts(
    tree: exp.Expr,
    kind: str,
    targets: tuple[exp.Expr | None, ...] = (),
    *,
    files: tuple[str, ...] = (),
    session: bool = False,
    returns_rows: bool = False,
    barrier: bool = False,
) -> QueryFacts:
    """Facts from one walk; `targets` are the tables that are written (or hold them: `t(a, b)`)."""
    tables = [target.find(exp.Table) for target in targets if isinstance(target, exp.Expr)]
    written = tuple([table for table in tables if table is not None])
    mentions = Mentions(tree, written)
    barrier = barrier or mentions.system
    return QueryFacts(
        kind=kind,
        reads=tuple(mentions.reads),
        writes=tuple(dict.fromkeys([table_name(table) for table in written])),
        files=(*mentions.files, *files),
        deterministic=not mentions.volatile and not barrier,
        session=session,
        returns_rows=returns_rows,
        barrier=barrier,
    )


def _reason(error: SqlglotError | RecursionError) -> str:
    """sqlglot's own words, without its excerpt."""
    if isinstance(error, ParseError) and error.errors:
        return str(error.errors[0]["description"])
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)
