"""CBC: linear and mixed-integer problems, through COIN-OR's program cbc."""

from collections.abc import Sequence
from pathlib import Path

from sqlml.zoo.solving.program import Program, read_values
from sqlml.zoo.solving.solver import Limits, Solution, SolverFailure, Status

# How the first line of its solution begins.
_STATUSES: dict[str, Status] = {
    "Optimal": "optimal",
    "Stopped": "stopped",
    "Infeasible": "infeasible",
    "Integer infeasible": "infeasible",
    "Unbounded": "unbounded",
}


class Cbc(Program):
    name = "cbc"
    executable = "cbc"
    install = "apt install coinor-cbc"

    def arguments(self, model: Path, solution: Path, limits: Limits) -> Sequence[str]:
        time = [] if limits.seconds is None else ["-sec", str(limits.seconds)]
        gap = [] if limits.gap is None else ["-ratio", str(limits.gap)]
        seed = [] if limits.seed is None else ["-randomCbcSeed", str(limits.seed)]
        threads = ["-threads", str(limits.threads)] if limits.threads > 1 else []
        options = ["-timeMode", "elapsed", *time, *gap, *seed, *threads]
        return [str(model), *options, "-solve", "-solution", str(solution)]

    def read(self, printed: str, solution: str, columns: int) -> Solution:
        first, *lines = solution.splitlines()
        status = next((s for words, s in _STATUSES.items() if first.startswith(words)), None)
        if status is None:
            raise SolverFailure(first)
        if status in ("infeasible", "unbounded") or "no integer solution" in first:
            return Solution(status)
        return Solution(status, read_values(lines, columns, number=0, value=2))


SOLVER = Cbc()
