"""Solvers that are programs: the problem goes to them as an MPS file, the solution comes in one."""

import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from sqlml.zoo.solving.highs import SOLVER, loaded
from sqlml.zoo.solving.problem import Numbers, Problem
from sqlml.zoo.solving.solver import Abilities, Limits, Solution, SolverFailure

_GRACE = 30.0  # seconds, for reading and writing, before a program is stopped from outside


class Program(ABC):
    """A solver on the search path. HiGHS writes the problem for it."""

    name: ClassVar[str]
    executable: ClassVar[str]
    install: ClassVar[str]
    abilities: ClassVar[Abilities] = Abilities()

    @property
    def is_installed(self) -> bool:
        return SOLVER.is_installed and shutil.which(self.executable) is not None

    @property
    def version(self) -> str:
        """What tells one file of the program from another: asking each would start it."""
        found = shutil.which(self.executable)
        if found is None:
            return ""
        stat = os.stat(found)
        return f"{stat.st_size} bytes of {stat.st_mtime_ns}"

    def solve(self, problem: Problem, limits: Limits, folder: Path) -> Solution:
        model, written = folder / "model.mps", folder / "solution.txt"
        _write(problem, model)
        printed = _run([self.executable, *self.arguments(model, written, limits)], limits.seconds)
        if not written.exists():
            raise SolverFailure("it has written no solution")
        return self.read(printed, written.read_text(), len(problem.cost))

    @abstractmethod
    def arguments(self, model: Path, solution: Path, limits: Limits) -> Sequence[str]:
        """The command line behind the program's name."""

    @abstractmethod
    def read(self, printed: str, solution: str, columns: int) -> Solution:
        """What the program found, from what it printed and the text of its solution file.

        Raises:
            SolverFailure: that cannot be told.
        """


def read_values(lines: Sequence[str], columns: int, *, number: int, value: int) -> Numbers:
    """The values of variables from lines of fields; those that are left out are 0.

    number, value: which field has a variable's number, counted from 0, and which its value.
    """
    values = np.zeros(columns)
    if lines:
        table = np.loadtxt(lines, usecols=(number, value), ndmin=2)
        values[table[:, 0].astype(np.int64)] = table[:, 1]
    return values


def _write(problem: Problem, path: Path) -> None:
    """The problem as a minimization, which every program reads alike; its columns are c0, c1 …"""
    sign = -1.0 if problem.maximize else 1.0
    quadratic = None if problem.quadratic is None else sign * problem.quadratic
    turned = replace(
        problem, maximize=False, offset=0.0, cost=sign * problem.cost, quadratic=quadratic
    )
    loaded(turned).writeModel(str(path))


def _run(command: Sequence[str], seconds: float | None) -> str:
    """What a program prints.

    Raises:
        SolverFailure: it is not there, fails, or does not end in time.
    """
    limit = None if seconds is None else seconds + _GRACE
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise SolverFailure(str(problem)) from problem
    if done.returncode:
        last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise SolverFailure(last or f"it ended with code {done.returncode}")
    return done.stdout
