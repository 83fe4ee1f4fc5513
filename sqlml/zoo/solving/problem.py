"""An optimization problem as arrays, which is how solvers take it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A sparse matrix by columns: those of column j are `index[start[j]:start[j + 1]]`."""

    start: Indices
    index: Indices
    value: Numbers


@dataclass(frozen=True, slots=True)
class Problem:
    """offset + cost·x + quadratic·x² is to be as large or as small as it can be, where
    lower ≤ x ≤ upper, row_lower ≤ matrix x ≤ row_upper, and x is whole where `whole`.

    quadratic: None for a linear objective.
    """

    maximize: bool
    offset: float
    cost: Numbers
    quadratic: Numbers | None
    lower: Numbers
    upper: Numbers
    whole: bool
    matrix: Matrix
    row_lower: Numbers
    row_upper: Numbers

    def objective(self, values: Numbers) -> float:
        """What the objective is for the values of the variables."""
        squares = 0.0 if self.quadratic is None else self.quadratic @ values**2
        return float(self.offset + self.cost @ values + squares)

    @property
    def is_convex(self) -> bool:
        """Whether there is but one valley to go down into (or hill to climb)."""
        if self.quadratic is None:
            return True
        return not (self.quadratic > 0 if self.maximize else self.quadratic < 0).any()
