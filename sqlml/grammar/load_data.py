"""LOAD DATA of MySQL and Hive: what is said to one who wants to read a file into a table."""

from itertools import pairwise

from sqlml.errors import Diagnostic
from sqlml.grammar.tokens import Token, scan
from sqlml.source import Span

_FILE_FOLLOWS = frozenset({"INFILE", "INPATH"})


def load_data(span: Span, dialect: str) -> Diagnostic | None:
    """`LOAD DATA INFILE 'f.csv' INTO TABLE t …`; None where the statement is another one."""
    tokens = list(scan(span.text, dialect))
    if [token.keyword for token in tokens[:2]] != ["LOAD", "DATA"]:
        return None
    file = next((b.text for a, b in pairwise(tokens) if _names_file(a)), "…")
    table = "".join(token.text for token in _table(tokens)) or "table_name"
    place = Span(span.source, span.start, span.start + tokens[1].end)
    hint = f"write `COPY {table} FROM {file}`, perhaps with `(DELIMITER ';', HEADER)` behind it"
    return Diagnostic("E0672", "files are not read with LOAD DATA here", place, "", hint)


def _names_file(token: Token) -> bool:
    return token.keyword in _FILE_FOLLOWS


def _table(tokens: list[Token]) -> list[Token]:
    """The name behind TABLE, with its dots."""
    start = next((i for i, token in enumerate(tokens) if token.keyword == "TABLE"), len(tokens)) + 1
    end = start + 1
    while end + 1 < len(tokens) and tokens[end].text == ".":
        end += 2
    return tokens[start:end]
