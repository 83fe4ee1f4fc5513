"""Text to tokens, in one pass over a whole program: strings and comments hide what they hold."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from sqlml.grammar.keywords import QUERY_STARTS, VERBS

Kind = Literal["word", "number", "string", "quoted", "backquoted", "symbol", "unterminated"]

BACKSLASH_DIALECTS = frozenset({
    "bigquery", "clickhouse", "databricks", "doris", "drill", "hive", "mysql", "singlestore",
    "snowflake", "spark", "spark2", "starrocks",
})  # fmt: skip
"""Dialects in which a backslash escapes a quote in SQL itself; in a TO clause it always does."""

HASH_COMMENT_DIALECTS = frozenset(
    {"bigquery", "clickhouse", "doris", "mysql", "singlestore", "starrocks"}
)


class Token(NamedTuple):
    """A word, a literal or a symbol; `start` and `end` are offsets into the program.

    The kind `quoted` is `"…"`, which is a name or a string, as the place has it. `unterminated` is
    what opens a string, quoted name or comment that never ends; it is always the last token.
    """

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The word or symbol in upper case, as keywords are compared; empty for literals."""
        if self.kind == "symbol" or (self.kind == "word" and self.text.isascii()):
            return self.text.upper()
        return ""


def scan(text: str, dialect: str = "duckdb") -> Iterator[Token]:
    """The tokens of a program, `;` included, without spaces and comments. Takes linear time."""
    in_sql = _pattern(dialect in BACKSLASH_DIALECTS, dialect in HASH_COMMENT_DIALECTS).match
    in_clause = _pattern(True, dialect in HASH_COMMENT_DIALECTS).match
    match = in_sql
    position, before, first = 0, "", ""
    while found := match(text, position):
        kind = found.lastgroup
        assert kind is not None
        start, position = found.span(kind)
        if kind == "comment":
            position = _comment_end(text, start)
            if position < 0:
                yield Token("unterminated", "/*", start, start + 2)
                return
            continue
        if kind == "end":
            return
        token_text = found[kind]
        yield Token(kind, token_text, start, position)  # type: ignore[arg-type]
        if kind in _SPELLED:
            first = first or token_text.upper()
            if token_text == ";":
                match, first = in_sql, ""
            elif first == "CREATE" and token_text.upper() == "JOB":
                first = "JOB"  # whose program may begin with any statement
            elif before in _TO and first in _MAY_HAVE_CLAUSES and token_text.upper() in VERBS:
                match = in_clause
        before = token_text
        if kind == "unterminated":
            return


_SPELLED = frozenset({"word", "symbol"})
_MAY_HAVE_CLAUSES = QUERY_STARTS | {"JOB"}
_TO = frozenset({"TO", "to", "To", "tO"})


@lru_cache
def _pattern(backslash: bool, hash_comments: bool) -> re.Pattern[str]:
    # Quantifiers are possessive: a quote without an end must not be tried again and again.
    letter = r"[^\x00-@\[-^`{-\x7f\s\ufeff\u200b]"
    digit_or_letter = r"[^\x00-\#%-/:-@\[-^`{-\x7f\s\ufeff\u200b]"
    escaped = r"(?:[^'\\]++|''|\\.)*+'"
    blanks = r"[\s\ufeff\u200b]++|--[^\r\n]*+" + (r"|\#[^\r\n]*+" if hash_comments else "")
    return re.compile(
        rf"""(?:{blanks})*+(?:
            (?P<string> [eE]'{escaped}
                      | '{escaped if backslash else "[^']*+(?:''[^']*+)*+'"}
                      | \$(?P<tag>(?:[^\W\d]\w*+)?)\$(?s:.*?)\$(?P=tag)\$ )
          | (?P<word> (?![eE]'){letter}{digit_or_letter}*+ )
          | (?P<number> (?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+ )
          | (?P<comment> /\* )
          | (?P<quoted> "(?:[^"\\]++|""|\\.)*+" )
          | (?P<backquoted> `[^`]*+(?:``[^`]*+)*+` )
          | (?P<unterminated> ["'`] | [eE]' | \$(?:[^\W\d]\w*+)?\$ )
          | (?P<symbol> <=|>=|<>|!=|==|\*\*|. )
          | (?P<end> \Z )
        )""",
        re.VERBOSE | re.DOTALL,
    )


_COMMENT_EDGE = re.compile(r"/\*|\*/")


def _comment_end(text: str, start: int) -> int:
    """Where the comment at `start` ends; comments nest. -1 when it never does."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return -1
