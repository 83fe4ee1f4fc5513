"""Expressions of TO MAXIMIZE and TO MINIMIZE as formulas that a solver can be given."""

from dataclasses import dataclass
from typing import assert_never, cast

from sqlml.errors import Diagnostic, did_you_mean
from sqlml.grammar import ast
from sqlml.planner.schema import Schema, is_null
from sqlml.source import Span
from sqlml.zoo.features.kinds import NUMBERS, kind_of
from sqlml.zoo.solving.formula import (
    FUNCTIONS,
    OPERATORS,
    Aggregate,
    Arithmetic,
    Column,
    Formula,
    Function,
    Number,
    Operator,
    Variable,
)

_ELSEWHERE = "what needs no variable can be computed in the query, and named with AS"


@dataclass(frozen=True, slots=True)
class Term:
    """A formula, and what is known of it.

    degree: in the variable. bare: where the variable first stands outside of an aggregate.
    """

    formula: Formula
    span: Span
    degree: int = 0
    is_aggregate: bool = False
    bare: Span | None = None


class NotAFormula(Exception):  # noqa: N818 - not yet an error shown
    """An expression that no solver takes."""

    def __init__(self, code: str, message: str, span: Span, hint: str = "") -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code, message, span, hint=hint)


@dataclass(frozen=True, slots=True)
class FormulaReader:
    """Reads expressions over the columns of a query and one variable."""

    schema: Schema
    variable: str

    def read(self, expression: ast.Expression) -> Term:
        """Raises:
        NotAFormula: no solver takes it.
        """
        match expression:
            case ast.Name():
                return self._name(expression)
            case ast.Literal_(value=int() | float() as value):
                return Term(Number(value), expression.span)
            case ast.Literal_():
                raise NotAFormula("E0252", "text is no number", expression.span, _ELSEWHERE)
            case ast.Unary():
                return self._unary(expression)
            case ast.Binary(operator=operator) if operator in OPERATORS:
                return self._binary(expression)
            case ast.Binary() | ast.Chain():
                message = "a comparison is no number"
                raise NotAFormula("E0253", message, expression.span, _ELSEWHERE)
            case ast.FunctionCall():
                return self._function(expression)
            case _:
                assert_never(expression)

    def _name(self, name: ast.Name) -> Term:
        if name.text.casefold() == self.variable.casefold():
            return Term(Variable(), name.span, 1, bare=name.span)
        column = self.schema.find(name.text)
        if column is None:
            hint = self.schema.did_you_mean(name.text)
            if self.schema.find(name.parts[-1]) is not None:
                hint = f"write `{name.parts[-1]}`: the columns of the query have no other name"
            message = f"the query has no column `{name.text}`"
            raise NotAFormula("E0315", message, name.span, hint)
        if self.schema.is_ambiguous(name.text):
            message = f"the query gives several columns `{name.text}`"
            hint = "give each a name of its own with AS, or select it once"
            raise NotAFormula("E0304", message, name.span, hint)
        if is_null(column.type):
            message = f"column `{column.name}` is NULL in all rows"
            raise NotAFormula("E0252", message, name.span, "select a column with numbers")
        if kind_of(column.type) not in NUMBERS:
            message = f"column `{column.name}` is {column.type}, which is no number"
            raise NotAFormula("E0252", message, name.span, _ELSEWHERE)
        return Term(Column(column.name), name.span)

    def _unary(self, expression: ast.Unary) -> Term:
        term = self.read(expression.operand)
        if expression.operator == "+":
            return term
        if isinstance(term.formula, Number):
            return Term(Number(-term.formula.value), expression.span)
        negative = Arithmetic("*", Number(-1), term.formula)
        return Term(negative, expression.span, term.degree, term.is_aggregate, term.bare)

    def _binary(self, expression: ast.Binary) -> Term:
        operator = cast(Operator, expression.operator)
        left, right = self.read(expression.left), self.read(expression.right)
        return Term(
            Arithmetic(operator, left.formula, right.formula),
            expression.span,
            self._degree(operator, left, right, expression.span),
            left.is_aggregate or right.is_aggregate,
            left.bare or right.bare,
        )

    def _degree(self, operator: Operator, left: Term, right: Term, span: Span) -> int:
        """The degree of what an operator makes of two terms."""
        if operator in ("+", "-"):
            return max(left.degree, right.degree)
        if operator != "*" and right.degree:
            raise _not_linear(f"`{self.variable}` cannot be a divisor or an exponent", right.span)
        degree = left.degree + right.degree
        if operator == "**" and left.degree:
            degree = left.degree * _exponent(right)
        if degree > 2:
            raise _not_linear(f"`{self.variable}` has a power above its square", span)
        is_new = degree > max(left.degree, right.degree)
        if is_new and (left.is_aggregate or right.is_aggregate):
            raise _not_linear("sums of variables cannot be multiplied with each other", span)
        return degree

    def _function(self, call: ast.FunctionCall) -> Term:
        if call.function not in FUNCTIONS:
            hint = did_you_mean(call.function, FUNCTIONS) or _ELSEWHERE
            if call.function == "COUNT":
                hint = "`SUM(1)` counts rows"
            message = f"there is no function `{call.function}` here"
            raise NotAFormula("E0251", message, call.span, hint)
        if len(call.arguments) != 1:
            message = f"{call.function} takes one formula, not {len(call.arguments)}"
            raise NotAFormula("E0251", message, call.span, f"write `{call.function}(a * b)`")
        function = cast(Function, call.function)
        operand = self.read(call.arguments[0])
        if operand.is_aggregate:
            message = f"{function} is over rows, and what is in it is one value already"
            raise NotAFormula("E0254", message, operand.span, "aggregate once")
        if operand.degree and function in ("MIN", "MAX"):
            hint = f"a constraint without an aggregate holds for each row: `{self.variable} <= 10`"
            raise _not_linear(f"{function} cannot be of `{self.variable}`", call.span, hint)
        return Term(Aggregate(function, operand.formula), call.span, operand.degree, True)


def _exponent(term: Term) -> int:
    match term.formula:
        case Number(value) if value in (0, 1, 2):
            return int(value)
        case _:
            raise _not_linear("the exponent of a variable can be 2", term.span)


def _not_linear(message: str, span: Span, hint: str = "") -> NotAFormula:
    hint = hint or "solvers take sums of variables times numbers"
    return NotAFormula("E0250", message, span, hint)
