"""GLPK: linear and mixed-integer problems, through its program glpsol."""

import math
from collections.abc import Sequence
from pathlib import Path

from sqlml.zoo.solving.program import Program, read_values
from sqlml.zoo.solving.solver import Limits, Solution, SolverFailure, Status

# What glpsol prints when it gives no solution.
_ENDINGS: dict[str, Status] = {
    "TIME LIMIT EXCEEDED": "stopped",
    "NO PRIMAL FEASIBLE": "infeasible",
    "NO INTEGER FEASIBLE": "infeasible",
    "NO FEASIBLE": "infeasible",
    "NO DUAL FEASIBLE": "unbounded",
    "UNBOUNDED": "unbounded",
}


class Glpk(Program):
    name = "glpk"
    executable = "glpsol"
    install = "apt install glpk-utils"

    def arguments(self, model: Path, solution: Path, limits: Limits) -> Sequence[str]:
        time = [] if limits.seconds is None else ["--tmlim", str(math.ceil(limits.seconds))]
        gap = [] if limits.gap is None else ["--mipgap", str(limits.gap)]
        return ["--freemps", str(model), *time, *gap, "--write", str(solution)]

    def read(self, printed: str, solution: str, columns: int) -> Solution:
        lines = solution.splitlines()
        summary = next(line for line in lines if line.startswith("s ")).split()
        given = [line[2:] for line in lines if line.startswith("j ")]
        whole = summary[1] == "mip"
        states = summary[4:-1]
        if states in (["o"], ["f", "f"]):
            status: Status = "optimal"
        elif states[0] == "f" and "TIME LIMIT EXCEEDED" in printed:
            status = "stopped"
        else:
            return Solution(_ending(printed))
        # variables are counted from 1; a linear problem has a status between number and value
        values = read_values(given, columns + 1, number=0, value=1 if whole else 2)[1:]
        return Solution(status, values, 0.0 if status == "optimal" and not whole else None)


SOLVER = Glpk()


def _ending(printed: str) -> Status:
    for words, status in _ENDINGS.items():
        if words in printed:
            return status
    raise SolverFailure(printed.strip().rpartition("\n")[2])
