"""Where in a program something is being written."""

from dataclasses import dataclass

from sqlml.grammar.jobs import is_job, is_open
from sqlml.grammar.statements import divide
from sqlml.grammar.tokens import Token, scan
from sqlml.source import Source

_IN_WORDS = frozenset(".:@")


@dataclass(frozen=True, slots=True)
class Cursor:
    """before: the tokens of the statement in front of the word that is being written.

    after: those behind the cursor, as far as the statement goes. word: as far as it is written;
    it begins at `start`. is_text: it is within a string, a quoted name or a comment.
    """

    source: Source
    before: list[Token]
    after: list[Token]
    word: str
    start: int
    is_text: bool = False


def find_cursor(source: Source, offset: int, dialect: str = "duckdb") -> Cursor:
    """What is being written at an offset."""
    text = source.text[:offset]
    before = _statement_before(text, dialect)
    end = before[-1].end if before else 0
    is_comment = "--" in text[end:].rpartition("\n")[2]
    if is_comment or (before and before[-1].kind == "unterminated"):
        return Cursor(source, before, [], "", offset, is_text=True)
    after = _rest(source, before, offset, dialect)
    start = offset
    while before and before[-1].end == start and _is_of_word(before[-1]):
        start = before.pop().start
    return Cursor(source, _innermost(before), after, text[start:], start)


def _statement_before(text: str, dialect: str) -> list[Token]:
    tokens: list[Token] = []
    for token in scan(text, dialect):
        if token.text == ";" and not is_open(tokens):
            tokens = []
        else:
            tokens.append(token)
    return tokens


def _rest(source: Source, before: list[Token], offset: int, dialect: str) -> list[Token]:
    if not before:
        return []
    for tokens in divide(source, dialect):
        if tokens[0].start == before[0].start:
            return [token for token in tokens if token.start >= offset]
    return []


def _is_of_word(token: Token) -> bool:
    return token.kind in ("word", "number") or token.text in _IN_WORDS


def _innermost(tokens: list[Token]) -> list[Token]:
    """The statement within a job's program, where one is being written."""
    if not tokens or not is_job(tokens):
        return tokens
    begins = [i for i, token in enumerate(tokens) if token.keyword in ("AS", "BEGIN", ";")]
    return tokens[begins[-1] + 1 :] if begins else tokens
