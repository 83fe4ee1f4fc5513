"""Choose values for variables, one per row, that make an objective as large or small as can be."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.errors import StepError
from sqlml.quoting import identifier, select_from
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.solving import SOLVERS, refusals
from sqlml.zoo.solving.build import Builder, Built, NotFinite
from sqlml.zoo.solving.conflict import find_conflict
from sqlml.zoo.solving.data import Data, Unusable, read_data
from sqlml.zoo.solving.domain import DOMAINS
from sqlml.zoo.solving.evaluate import Uneven
from sqlml.zoo.solving.formula import (
    Formula,
    Restriction,
    columns_of,
    from_json,
    restriction_from_json,
)
from sqlml.zoo.solving.problem import Numbers, Problem
from sqlml.zoo.solving.refusals import Refusals
from sqlml.zoo.solving.solver import Limits, Solution, SolverFailure
from sqlml.zoo.steps.outcome import Outcome

_MANY_SQUARES = 2_000  # variables, from which on HiGHS takes more than seconds
_SECONDS = 10.0  # to find out more about a problem that cannot be solved


def run(
    context: Context,
    *,
    direction: Literal["maximize", "minimize"],
    objective: Any,
    constraints: Sequence[Any],
    variable: str,
    keys: Sequence[str],
    domain: str,
    column: str,
    solver: str,
    settings: Mapping[str, Any],
    into: str | None = None,
    rows: Rows,
) -> Outcome:
    """A table of the keys and the chosen values (`column`), in the order of the rows.

    Raises:
        StepError: there are no rows, or coefficients that are no numbers; no values satisfy the
            constraints; the objective has no bound, or a shape that the solver does not take.
    """
    goal = from_json(objective)
    restrictions = [restriction_from_json(told) for told in constraints]
    data = _read(rows, keys, goal, restrictions)
    _note_shared_keys(context, rows, keys, data)
    refuse = Refusals(data, restrictions, variable, domain)
    builder = Builder(data.rows, data.numbers, data.groups)
    maximize = direction == "maximize"
    try:
        built = builder.build(goal, restrictions, DOMAINS[domain], maximize=maximize)
    except NotFinite as found:
        raise refuse.not_finite(found) from found
    except Uneven as found:
        raise refuse.uneven(found) from found
    if not built.problem.is_convex:
        assert built.problem.quadratic is not None
        raise refuse.not_convex(built.problem.quadratic, maximize)
    if built.problem.quadratic is not None and data.rows > _MANY_SQUARES:
        context.note(
            f"squares of {data.rows:,} variables can take long: `solver.time_limit` ends it earlier"
        )
    solution = _solve(context, solver, built.problem, settings)
    if solution.status == "infeasible":
        raise _infeasible(context, solver, built, refuse)
    if solution.status == "unbounded":
        raise refuse.unbounded(maximize)
    if solution.values is None:
        raise refusals.nothing_found(settings.get("time_limit"))
    values = _values(solution.values, whole=built.problem.whole)
    result = data.keys.append_column(column, pa.array(values))
    if into is None:
        context.result(result)
    else:
        context.write(into, result)
    return _outcome(context, solution, built.problem.objective(values), data.rows)


def _read(
    rows: Rows, keys: Sequence[str], objective: Formula, restrictions: Sequence[Restriction]
) -> Data:
    formulas = [objective, *(side for each in restrictions for side in each.sides)]
    numbers = dict.fromkeys(name for formula in formulas for name in columns_of(formula))
    groups = dict.fromkeys(each.group_by for each in restrictions if each.group_by is not None)
    try:
        data = read_data(rows, keys, tuple(numbers), tuple(groups))
    except Unusable as found:
        raise refusals.unusable(found) from found
    if not data.rows:
        raise refusals.no_rows()
    return data


def _note_shared_keys(context: Context, rows: Rows, keys: Sequence[str], data: Data) -> None:
    names = ", ".join(map(identifier, keys))
    distinct = context.table(select_from("count(*)", rows.select(f"DISTINCT {names}").sql))
    different = distinct.column(0)[0].as_py()
    if different < data.rows:
        context.note(
            f"{data.rows:,} rows have {different:,} different values of {', '.join(keys)}:"
            " there is one variable for each row"
        )


def _solve(
    context: Context, solver: str, problem: Problem, settings: Mapping[str, Any]
) -> Solution:
    limits = Limits(
        settings.get("threads") or context.threads,
        settings.get("time_limit"),
        settings.get("gap"),
        settings.get("seed"),
    )
    try:
        return SOLVERS.load(solver).solve(problem, limits, context.folder)
    except SolverFailure as failure:
        raise refusals.failed(solver, str(failure)) from failure


def _infeasible(context: Context, solver: str, built: Built, refuse: Refusals) -> StepError:
    """What is wrong, as far as it can be told in a few seconds."""
    problem = built.problem
    if problem.whole:
        real = _solve(context, solver, replace(problem, whole=False), {"time_limit": _SECONDS})
        if real.status in ("optimal", "unbounded"):
            return refuse.only_real()
    return refuse.infeasible(built, find_conflict(problem))


def _values(found: Numbers, *, whole: bool) -> NDArray[Any]:
    return np.rint(found).astype(np.int64) if whole else found + 0.0  # no -0.0


def _outcome(context: Context, solution: Solution, objective: float, rows: int) -> Outcome:
    metrics = {"objective": objective}
    if solution.gap is not None:
        metrics["gap"] = solution.gap
    if solution.status == "stopped":
        gap = "" if solution.gap is None else f", at most {solution.gap:.2%} from the best"
        context.note(f"the solver was stopped: these are the best values that it found{gap}")
    return Outcome(summary=f"objective {objective:.10g}", metrics=metrics, rows=rows)
