"""What sqlml.lark recognised inside clauses, as nodes: names, values, columns, expressions."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from lark import Transformer, v_args

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar import ast
from sqlml.grammar.lexer import Lexeme
from sqlml.grammar.literals import CURLY_QUOTES, number_value, string_value
from sqlml.grammar.tokens import Token
from sqlml.source import Span

_VERSION = re.compile(r"@\w+\Z")

Part = Any
"""A child of a rule: a `Lexeme`, or what a method made of a rule (always with a `span`)."""


@v_args(inline=True)
class ValueBuilder(Transformer[Any, Any]):
    """One method per rule or alias. The parser calls it with the rule's children."""

    # --- names ---

    def name(self, lexeme: Lexeme) -> ast.Name:
        words = lexeme.tokens[::2]
        if all(word.kind == "word" for word in words):
            return ast.Name(span=lexeme.span, text=lexeme.text)
        parts = tuple([_name_part(lexeme, word) for word in words])
        return ast.Name(span=lexeme.span, text=".".join(parts), quoted=True, parts=parts)

    def version(self, name: ast.Name, _at: Lexeme, which: Lexeme) -> ast.Name:
        return replace(name, span=cover(name, which), version=self.version_of(which))

    def version_of(self, lexeme: Lexeme) -> int | str:
        """The number of a version, or the alias that stands for one."""
        if lexeme.type == "NAME":
            return alias_text(self.name(lexeme))
        value = _number(lexeme)
        if not isinstance(value, int) or value < 1:
            message = f"`{lexeme.text}` is not the number of a version"
            raise ProgramError(
                Diagnostic("E0118", message, lexeme.span, "versions are counted 1, 2, 3 …")
            )
        return value

    def estimator(self, lexeme: Lexeme) -> ast.Name:
        if lexeme.type == "PATH":
            return ast.Name(span=lexeme.span, text=lexeme.text)
        return self.name(lexeme)

    # --- attributes and columns ---

    def attribute(self, name: ast.Name, _equal: Lexeme, value: ast.Value) -> ast.Attribute:
        lower = ast.Name(
            span=name.span,
            text=name.text.lower(),
            quoted=name.quoted,
            parts=tuple([part.lower() for part in name.parts]),
        )
        return ast.Attribute(span=cover(name, value), name=lower, value=value)

    def word(self, lexeme: Lexeme) -> ast.Literal_ | ast.Word:
        text = lexeme.text
        if text.upper() in _CONSTANTS:
            return ast.Literal_(span=lexeme.span, value=_CONSTANTS[text.upper()])
        if text[0] in CURLY_QUOTES:
            message = "a string cannot stand in curly quotes"
            raise ProgramError(
                Diagnostic("E0104", message, lexeme.span, "", "write straight quotes, \" or '")
            )
        return ast.Word(span=lexeme.span, text=text)

    def string(self, lexeme: Lexeme) -> ast.Literal_:
        return ast.Literal_(span=lexeme.span, value=string_value(lexeme.text))

    def number(self, *parts: Lexeme) -> ast.Literal_:
        value = _number(parts[-1])
        if parts[0].type == "MINUS":
            value = -value
        return ast.Literal_(span=cover(parts[0], parts[-1]), value=value)

    def values(self, *parts: Part) -> ast.List_:
        return ast.List_(span=cover(parts[0], parts[-1]), items=_arguments(parts))

    def call(self, function: Lexeme, *parts: Part) -> ast.Call:
        span = cover(function, parts[-1])
        return ast.Call(span=span, function=function.text.upper(), arguments=_arguments(parts))

    def star(self, lexeme: Lexeme) -> ast.Star:
        return ast.Star(span=lexeme.span)

    # --- expressions ---

    def comparison(self, first: ast.Expression, *rest: Part) -> ast.Expression:
        if not rest:
            return first
        span = cover(first, rest[-1])
        operators = tuple([_COMPARATORS.get(part.text, part.text) for part in rest[::2]])
        if len(operators) == 1:
            return ast.Binary(span=span, operator=operators[0], left=first, right=rest[1])
        return ast.Chain(span=span, operands=(first, *rest[1::2]), operators=operators)

    def comparator(self, lexeme: Lexeme) -> Lexeme:
        return lexeme

    def binary(
        self, left: ast.Expression, operator: Lexeme, right: ast.Expression
    ) -> ast.Expression:
        return ast.Binary(span=cover(left, right), operator=operator.text, left=left, right=right)

    def unary(self, operator: Lexeme, operand: ast.Expression) -> ast.Expression:
        sign = cast(Literal["-", "+"], operator.text)
        return ast.Unary(span=cover(operator, operand), operator=sign, operand=operand)

    def quantity(self, lexeme: Lexeme) -> ast.Literal_:
        return ast.Literal_(span=lexeme.span, value=_number(lexeme))

    def function(self, function: Lexeme, *parts: Part) -> ast.FunctionCall:
        span = cover(function, parts[-1])
        arguments = nodes(parts)
        return ast.FunctionCall(span=span, function=function.text.upper(), arguments=arguments)

    def grouped(self, first: Lexeme, expression: ast.Expression, last: Lexeme) -> ast.Expression:
        return replace(expression, span=cover(first, last))


def alias_text(name: ast.Name) -> str:
    """The text of a name that is an alias.

    Raises:
        ProgramError: E0280 it has a dot, or could be taken for a number.
    """
    if len(name.parts) > 1 or name.text.isdecimal():
        message = f"`{name.text}` cannot be an alias"
        hint = "an alias is one name without a dot, such as `champion`"
        raise ProgramError(Diagnostic("E0280", message, name.span, "", hint))
    return name.text


def new_model(name: ast.Name) -> ast.Name:
    """The name that a model gets.

    Raises:
        ProgramError: E0118 it ends as a reference to a version does.
    """
    if _VERSION.search(name.text):
        message = f"`{name.text}` cannot be a model's name"
        raise ProgramError(
            Diagnostic("E0118", message, name.span, "", "only a version stands behind `@`: `m@3`")
        )
    return name


def cover(first: Part, last: Part) -> Span:
    """The span from the first to the last of a rule's children."""
    start: Span = first.span
    return Span(start.source, start.start, last.span.end)


def nodes(parts: Sequence[Part]) -> tuple[Any, ...]:
    """The children that are nodes: without commas, brackets and keywords."""
    return tuple([part for part in parts if not isinstance(part, Lexeme)])


def _name_part(lexeme: Lexeme, token: Token) -> str:
    part = token.text if token.kind == "word" else string_value(token.text)
    if not part:
        span = Span(lexeme.span.source, token.start, token.end)
        raise ProgramError(Diagnostic("E0115", "a name cannot be empty", span))
    return part


def _arguments(parts: Sequence[Part]) -> tuple[Any, ...]:
    return tuple([_constant(node) for node in nodes(parts)])


def _constant(node: Part) -> Part:
    """TRUE, FALSE and NULL among the arguments of COLUMN, where other words are names."""
    if isinstance(node, ast.Name) and not node.quoted and node.text.upper() in _CONSTANTS:
        return ast.Literal_(span=node.span, value=_CONSTANTS[node.text.upper()])
    return node


def _number(lexeme: Lexeme) -> int | float:
    try:
        return number_value(lexeme.text)
    except OverflowError as error:
        raise ProgramError(
            Diagnostic("E0114", "this number is too large", lexeme.span, "does not fit in 64 bits")
        ) from error


_CONSTANTS: dict[str, bool | None] = {"TRUE": True, "FALSE": False, "NULL": None}
_COMPARATORS = {"==": "=", "!=": "<>"}
