"""Colours of a program while it is typed."""

from collections.abc import Callable
from itertools import pairwise

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from sqlml.editing.queries import KEYWORDS
from sqlml.grammar.tokens import Token, scan

_STYLES = {"string": "class:string", "unterminated": "class:string", "number": "class:number"}


class Highlighting(Lexer):
    """Keywords, strings and numbers, as the scanner of programs sees them."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        lines = _lines(self._pieces(document.text))
        return lambda number: lines[number] if number < len(lines) else []

    def _pieces(self, text: str) -> StyleAndTextTuples:
        tokens = list(scan(text, self._dialect))
        if tokens and tokens[-1].kind == "unterminated":  # it hides what is behind it
            tokens[-1] = tokens[-1]._replace(end=len(text))
        edges = [
            (0, 0, ""),
            *((t.start, t.end, _style(t)) for t in tokens),
            (len(text),) * 2 + ("",),
        ]
        pieces: StyleAndTextTuples = []
        for (_, end, _), (start, stop, style) in pairwise(edges):
            pieces += [("", text[end:start]), (style, text[start:stop])]
        return pieces


def _style(token: Token) -> str:
    return "class:keyword" if token.keyword in KEYWORDS else _STYLES.get(token.kind, "")


def _lines(pieces: StyleAndTextTuples) -> list[StyleAndTextTuples]:
    lines: list[StyleAndTextTuples] = [[]]
    for style, text, *_ in pieces:
        first, *more = text.split("\n")
        lines[-1].append((style, first))
        lines += [[(style, line)] for line in more]
    return lines
