"""Runs the parser of sqlml.lark over the tokens of one statement."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, cast

from lark import Lark
from lark.exceptions import UnexpectedToken
from lark.lexer import PatternStr

from sqlml.errors import ProgramError
from sqlml.grammar import ast
from sqlml.grammar.builder import Builder
from sqlml.grammar.lexer import END, Lexeme, next_lexeme
from sqlml.grammar.mistakes import Mistake, diagnose
from sqlml.grammar.tokens import Token
from sqlml.source import Source, Span


class _Grammar(NamedTuple):
    lark: Lark
    terminals: dict[str, str]


@cache
def _grammar() -> _Grammar:
    """Built at first use: about 50 ms."""
    lark = Lark(
        files("sqlml.grammar").joinpath("sqlml.lark").read_text("utf-8"),
        parser="lalr",
        lexer="basic",
        transformer=Builder(),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
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
    lark, terminals = _grammar()
    parser: Any = lark.parse_interactive()
    fed: list[Lexeme] = []
    index = 0
    end = Lexeme(END, Span(source, tokens[-1].end, tokens[-1].end))
    lexeme = end
    try:
        while index < len(tokens):
            if index in wholes:
                terminal, behind = wholes[index]
                span = Span(source, tokens[index].start, tokens[behind - 1].end)
                lexeme = Lexeme(terminal, span, (tokens[index],))
            else:
                lexeme = next_lexeme(source, tokens, index, terminals, parser.choices())
                behind = index + len(lexeme.tokens)
            parser.feed_token(lexeme)
            fed.append(lexeme)
            index = behind
        lexeme = end
        return cast(ast.Statement, parser.feed_token(end))
    except UnexpectedToken as error:
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        mistake = Mistake(fed, lexeme, following, _expected(fed))
        raise ProgramError(diagnose(mistake)) from error


def _expected(fed: list[Lexeme]) -> frozenset[str]:
    """The terminals that could have followed, spelled as a person would."""
    lark, terminals = _grammar()
    parser: Any = lark.parse_interactive()
    for lexeme in fed:
        parser.feed_token(lexeme)
    spelled = {name: spelling for spelling, name in terminals.items()}
    return frozenset(spelled.get(name, name) for name in parser.accepts())
