"""Conflicts that bounds show without a solver, however large the problem is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.solving.problem import Numbers, Problem

_TOLERANCE = 1e-6
_OWN = -1  # the origin of a bound that is the variable's own

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The tightest bounds of each variable, and the row of the matrix that each comes from."""

    lower: Numbers
    upper: Numbers
    lower_from: Places
    upper_from: Places


def evident_conflict(problem: Problem) -> tuple[Places, Places] | None:
    """Rows, and variables by their own bounds, that cannot hold together; None: none is evident.

    A row with one variable is a bound of it. A row cannot hold if its sum cannot, with every
    variable at the bound that is best for it.
    """
    row = problem.matrix.index.astype(np.int64)
    variable = np.repeat(np.arange(len(problem.cost)), np.diff(problem.matrix.start))
    alone = np.bincount(row, minlength=len(problem.row_lower))[row] == 1
    bounds = _bounds(problem, row[alone], variable[alone], problem.matrix.value[alone])
    crossed = bounds.lower > bounds.upper + _TOLERANCE
    if crossed.any():
        at = int(np.argmax(crossed))
        origins = np.array([bounds.lower_from[at], bounds.upper_from[at]])
        return _conflict(origins, np.array([at, at]))
    return _sum_out_of_reach(problem, bounds, row, variable)


def _bounds(problem: Problem, row: Places, variable: Places, value: Numbers) -> _Bounds:
    below = np.where(value > 0, problem.row_lower[row], problem.row_upper[row]) / value
    above = np.where(value > 0, problem.row_upper[row], problem.row_lower[row]) / value
    lower, lower_from = _tightest(-problem.lower, -below, row, variable)
    upper, upper_from = _tightest(problem.upper, above, row, variable)
    return _Bounds(-lower, upper, lower_from, upper_from)


def _tightest(
    own: Numbers, bound: Numbers, row: Places, variable: Places
) -> tuple[Numbers, Places]:
    """The least of each variable's own and other upper bounds, and the row that it comes from."""
    least = own.copy()
    np.minimum.at(least, variable, bound)
    origin = np.full(len(own), _OWN)
    is_least = (bound == least[variable]) & (bound < own[variable])
    origin[variable[is_least]] = row[is_least]
    return least, origin


def _sum_out_of_reach(
    problem: Problem, bounds: _Bounds, row: Places, variable: Places
) -> tuple[Places, Places] | None:
    value = problem.matrix.value
    for sign, needed in ((1.0, problem.row_lower), (-1.0, -problem.row_upper)):
        rising = sign * value > 0
        at_best = np.where(rising, bounds.upper[variable], bounds.lower[variable])
        reach = np.bincount(row, sign * value * at_best, len(needed))
        missed = reach < needed - _TOLERANCE * np.maximum(1.0, np.abs(needed))
        if missed.any():
            at = int(np.argmax(missed))
            inside = row == at
            origin = np.where(rising, bounds.upper_from[variable], bounds.lower_from[variable])
            rows, variables = _conflict(origin[inside], variable[inside])
            return np.unique(np.append(rows, at)), variables
    return None


def _conflict(origins: Places, variables: Places) -> tuple[Places, Places]:
    own = origins == _OWN
    return np.unique(origins[~own]), np.unique(variables[own])
