"""What a solver is: takes a problem, and says what it found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from sqlml.zoo.solving.problem import Numbers, Problem

Status = Literal["optimal", "stopped", "infeasible", "unbounded"]


@dataclass(frozen=True, slots=True)
class Limits:
    """seconds: to stop after. gap: how far from the best a solution may be, as a share of it."""

    threads: int
    seconds: float | None = None
    gap: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """values: of the variables; None where none are known that satisfy all constraints.

    gap: how far they may be from the best, as a share of it; None where the solver does not tell.
    """

    status: Status
    values: Numbers | None = None
    gap: float | None = None


@dataclass(frozen=True, slots=True)
class Abilities:
    """quadratic: objectives with squares. quadratic_whole: also of whole numbers."""

    quadratic: bool = False
    quadratic_whole: bool = False


class Solver(Protocol):
    """install: how to get it."""

    name: str
    abilities: Abilities
    install: str

    @property
    def is_installed(self) -> bool: ...

    @property
    def version(self) -> str:
        """Another one may find other values; empty where that is not known."""
        ...

    def solve(self, problem: Problem, limits: Limits, folder: Path) -> Solution:
        """folder: for files.

        Raises:
            SolverFailure: it gave up.
        """
        ...


class SolverFailure(Exception):  # noqa: N818 - not yet an error shown
    """A solver that could not say anything about a problem, in its own words."""
