"""Tokens to the terminals of sqlml.lark. The parser's state decides what a word is."""

from collections.abc import Container
from typing import NamedTuple

from sqlml.grammar.tokens import Token
from sqlml.source import Source, Span

END = "$END"
UNKNOWN = "UNKNOWN"


class Lexeme(NamedTuple):
    """A terminal of the grammar and its tokens; QUERY and PROGRAM keep the first one only."""

    type: str
    span: Span
    tokens: tuple[Token, ...] = ()

    @property
    def text(self) -> str:
        """As written, without spaces and comments between its tokens."""
        return "".join([token.text for token in self.tokens])


def next_lexeme(
    source: Source,
    tokens: list[Token],
    index: int,
    terminals: dict[str, str],
    choices: Container[str],
) -> Lexeme:
    """The terminal that begins at a token.

    terminals: keywords and symbols to the names of their terminals. choices: the terminals that
    the parser can take now. A word is a keyword if it can be one here; a keyword that a `.`
    follows, or a `=` where a name may stand, is a name.
    """
    token = tokens[index]
    terminal, end = UNKNOWN, index + 1
    match token.kind:
        case "word":
            terminal = terminals.get(token.keyword, UNKNOWN)
            after = tokens[end].text if end < len(tokens) else ""
            if terminal not in choices or after == "." or (after == "=" and "NAME" in choices):
                terminal = "PATH" if "PATH" in choices else "NAME"
                end = _path_end(tokens, end) if terminal == "PATH" else _name_end(tokens, end)
        case "quoted" if "NAME" in choices:
            terminal, end = "NAME", _name_end(tokens, end)
        case "backquoted":
            terminal, end = "NAME", _name_end(tokens, end)
        case "quoted" | "string":
            terminal = "STRING"
        case "number":
            terminal = "NUMBER"
        case _:
            terminal = terminals.get(token.text, UNKNOWN)
    span = Span(source, token.start, tokens[end - 1].end)
    return Lexeme(terminal, span, tuple(tokens[index:end]))


_NAME_PARTS = frozenset({"word", "quoted", "backquoted"})
_PATH_PARTS = frozenset({"word", "number"})
_PATH_SYMBOLS = frozenset("-/:.@")


def _name_end(tokens: list[Token], end: int) -> int:
    """Where a dotted name ends whose first part is the token before `end`."""
    while end + 1 < len(tokens) and tokens[end].text == "." and tokens[end + 1].kind in _NAME_PARTS:
        end += 2
    return end


def _path_end(tokens: list[Token], end: int) -> int:
    """Where a word with `- / : . @` in it ends: no spaces, and no symbol at its end."""
    ahead = end
    while ahead < len(tokens) and tokens[ahead].start == tokens[ahead - 1].end:
        if tokens[ahead].kind in _PATH_PARTS:
            end = ahead + 1
        elif tokens[ahead].text not in _PATH_SYMBOLS:
            break
        ahead += 1
    return end
