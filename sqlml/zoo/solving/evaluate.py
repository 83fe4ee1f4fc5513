"""What a formula comes to: a number per group, and coefficients of the rows' variables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.solving.formula import (
    Aggregate,
    Arithmetic,
    Column,
    Formula,
    Function,
    Number,
    Operator,
    Variable,
)
from sqlml.zoo.solving.groups import Groups

Numbers = NDArray[np.float64]
Polynomial = Sequence[Numbers]
"""Coefficients of 1, x and x², as far as there are any. That of 1 is per group, the others are per
row; the variables of a group's rows are summed. One number may stand for an array of equal ones."""


class Uneven(Exception):  # noqa: N818 - not yet an error shown
    """A column that must be the same throughout a group is not: it differs in two of its rows."""

    def __init__(self, column: str, rows: tuple[int, int]) -> None:
        super().__init__(column, rows)
        self.column, self.rows = column, rows
        self.restriction: int | None = None  # the constraint it is in; None: the objective


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Formulas over columns whose rows are taken in groups.

    Nothing is raised for what is no number: divisions by zero and overflows come out as they are.
    """

    columns: Mapping[str, Numbers]
    groups: Groups

    def polynomial(self, formula: Formula) -> Polynomial:
        """Raises:
        Uneven: a column outside of an aggregate differs within a group.
        """
        match formula:
            case Number(value):
                return (np.asarray(value, np.float64),)
            case Column(name):
                return (self._of_groups(name),)
            case Variable():
                return (np.zeros(()), np.ones(()))
            case Arithmetic(operator, left, right):
                return self._arithmetic(operator, self.polynomial(left), self.polynomial(right))
            case Aggregate(function, operand):
                each = Evaluation(self.columns, Groups.each(len(self.groups.codes)))
                return self._aggregate(function, each.polynomial(operand))
            case _:
                assert_never(formula)

    def _of_groups(self, name: str) -> Numbers:
        column = self.columns[name]
        if self.groups.are_rows:
            return column
        values = column[self.groups.first]
        uneven = values[self.groups.codes] != column
        if uneven.any():
            row = int(np.argmax(uneven))
            raise Uneven(name, (int(self.groups.first[self.groups.codes[row]]), row))
        return values

    def _arithmetic(self, operator: Operator, left: Polynomial, right: Polynomial) -> Polynomial:
        match operator:
            case "+":
                return [a + b for a, b in zip_longest(left, right, fillvalue=np.zeros(()))]
            case "-":
                return [a - b for a, b in zip_longest(left, right, fillvalue=np.zeros(()))]
            case "*":
                return self._product(left, right)
            case "/":
                return self._quotient(left, right[0])
            case "**":
                return self._power(left, right[0])
            case _:
                assert_never(operator)

    def _product(self, left: Polynomial, right: Polynomial) -> Polynomial:
        product: list[Numbers] = [np.zeros(())] * (len(left) + len(right) - 1)
        product[0] = left[0] * right[0]
        for i, a in enumerate(left):
            for j, b in enumerate(right):
                if i or j:
                    spread = (a if i else self._to_rows(a)) * (b if j else self._to_rows(b))
                    product[i + j] = product[i + j] + spread
        return product

    def _quotient(self, left: Polynomial, right: Numbers) -> Polynomial:
        constant, *others = left
        return [constant / right, *(values / self._to_rows(right) for values in others)]

    def _power(self, base: Polynomial, exponent: Numbers) -> Polynomial:
        if len(base) == 1:
            return (base[0] ** exponent,)
        power: Polynomial = (np.ones(()),)
        for _ in range(int(exponent)):
            power = self._product(power, base)
        return power

    def _aggregate(self, function: Function, each: Polynomial) -> Polynomial:
        constant = np.broadcast_to(each[0], self.groups.codes.shape)
        if function in _EXTREMES:
            found, start = _EXTREMES[function]
            extreme = np.full(self.groups.count, start)
            found(extreme, self.groups.codes, constant)
            return (extreme,)
        sums: Numbers = np.bincount(self.groups.codes, constant, self.groups.count).astype(
            np.float64
        )
        if function == "SUM":
            return (sums, *each[1:])
        counts = np.bincount(self.groups.codes, minlength=self.groups.count)
        return self._quotient((sums, *each[1:]), counts.astype(np.float64))

    def _to_rows(self, values: Numbers) -> Numbers:
        """Values of groups as values of their rows."""
        return values if values.ndim == 0 or self.groups.are_rows else values[self.groups.codes]


_EXTREMES: Mapping[Function, tuple[Callable[..., None], float]] = {
    "MIN": (np.minimum.at, np.inf),
    "MAX": (np.maximum.at, -np.inf),
}
