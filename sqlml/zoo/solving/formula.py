"""Formulas over columns and the variable, as they travel from the planner to the step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never, get_args

Operator = Literal["+", "-", "*", "/", "**"]
Function = Literal["SUM", "AVG", "MIN", "MAX"]
Relation = Literal["<=", ">=", "="]

OPERATORS: tuple[str, ...] = get_args(Operator)
FUNCTIONS: tuple[str, ...] = get_args(Function)
RELATIONS: tuple[str, ...] = get_args(Relation)


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the query: its value in each row, or the one value that a group has."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """What is chosen: one per row."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operator: Operator
    left: "Formula"
    right: "Formula"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One value per group of rows."""

    function: Function
    operand: "Formula"


Formula = Number | Column | Variable | Arithmetic | Aggregate


@dataclass(frozen=True, slots=True)
class Restriction:
    """A constraint: `sides` compared one after the other (`a <= x <= b` has three).

    It holds for all rows together where it aggregates, for each distinct value of `group_by` where
    that is given, and for each row otherwise.
    """

    sides: tuple[Formula, ...]
    relations: tuple[Relation, ...]
    group_by: str | None = None


def to_json(formula: Formula) -> Any:
    """Lists for the inner nodes (`["+", left, right]`, `["SUM", operand]`), numbers for numbers."""
    match formula:
        case Number(value):
            return value
        case Column(name):
            return ["column", name]
        case Variable():
            return ["variable"]
        case Arithmetic(operator, left, right):
            return [operator, to_json(left), to_json(right)]
        case Aggregate(function, operand):
            return [function, to_json(operand)]
        case _:
            assert_never(formula)


def from_json(told: Any) -> Formula:
    """The formula that `to_json` wrote."""
    if not isinstance(told, Sequence):
        return Number(told)
    word, *parts = told
    match word:
        case "column":
            return Column(parts[0])
        case "variable":
            return Variable()
        case _ if word in FUNCTIONS:
            return Aggregate(word, from_json(parts[0]))
        case _:
            left, right = map(from_json, parts)
            return Arithmetic(word, left, right)


def restriction_to_json(restriction: Restriction) -> dict[str, Any]:
    told: dict[str, Any] = {
        "sides": [to_json(side) for side in restriction.sides],
        "relations": list(restriction.relations),
    }
    return told if restriction.group_by is None else {**told, "group_by": restriction.group_by}


def restriction_from_json(told: Any) -> Restriction:
    sides = tuple(from_json(side) for side in told["sides"])
    return Restriction(sides, tuple(told["relations"]), told.get("group_by"))


def columns_of(formula: Formula) -> Iterator[str]:
    """The columns that a formula names, as often as it does."""
    match formula:
        case Column(name):
            yield name
        case Arithmetic(_, left, right):
            yield from columns_of(left)
            yield from columns_of(right)
        case Aggregate(_, operand):
            yield from columns_of(operand)
        case Number() | Variable():
            pass
        case _:
            assert_never(formula)


def aggregates(formula: Formula) -> bool:
    """Whether a formula has one value per group of rows."""
    match formula:
        case Aggregate():
            return True
        case Arithmetic(_, left, right):
            return aggregates(left) or aggregates(right)
        case _:
            return False


# --- as text, for people ------------------------------------------------------------------

_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 3}
_ATOM = 4


def text_of(formula: Formula, variable: str, at_least: int = 0) -> str:
    """A formula as one would write it, in brackets if it binds more weakly than its place asks."""
    match formula:
        case Number(value):
            return f"{value:.15g}"
        case Column(name):
            return name
        case Variable():
            return variable
        case Aggregate(function, operand):
            return f"{function}({text_of(operand, variable)})"
        case Arithmetic(operator, left, right):
            strength = _STRENGTH[operator]
            sides = (strength + 1, strength) if operator == "**" else (strength, strength + 1)
            first, second = text_of(left, variable, sides[0]), text_of(right, variable, sides[1])
            text = f"{first} {operator} {second}"
            return text if strength >= at_least else f"({text})"
        case _:
            assert_never(formula)


def restriction_text(restriction: Restriction, variable: str) -> str:
    """A constraint as one would write it."""
    first, *others = (text_of(side, variable) for side in restriction.sides)
    text = first + "".join(
        f" {relation} {side}" for relation, side in zip(restriction.relations, others, strict=True)
    )
    return f"{text} GROUP BY {restriction.group_by}" if restriction.group_by else text
