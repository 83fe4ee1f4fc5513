"""Every solver gives the same answers; what programs write is read as they write it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sqlml.zoo.solving import SOLVERS
from sqlml.zoo.solving.conflict import find_conflict
from sqlml.zoo.solving.problem import Matrix, Problem
from sqlml.zoo.solving.solver import Limits, Solution, SolverFailure

LIMITS = Limits(threads=1, seconds=20, gap=0, seed=1)

# Soldiers and trains: at most 40 soldiers, 100 hours of finishing and 80 of carpentry.
WOOD = Problem(
    maximize=True,
    offset=5.0,
    cost=np.array([3.0, 2.0]),
    quadratic=None,
    lower=np.zeros(2),
    upper=np.array([40.0, np.inf]),
    whole=True,
    matrix=Matrix(
        np.array([0, 2, 4], np.int32), np.array([0, 1, 0, 1], np.int32), np.array([2.0, 1, 1, 1])
    ),
    row_lower=np.full(2, -np.inf),
    row_upper=np.array([100.0, 80.0]),
)
# Two variables whose sum is between 1 and 2.
PAIR = replace(
    WOOD,
    maximize=False,
    whole=False,
    upper=np.full(2, np.inf),
    matrix=Matrix(np.array([0, 1, 2], np.int32), np.zeros(2, np.int32), np.array([1.0, -1.0])),
    row_lower=np.array([1.0]),
    row_upper=np.array([2.0]),
)


@pytest.fixture(params=list(SOLVERS))
def solver(request):
    found = SOLVERS.load(request.param)
    if not found.is_installed:
        pytest.skip(f"needs the program of {found.name}: {found.install}")
    return found


@pytest.mark.parametrize("whole", [True, False])
def test_wood_carving(solver, whole, tmp_path) -> None:
    solution = solver.solve(replace(WOOD, whole=whole), LIMITS, tmp_path)
    assert solution.status == "optimal"
    np.testing.assert_allclose(solution.values, [20, 60])
    assert WOOD.objective(solution.values) == pytest.approx(185)


def test_a_minimum_with_a_range(solver, tmp_path) -> None:
    solution = solver.solve(PAIR, LIMITS, tmp_path)
    np.testing.assert_allclose(solution.values, [1, 0])


def test_variables_below_zero(solver, tmp_path) -> None:
    below = replace(PAIR, lower=np.array([-np.inf, -7.0]), upper=np.array([-3.0, np.inf]))
    solution = solver.solve(below, LIMITS, tmp_path)
    np.testing.assert_allclose(solution.values, [-6, -7])


@pytest.mark.parametrize("whole", [True, False])
def test_what_cannot_be_is_infeasible(solver, whole, tmp_path) -> None:
    impossible = replace(WOOD, whole=whole, row_lower=np.array([0.0, 81.0]))
    impossible = replace(impossible, row_upper=np.array([100.0, 200.0]), upper=np.array([1.0, 2.0]))
    assert solver.solve(impossible, LIMITS, tmp_path) == Solution("infeasible")


@pytest.mark.parametrize("whole", [True, False])
def test_what_has_no_end_is_unbounded(solver, whole, tmp_path) -> None:
    endless = replace(PAIR, maximize=True, whole=whole)
    assert solver.solve(endless, LIMITS, tmp_path) == Solution("unbounded")


def test_a_conflict_has_nothing_that_could_be_left_out() -> None:
    """Row 1 wants more than the bounds allow; row 0 has nothing to do with it."""
    impossible = replace(
        WOOD, row_lower=np.array([0.0, 81.0]), row_upper=np.array([1e6, 200.0]), upper=np.full(2, 9)
    )
    conflict = find_conflict(impossible)
    assert conflict is not None
    assert (conflict.rows, sorted(conflict.variables)) == ((1,), [0, 1])


# --- what programs write ------------------------------------------------------------------

GLPK_WHOLE = """c Status:     INTEGER OPTIMAL
s mip 2 3 o -180
i 1 100
i 2 80
j 1 20
j 2 60
j 3 0
e o f
"""
GLPK_REAL = """c Status:     OPTIMAL
s bas 2 3 f f -180
i 1 u 100 -1
i 2 u 80 -1
j 1 b 20.5 0
j 2 b 60 0
j 3 l 0 1
e o f
"""
CBC = """Optimal - objective value -180.00000000
      0 c0                    20                      -3
      1 c1                    60                      -2
"""
SCIP = """solution status: optimal solution found
objective value:                                  -180
c0                                                 20 \t(obj:-3)
c1                                                 60 \t(obj:-2)
"""


@pytest.mark.parametrize(
    ("name", "text", "first"),
    [
        ("glpk", GLPK_WHOLE, 20),
        ("glpk", GLPK_REAL, 20.5),
        ("cbc", CBC, 20),
        ("scip", SCIP, 20),
    ],
)
def test_a_solution_is_read_with_the_zeros_that_are_left_out(name, text, first) -> None:
    solution = SOLVERS.load(name).read("", text, 3)
    assert solution.status == "optimal"
    assert solution.values.tolist() == [first, 60, 0]


@pytest.mark.parametrize(
    ("name", "printed", "text", "status"),
    [
        ("glpk", "PROBLEM HAS NO PRIMAL FEASIBLE SOLUTION", "s mip 1 1 n 0\nj 1 0", "infeasible"),
        ("glpk", "LP RELAXATION HAS NO DUAL FEASIBLE SOLUTION", "s mip 1 1 u 0", "unbounded"),
        ("glpk", "PROBLEM HAS UNBOUNDED SOLUTION", "s bas 1 1 f n -9\nj 1 l 0 1", "unbounded"),
        ("glpk", "TIME LIMIT EXCEEDED; SEARCH TERMINATED", "s mip 1 1 u 0", "stopped"),
        ("cbc", "", "Infeasible - objective value 240.0\n**  0 c0  -80  0", "infeasible"),
        ("cbc", "", "Integer infeasible - objective value 2.0", "infeasible"),
        ("cbc", "", "Unbounded - objective value -121.0\n  0 c0  1  0", "unbounded"),
        (
            "cbc",
            "",
            "Stopped on time (no integer solution - continuous used) - objective value 1",
            "stopped",
        ),
        ("scip", "", "solution status: infeasible\nno solution available", "infeasible"),
        ("scip", "", "solution status: time limit reached\nno solution available", "stopped"),
    ],
)
def test_endings_without_values(name, printed, text, status) -> None:
    assert SOLVERS.load(name).read(printed, text, 1) == Solution(status)


@pytest.mark.parametrize(
    ("name", "printed", "text", "values"),
    [
        ("glpk", "TIME LIMIT EXCEEDED", "s mip 1 1 f 3\nj 1 7", [7]),
        ("cbc", "", "Stopped on time - objective value 3.0\n   0 c0  7  0", [7]),
        (
            "scip",
            "",
            "solution status: time limit reached\nobjective value: 3\nc0  7 \t(obj:1)",
            [7],
        ),
    ],
)
def test_a_solver_that_was_stopped_keeps_what_it_has(name, printed, text, values) -> None:
    solution = SOLVERS.load(name).read(printed, text, 1)
    assert (solution.status, solution.values.tolist()) == ("stopped", values)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Puts a program `cbc` on the path, and nothing else."""
    path = folder / "cbc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'no licence' >&2; exit 3", "no licence"),
        ("exit 3", "it ended with code 3"),
        ("exit 0", "it has written no solution"),
    ],
)
def test_a_program_that_fails_is_quoted(tmp_path, monkeypatch, script, words) -> None:
    """The program is a stand-in for a broken installation."""
    program(tmp_path, monkeypatch, script)
    with pytest.raises(SolverFailure, match=words):
        SOLVERS.load("cbc").solve(WOOD, LIMITS, tmp_path)


def test_a_program_that_has_gone_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SolverFailure, match="cbc"):
        SOLVERS.load("cbc").solve(WOOD, LIMITS, tmp_path)
