"""How much one client may ask for: lengths, depths and numbers."""

import re
from collections.abc import Mapping, Sized

from sqlml.connectors.postgres.access import Role
from sqlml.connectors.postgres.failures import TOO_COMPLEX, Refused
from sqlml.connectors.postgres.words import Words
from sqlml.grammar.called import uncalled
from sqlml.source import Source

LARGEST_MESSAGE = 64 << 20  # bytes
MOST_PREPARED = 10_000
MOST_PREPARED_TEXT = 64 << 20  # characters of all prepared statements together
_MOST_PORTALS = 1_000
_LONGEST: Mapping[Role, int] = {"read": 1 << 20, "train": 16 << 20, "admin": 16 << 20}
_DEEPEST = 200
"""Brackets in brackets. To find that one of n is never closed takes DuckDB's parser n² steps, in
which nothing else runs: of 20,000, minutes."""

_NO_BRACKETS = re.compile(r"[^()]+")


def check_text(role: Role, sql: str) -> None:
    """Raises:
    Refused: E1041 the text is too long, or its brackets are too deep.
    """
    longest = _LONGEST[role]
    if len(sql) > longest:
        hint = "COPY and parameters bring values, so that a statement need not hold them"
        raise _refused(f"a statement of {len(sql):,} characters; {longest:,} are allowed", hint)
    if sql.count("(") > _DEEPEST and _may_be_deep(sql) and _depth(_words(sql)) > _DEEPEST:
        hint = "WITH gives subqueries names; IN (…) takes many values side by side"
        raise _refused(f"brackets in more than {_DEEPEST} brackets", hint)


def check_portals(portals: Sized) -> None:
    """Raises:
    Refused: E1041 there are as many as a client may have open.
    """
    if len(portals) >= _MOST_PORTALS:
        raise _refused(f"{_MOST_PORTALS:,} open cursors", "CLOSE some of them, or COMMIT")


def _may_be_deep(sql: str) -> bool:
    """Whether the brackets are deep if none stands in a string or a comment."""
    left = _NO_BRACKETS.sub("", sql)
    for _ in range(_DEEPEST):
        if "()" not in left:
            break
        left = left.replace("()", "")
    return "()" in left or left.count("(") > 0


def _words(sql: str) -> Words:
    """Those of a statement that is called, too."""
    return Words.of(uncalled(Source("", sql)).text)


def _depth(words: Words) -> int:
    deepest = depth = 0
    for token, is_name in zip(words.tokens, words.is_name, strict=True):
        if not is_name and token[:1] in "()":
            depth += token.count("(") - token.count(")")
            deepest = max(deepest, depth)
    return deepest


def _refused(what: str, hint: str) -> Refused:
    return Refused(TOO_COMPLEX, f"too much for one client: {what}", hint=hint, code="E1041")
