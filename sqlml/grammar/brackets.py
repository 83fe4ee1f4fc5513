"""Brackets of a statement: each is closed by its own kind, and clauses are not nested too deep."""

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.tokens import Token
from sqlml.source import Source, Span

MAX_NESTING = 100
"""How deep brackets may be nested in a clause. Trees are walked recursively."""

MOST_OPEN = 10_000
"""How many brackets may be open at once anywhere: databases walk trees recursively, too."""

_OPENING = {")": "(", "]": "[", "}": "{"}
_BRACKETS = frozenset("()[]{}")


def bracket_depths(source: Source, tokens: list[Token]) -> list[int]:
    """How many brackets are open at each token.

    Raises:
        ProgramError: a bracket that is never closed, closes nothing, or closes one of another kind;
            far too many that are open at once.
    """
    depths = []
    opened: list[Token] = []
    for token in tokens:
        depths.append(len(opened))
        # A string's text is longer than a bracket's, so the kind need not be asked.
        if token.text not in _BRACKETS:
            continue
        if token.text not in _OPENING:
            opened.append(token)
            if len(opened) > MOST_OPEN:
                raise ProgramError(_too_deep(source, token, MOST_OPEN))
        elif opened and opened[-1].text == _OPENING[token.text]:
            opened.pop()
        else:
            raise ProgramError(_closes_wrongly(source, token, opened))
    if opened:
        span = Span(source, opened[-1].start, opened[-1].end)
        message = f"this `{opened[-1].text}` is never closed"
        raise ProgramError(Diagnostic("E0102", message, span, "opened here"))
    return depths


def check_nesting(source: Source, tokens: list[Token], depths: list[int]) -> None:
    """Raises: ProgramError at the first token that stands in too many brackets."""
    for token, depth in zip(tokens, depths, strict=True):
        if depth > MAX_NESTING:
            raise ProgramError(_too_deep(source, token, MAX_NESTING))


def _too_deep(source: Source, token: Token, most: int) -> Diagnostic:
    span = Span(source, token.start, token.end)
    return Diagnostic("E0103", f"brackets are nested more than {most:,} deep", span, "too deep")


def _closes_wrongly(source: Source, token: Token, opened: list[Token]) -> Diagnostic:
    span = Span(source, token.start, token.end)
    if not opened:
        return Diagnostic("E0102", f"this `{token.text}` closes nothing", span, "nothing is open")
    line, column = source.position(opened[-1].start)
    return Diagnostic(
        "E0102",
        f"`{token.text}` cannot close the `{opened[-1].text}` of line {line}, column {column}",
        span,
        "does not match",
    )
