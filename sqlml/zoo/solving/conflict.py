"""Which constraints of a problem cannot all hold."""

from dataclasses import dataclass

import numpy as np

from sqlml.zoo.solving.evident import evident_conflict
from sqlml.zoo.solving.highs import loaded
from sqlml.zoo.solving.problem import Problem

_SECONDS = 10.0  # it is worth looking for, but not worth waiting for
_MOST_ROWS = 5_000  # beyond, the search for a smallest set would hardly end in that time
_IRREDUCIBLE = 4
_BOUND_COUNTS = 2  # 0: unknown, 1: free; the bounds themselves above


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rows of the matrix, and variables by their bounds, that cannot hold together.

    None can be left out of a small problem's.
    """

    rows: tuple[int, ...]
    variables: tuple[int, ...]


def find_conflict(problem: Problem) -> Conflict | None:
    """Constraints and bounds of a problem that real numbers cannot satisfy; None: not found."""
    from highspy import HighsStatus

    if len(problem.row_lower) > _MOST_ROWS:
        evident = evident_conflict(problem)
        return evident and Conflict(*(tuple(part.tolist()) for part in evident))
    highs = loaded(problem)
    highs.setOptionValue("iis_strategy", _IRREDUCIBLE)
    highs.setOptionValue("iis_time_limit", _SECONDS)
    told, found = highs.getIis()
    if told != HighsStatus.kOk:
        return None
    bounds = np.asarray(found.col_bound_, dtype=np.int32)
    variables = np.asarray(found.col_index_, dtype=np.int64)[bounds >= _BOUND_COUNTS]
    rows = tuple(found.row_index_)
    return Conflict(rows, tuple(variables.tolist())) if rows else None
