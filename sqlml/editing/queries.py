"""What may be written in the part of a statement that is the database's."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from sqlml.databases.database import Column
from sqlml.editing.candidate import Candidate
from sqlml.editing.cursor import Cursor
from sqlml.editing.names import Names, written
from sqlml.grammar.keywords import CLAUSE_WORDS, QUERY_STARTS, STATEMENT_STARTS, VERBS
from sqlml.grammar.tokens import Token
from sqlml.planner.tables import table_name

_BEFORE_TABLES = frozenset(
    {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "DESCRIBE", "SUMMARIZE", "VIEW"}
)
_WORDS = [
    "ALL",
    "AND",
    "ANY",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "EXCLUDE",
    "EXISTS",
    "FALSE",
    "FILTER",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "IF",
    "IN",
    "INNER",
    "INTERSECT",
    "INTO",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MODEL",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "QUALIFY",
    "REPLACE",
    "RIGHT",
    "SAMPLE",
    "SELECT",
    "SET",
    "TABLE",
    "TEMP",
    "THEN",
    "TO",
    "TRUE",
    "UNION",
    "USING",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
]
_STARTS = sorted({*STATEMENT_STARTS, "WITH"})
_NAMES = frozenset({"word", "quoted", "backquoted"})
_FARTHEST = 40  # tokens that are looked back on for the FROM of a list
KEYWORDS = CLAUSE_WORDS | VERBS | STATEMENT_STARTS | frozenset(_WORDS)
_NO_ALIAS = CLAUSE_WORDS | VERBS | frozenset(_WORDS)


def in_query(cursor: Cursor, names: Names) -> Iterator[Candidate]:
    """Tables behind FROM and the like; elsewhere columns, keywords and functions."""
    if not cursor.before:
        yield from (Candidate(word, "keyword") for word in _STARTS)
        return
    if _wants_table(cursor.before, len(cursor.before)):
        yield from _tables(cursor, names)
        return
    qualifier, dot, _ = cursor.word.rpartition(".")
    if dot:
        found = _aliases(cursor).get(qualifier.casefold(), qualifier)
        yield from _columns(names.columns(found), f"{qualifier}.")
        return
    yield from columns_in_reach(cursor, names)
    yield from (Candidate(word, "keyword") for word in _WORDS)
    yield Candidate("PREDICT(", "function", "PREDICT('model', table)", "What a model says of rows.")
    if cursor.before[0].keyword not in QUERY_STARTS:
        yield from _tables(cursor, names)


def columns_in_reach(cursor: Cursor, names: Names) -> Iterator[Candidate]:
    """The columns of the tables in FROM, and what the query calls its own."""
    for table in dict.fromkeys(_aliases(cursor).values()):
        yield from _columns(names.columns(table), "", table)
    tokens = [*cursor.before, *cursor.after]
    for before, token in pairwise(tokens):
        if before.keyword == "AS" and token.kind in _NAMES and token.keyword not in _NO_ALIAS:
            yield Candidate(token.text, "column", "named here")


def _columns(columns: Sequence[Column], qualifier: str, table: str = "") -> Iterator[Candidate]:
    for column in columns:
        detail = f"{column.type} · {table}" if table else column.type
        yield Candidate(f"{qualifier}{written(column.name)}", "column", detail)


def _tables(cursor: Cursor, names: Names) -> Iterator[Candidate]:
    tokens = [*cursor.before, *cursor.after]
    for name, behind, bracket in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if name.kind in _NAMES and behind.keyword == "AS" and bracket.text == "(":
            yield Candidate(name.text, "table", "named here")
    for table, columns in names.tables.items():
        count = f"{len(columns)} columns" if columns else ""
        listed = ", ".join(f"{column.name} {column.type}" for column in columns[:12])
        yield Candidate(table_name(table.split(".")), "table", count, listed)


def _wants_table(tokens: list[Token], index: int) -> bool:
    """Whether a table's name stands, or may be written, at an index."""
    if tokens[index - 1].text != ",":
        return tokens[index - 1].keyword in _BEFORE_TABLES
    for token in reversed(tokens[max(0, index - _FARTHEST) : index]):  # FROM a, b
        if token.kind in _NAMES and token.keyword in _NO_ALIAS:
            return token.keyword == "FROM"
        if token.kind not in _NAMES and token.text not in {",", "."}:
            return False
    return False


def _aliases(cursor: Cursor) -> dict[str, str]:
    """Folded aliases of the tables that the statement reads, and their names, to their names."""
    tokens = [*cursor.before, *cursor.after]
    found: dict[str, str] = {}
    for index, token in enumerate(tokens):
        if index and _wants_table(tokens, index) and token.kind in _NAMES:
            name, end = token.text, index + 1
            while end + 1 < len(tokens) and tokens[end].text == ".":
                name, end = f"{name}.{tokens[end + 1].text}", end + 2
            found[name.casefold()] = found[name.rpartition(".")[2].casefold()] = name
            end += end < len(tokens) and tokens[end].keyword == "AS"
            alias = tokens[end] if end < len(tokens) else token
            if alias.kind in _NAMES and alias.keyword not in _NO_ALIAS:
                found[alias.text.casefold()] = name
    return found
