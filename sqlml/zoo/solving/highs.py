"""HiGHS: linear, mixed-integer and convex quadratic problems, passed as arrays."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from sqlml.zoo.library import Library
from sqlml.zoo.solving.problem import Problem
from sqlml.zoo.solving.solver import Abilities, Limits, Solution, SolverFailure, Status

_SMALLEST = 1e-12  # coefficient: below, HiGHS takes it for 0
_BY_COLUMNS, _LOWER_TRIANGLE = 1, 1
_MINIMIZE, _MAXIMIZE = 1, -1


class Highs:
    name = "highs"
    abilities = Abilities(quadratic=True)
    install = 'pip install "sqlml[solve]"'

    @property
    def is_installed(self) -> bool:
        return find_spec("highspy") is not None

    @property
    def version(self) -> str:
        return Library("highspy").version

    def solve(self, problem: Problem, limits: Limits, folder: Path) -> Solution:
        highs = loaded(problem)
        _limit(highs, limits)
        highs.run()
        status = _status(highs)
        if status not in ("optimal", "stopped"):
            return Solution(status)
        info = highs.getInfo()
        if info.primal_solution_status != 2:
            return Solution(status)
        values = np.asarray(highs.getSolution().col_value)
        if not np.isfinite(values).all():  # what its quadratic solver calls optimal
            return Solution("unbounded")
        if not problem.whole:
            return Solution(status, values, 0.0 if status == "optimal" else None)
        return Solution(status, values, info.mip_gap if np.isfinite(info.mip_gap) else None)


SOLVER = Highs()


def loaded(problem: Problem) -> Any:
    """A silent HiGHS that holds the problem."""
    import highspy

    highspy.Highs.resetGlobalScheduler(True)  # else the threads of its first use stay
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("small_matrix_value", _SMALLEST)
    columns, rows, terms = len(problem.cost), len(problem.row_lower), len(problem.matrix.value)
    highs.passModel(
        *(columns, rows, terms, _BY_COLUMNS),
        *(_MAXIMIZE if problem.maximize else _MINIMIZE, problem.offset),
        *(problem.cost, problem.lower, problem.upper, problem.row_lower, problem.row_upper),
        *(problem.matrix.start, problem.matrix.index, problem.matrix.value),
        np.full(columns, int(problem.whole), np.int32),
    )
    if problem.quadratic is not None:  # HiGHS halves it: ½ xᵀHx
        starts, numbers = np.arange(columns + 1, dtype=np.int32), np.arange(columns, dtype=np.int32)
        hessian = 2.0 * problem.quadratic
        highs.passHessian(columns, columns, _LOWER_TRIANGLE, starts, numbers, hessian)
        highs.setOptionValue("qp_regularization_value", 0.0)  # it would move the solution
    return highs


def _limit(highs: Any, limits: Limits) -> None:
    highs.setOptionValue("threads", limits.threads)
    if limits.seconds is not None:
        highs.setOptionValue("time_limit", float(limits.seconds))
    if limits.gap is not None:
        highs.setOptionValue("mip_rel_gap", float(limits.gap))
    if limits.seed is not None:
        highs.setOptionValue("random_seed", limits.seed)


def _status(highs: Any) -> Status:
    """Raises:
    SolverFailure: HiGHS cannot say anything about the problem.
    """
    from highspy import HighsModelStatus as Found

    status = highs.getModelStatus()
    if status in (Found.kOptimal, Found.kModelEmpty):
        return "optimal"
    if status in (Found.kTimeLimit, Found.kSolutionLimit, Found.kIterationLimit):
        return "stopped"
    if status == Found.kInfeasible:
        return "infeasible"
    if status == Found.kUnbounded:
        return "unbounded"
    if status == Found.kUnboundedOrInfeasible:  # what can be reached decides which
        columns = highs.getNumCol()
        numbers = np.arange(columns, dtype=np.int32)
        highs.changeColsCost(columns, numbers, np.zeros(columns))
        highs.run()
        return "infeasible" if highs.getModelStatus() == Found.kInfeasible else "unbounded"
    raise SolverFailure(highs.modelStatusToString(status))
