"""Runs the parser of sqlml.lark over the tokens of one statement."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, cast

from lark import Lark
from lark.exceptions import UnexpectedToken
from lark.lexer import PatternStr

from sqlml.errors import ProgramError
from sqlml.grammar import ast
from sqlml.grammar.lexer import END, Lexeme, next_lexeme
from sqlml.grammar.mistakes import Mistake, diagnose
from sqlml.grammar.tables import grammar, parser_of
from sqlml.grammar.tokens import Token
from sqlml.source import Source, Span


class _Grammar(NamedTuple):
    lark: Lark
    terminals: dict[str, str]


@cache
def _grammar() -> _Grammar:
    lark = parser_of(grammar())
    spelled = {
        terminal.pattern.value.upper(): terminal.name
        for terminal in lark.terminals
        if isinstance(terminal.pattern, PatternStr)
    }
    return _Grammar(lark, spelled)


def parse_clause(
    source: Source, tokens: list[Token], wholes: Mapping[int, tuple[str, int]]
) -> ast.Statement:
    """The statement of these tokens.

    wholes: what is one terminal, such as its query: from the index of its first token to the
    terminal and the index behind its last token.

    Raises:
        ProgramError: with one diagnostic.
    """
    parser: Any = _grammar().lark.parse_interactive()
    fed: list[Lexeme] = []
    index = 0
    end = Lexeme(END, Span(source, tokens[-1].end, tokens[-1].end))
    lexeme = end
    try:
        while index < len(tokens):
            lexeme, behind = _next(source, tokens, index, wholes, parser)
            parser.feed_token(lexeme)
            fed.append(lexeme)
            index = behind
        lexeme = end
        return cast(ast.Statement, parser.feed_token(end))
    except UnexpectedToken as error:
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        mistake = Mistake(fed, lexeme, following, _expected(fed))
        raise ProgramError(diagnose(mistake)) from error


def expected_after(
    source: Source, tokens: list[Token], wholes: Mapping[int, tuple[str, int]]
) -> tuple[list[Lexeme], frozenset[str]]:
    """The terminals of a statement that is still being written, and what may follow them.

    What may follow is spelled as in `Mistake`; nothing may where the tokens are wrong already.
    wholes: as of `parse_clause`.
    """
    parser: Any = _grammar().lark.parse_interactive()
    fed: list[Lexeme] = []
    index = 0
    try:
        while index < len(tokens):
            lexeme, index = _next(source, tokens, index, wholes, parser)
            parser.feed_token(lexeme)
            fed.append(lexeme)
    except (UnexpectedToken, ProgramError):
        return fed, frozenset()
    return fed, _expected(fed)


def _next(
    source: Source,
    tokens: list[Token],
    index: int,
    wholes: Mapping[int, tuple[str, int]],
    parser: Any,
) -> tuple[Lexeme, int]:
    """The terminal that begins at a token, and the index behind its last token."""
    if index in wholes:
        terminal, behind = wholes[index]
        span = Span(source, tokens[index].start, tokens[behind - 1].end)
        return Lexeme(terminal, span, (tokens[index],)), behind
    lexeme = next_lexeme(source, tokens, index, _grammar().terminals, parser.choices())
    return lexeme, index + len(lexeme.tokens)


def _expected(fed: list[Lexeme]) -> frozenset[str]:
    """The terminals that could have followed, spelled as a person would."""
    lark, terminals = _grammar()
    parser: Any = lark.parse_interactive()
    for lexeme in fed:
        parser.feed_token(lexeme)
    spelled = {name: spelling for spelling, name in terminals.items()}
    return frozenset(spelled.get(name, name) for name in parser.accepts())
