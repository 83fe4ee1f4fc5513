"""A text that a cursor is given, as statements: those for the database alone, and those of ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlml.connectors.dbapi.errors import ProgrammingError
from sqlml.connectors.remembered import remembered
from sqlml.errors import Diagnostic
from sqlml.grammar import ast
from sqlml.grammar.parser import parse
from sqlml.grammar.statements import divide, find_border
from sqlml.grammar.tokens import scan
from sqlml.source import Source, Span

NAME = "<statement>"
_OURS = re.compile(r"\b(?:TO|MODELS?|JOBS?|TRAIN|SQLML_TRAIN|PREDICT(?:_PROBA)?)\b", re.IGNORECASE)
_CALLS = re.compile(r"\bPREDICT(?:_PROBA)?\W*\(", re.IGNORECASE)

Kind = Literal["plain", "calling", "extended"]


@dataclass(frozen=True, slots=True)
class Part:
    """A statement of a text: SQL for the database, such SQL that may call models, or one of ours.

    marks: where in the text the question marks stand that parameters are for.
    """

    kind: Kind
    statement: ast.Statement
    marks: tuple[int, ...]

    @property
    def span(self) -> Span:
        return self.statement.span


@remembered
def parts(text: str, dialect: str) -> Sequence[Part] | None:
    """The statements of a text; None where there is nothing in it but SQL for the database.

    Raises:
        ProgramError: with the mistakes in it.
        ProgrammingError: E0881, a parameter stands behind TO.
    """
    if not _OURS.search(text):
        return None
    source = Source(NAME, text)
    _check_marks(source, dialect)
    statements = parse(source, dialect=dialect).statements
    if all(_kind(statement) == "plain" for statement in statements):
        return None
    marks = [token.start for token in scan(source.text, dialect) if token.text == "?"]
    return [_part(statement, marks) for statement in statements]


def _part(statement: ast.Statement, marks: Sequence[int]) -> Part:
    span, kind = statement.span, _kind(statement)
    return Part(kind, statement, tuple(mark for mark in marks if span.start <= mark < span.end))


def _check_marks(source: Source, dialect: str) -> None:
    for tokens in divide(source, dialect):
        border = find_border(source, tokens)
        for token in tokens[len(tokens) if border is None else border :]:
            if token.text == "?":
                raise ProgrammingError(_misplaced(source, token.start))


def _kind(statement: ast.Statement) -> Kind:
    if not isinstance(statement, ast.Plain):
        return "extended"
    return "calling" if _CALLS.search(statement.sql) else "plain"


def _misplaced(source: Source, mark: int) -> Diagnostic:
    return Diagnostic(
        "E0881",
        "a parameter stands where the statement itself must say what is meant",
        Span(source, mark, mark + 1),
        hint="parameters are values of the query in front of TO; write this one out",
    )
