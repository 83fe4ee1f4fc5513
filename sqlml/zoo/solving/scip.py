"""SCIP: linear, mixed-integer and quadratic problems, through its program scip."""

from collections.abc import Sequence
from pathlib import Path

from sqlml.zoo.solving.program import Program, read_values
from sqlml.zoo.solving.solver import Abilities, Limits, Solution, SolverFailure, Status

# What the first line of its solution says.
_STATUSES: dict[str, Status] = {
    "optimal solution found": "optimal",
    "gap limit reached": "optimal",
    "time limit reached": "stopped",
    "infeasible": "infeasible",
    "unbounded": "unbounded",
    "infeasible or unbounded": "unbounded",
}
_NO_SOLUTION = "no solution available"


class Scip(Program):
    name = "scip"
    executable = "scip"
    install = "see https://scipopt.org"
    abilities = Abilities(quadratic=True, quadratic_whole=True)

    def arguments(self, model: Path, solution: Path, limits: Limits) -> Sequence[str]:
        commands = [f"read {model}"]
        if limits.seconds is not None:
            commands.append(f"set limits time {limits.seconds}")
        if limits.gap is not None:
            commands.append(f"set limits gap {limits.gap}")
        if limits.seed is not None:
            commands.append(f"set randomization randomseedshift {limits.seed}")
        commands += ["optimize", f"write solution {solution}", "quit"]
        return [word for command in commands for word in ("-c", command)]

    def read(self, printed: str, solution: str, columns: int) -> Solution:
        first, _, rest = solution.partition("\n")
        words = first.removeprefix("solution status:").strip()
        status = _STATUSES.get(words)
        if status is None:
            raise SolverFailure(words)
        if status in ("infeasible", "unbounded") or _NO_SOLUTION in rest:
            return Solution(status)
        lines = [line[1:] for line in rest.splitlines() if line.startswith("c")]
        return Solution(status, read_values(lines, columns, number=0, value=1))


SOLVER = Scip()
