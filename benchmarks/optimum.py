"""The best that a cache can do that knows what will come, by mixed-integer linear programming."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from reruns import Reruns
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array


@dataclass(frozen=True)
class Optimum:
    """Seconds of work in all runs but the first: what was found, and what cannot be beaten."""

    seconds: float
    bound: float

    @property
    def gap(self) -> float:
        return (self.seconds - self.bound) / max(self.seconds, 1e-9)


class _Problem:
    """Variables and constraints as they are written down."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.whole: list[int] = []
        self.entries: list[tuple[int, int, float]] = []
        self.lower: list[float] = []
        self.upper: list[float] = []

    def variable(self, cost: float, *, whole: bool = False) -> int:
        self.cost.append(cost)
        self.whole.append(int(whole))
        return len(self.cost) - 1

    def constrain(self, terms: list[tuple[int, float]], lower: float, upper: float) -> None:
        row = len(self.lower)
        self.entries += [(row, variable, factor) for variable, factor in terms]
        self.lower.append(lower)
        self.upper.append(upper)

    def solve(self, seconds: float) -> tuple[np.ndarray | None, float]:
        """The variables of the best solution found, if one was; and the bound."""
        rows, columns, factors = (np.array(one) for one in zip(*self.entries, strict=True))
        matrix = coo_array(
            (factors, (rows, columns)), shape=(len(self.lower), len(self.cost))
        ).tocsr()
        solved = milp(
            np.array(self.cost),
            integrality=np.array(self.whole),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, np.array(self.lower), np.array(self.upper)),
            options={"time_limit": seconds, "mip_rel_gap": 1e-3},
        )
        bound = getattr(solved, "mip_dual_bound", None)
        return solved.x, 0.0 if bound is None else float(bound)


def optimum(reruns: Reruns, capacity: float, seconds: float) -> Optimum:
    """The least work with what is kept between runs never above the capacity.

    An artifact is kept from a run in which it is there, made or kept, until the next run of which
    it is part; keeping it any shorter or longer is worth nothing. seconds: of looking for it.
    """
    problem = _Problem()
    recorded, made = reruns.recorded, reruns.made
    last: dict[int, tuple[int, int, int | None]] = {}  # run, variables: made there, kept there
    between: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for run, artifacts in enumerate(made):
        does: list[int] = []
        for step, artifact in enumerate(artifacts):
            runs = problem.variable(recorded.seconds[step] if run else 0.0)
            does.append(runs)
            kept = None
            if artifact in last and recorded.sizes[step] <= capacity:
                before, made_there, kept_there = last[artifact]
                kept = problem.variable(0.0, whole=True)
                problem.constrain([*_sum(made_there, kept_there), (kept, -1.0)], 0.0, np.inf)
                for boundary in range(before, run):
                    between[boundary].append((kept, recorded.sizes[step] / capacity))
            last[artifact] = (run, runs, kept)
        stands = [last[artifact][2] for artifact in artifacts]
        _let_run(problem, reruns, does, stands)
    for terms in between.values():
        problem.constrain(terms, -np.inf, 1.0)
    everything = sum(recorded.seconds) * (len(made) - 1)
    found, bound = problem.solve(seconds)
    best = everything if found is None else float(np.dot(found, problem.cost))
    return Optimum(best, max(bound, 0.0))


def _let_run(
    problem: _Problem, reruns: Reruns, does: Sequence[int], stands: Sequence[int | None]
) -> None:
    """In a run, a step runs that is wanted or gives to one that runs, unless what it made stands.

    does, stands: the variables for each step.
    """
    goals = set(reruns.goals)
    for step in range(len(does)):
        if step in goals:
            problem.constrain(_sum(does[step], stands[step]), 1.0, np.inf)
    for taker, givers in enumerate(reruns.recorded.givers):
        for step in givers:
            terms = [*_sum(does[step], stands[step]), (does[taker], -1.0)]
            problem.constrain(terms, 0.0, np.inf)


def _sum(*variables: int | None) -> list[tuple[int, float]]:
    return [(variable, 1.0) for variable in variables if variable is not None]
