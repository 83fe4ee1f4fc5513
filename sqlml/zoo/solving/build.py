"""From formulas and columns to a problem, without an object per row or term."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.solving.domain import Domain
from sqlml.zoo.solving.evaluate import Evaluation, Uneven
from sqlml.zoo.solving.formula import Arithmetic, Formula, Relation, Restriction, aggregates
from sqlml.zoo.solving.groups import Groups
from sqlml.zoo.solving.problem import Matrix, Numbers, Problem

_LARGEST = 1e15  # that HiGHS takes as a coefficient


class NotFinite(Exception):  # noqa: N818 - not yet an error shown
    """A coefficient is infinite, too large or no number. restriction: None in the objective."""

    def __init__(self, restriction: int | None, row: int) -> None:
        super().__init__(restriction, row)
        self.restriction, self.row = restriction, row


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of the matrix that come from one comparison: one per group.

    A variable occurs in one row of it only, that of its group, with its `coefficients`.
    """

    restriction: int
    groups: Groups
    coefficients: Numbers
    lower: Numbers
    upper: Numbers


@dataclass(frozen=True, slots=True)
class Built:
    problem: Problem
    blocks: tuple[Block, ...]

    def origin(self, row: int) -> tuple[int, int]:
        """The restriction, and a row of the data, that a row of the matrix comes from."""
        for block in self.blocks:
            if row < block.groups.count:
                return block.restriction, int(block.groups.first[row])
            row -= block.groups.count
        raise IndexError(row)


@dataclass(frozen=True, slots=True)
class Builder:
    """columns: the numbers that formulas name. groups: those of GROUP BY, by column."""

    rows: int
    columns: Mapping[str, Numbers]
    groups: Mapping[str, Groups]

    def build(
        self,
        objective: Formula,
        restrictions: Sequence[Restriction],
        domain: Domain,
        *,
        maximize: bool,
    ) -> Built:
        """Raises:
        NotFinite: a coefficient is not.
        Uneven: a column outside of an aggregate differs within a group.
        """
        blocks = [
            block
            for number, restriction in enumerate(restrictions)
            for block in self._blocks(number, restriction)
        ]
        whole = Evaluation(self.columns, Groups.all(self.rows))
        offset, cost, quadratic = self._coefficients(whole, objective, None)
        problem = Problem(
            maximize,
            float(offset[0]),
            cost,
            quadratic if quadratic.any() else None,
            np.full(self.rows, domain.lower, np.float64),
            np.full(self.rows, domain.upper, np.float64),
            domain.whole,
            _matrix(self.rows, blocks),
            _joined([block.lower for block in blocks]),
            _joined([block.upper for block in blocks]),
        )
        return Built(problem, tuple(blocks))

    def _blocks(self, number: int, restriction: Restriction) -> list[Block]:
        evaluation = Evaluation(self.columns, self._groups(restriction))
        blocks = []
        for (left, right), relation in zip(
            pairwise(restriction.sides), restriction.relations, strict=True
        ):
            difference = Arithmetic("-", left, right)
            constant, coefficients, _ = self._coefficients(evaluation, difference, number)
            lower, upper = _BOUNDS[relation](-constant)
            blocks.append(Block(number, evaluation.groups, coefficients, lower, upper))
        return blocks

    def _groups(self, restriction: Restriction) -> Groups:
        if restriction.group_by is not None:
            return self.groups[restriction.group_by]
        together = any(aggregates(side) for side in restriction.sides)
        return Groups.all(self.rows) if together else Groups.each(self.rows)

    def _coefficients(
        self, evaluation: Evaluation, formula: Formula, restriction: int | None
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Of 1 (per group), of x and of x² (per row)."""
        try:
            with np.errstate(all="ignore"):
                polynomial = evaluation.polynomial(formula)
        except Uneven as uneven:
            uneven.restriction = restriction
            raise
        groups = evaluation.groups
        for power, coefficients in enumerate(polynomial):
            fine = np.abs(coefficients) < (_LARGEST if power else np.inf)
            if not fine.all():
                at = int(np.argmin(fine))
                raise NotFinite(restriction, at if power else int(groups.first[at]))
        constant = np.broadcast_to(polynomial[0], groups.count)
        others = [np.broadcast_to(values, self.rows) for values in polynomial[1:]]
        zeros = np.zeros(self.rows)
        linear, quadratic, *_ = (*others, zeros, zeros)
        return constant, linear, quadratic


_BOUNDS: Mapping[Relation, Callable[[Numbers], tuple[Numbers, Numbers]]] = {
    "<=": lambda bound: (np.full_like(bound, -np.inf), bound),
    ">=": lambda bound: (bound, np.full_like(bound, np.inf)),
    "=": lambda bound: (bound, bound),
}


def _matrix(columns: int, blocks: Sequence[Block]) -> Matrix:
    """All blocks below each other: a column has at most one value in each of them."""
    if not blocks:
        nothing = np.zeros(0)
        return Matrix(np.zeros(columns + 1, np.int32), nothing.astype(np.int32), nothing)
    offsets = accumulate([block.groups.count for block in blocks[:-1]], initial=0)
    values = np.stack([block.coefficients for block in blocks], axis=1)
    rows: NDArray[np.int32] = np.stack(
        [block.groups.codes + offset for block, offset in zip(blocks, offsets, strict=True)],
        axis=1,
        dtype=np.int32,
        casting="same_kind",
    )
    given = values != 0
    start = np.zeros(columns + 1, np.int32)
    np.cumsum(given.sum(axis=1), out=start[1:])
    return Matrix(start, rows[given], values[given])


def _joined(parts: Sequence[Numbers]) -> Numbers:
    return np.concatenate(parts) if parts else np.zeros(0)
