"""The logical plan's operator of CREATE JOB, SHOW JOBS and DROP JOB."""

from dataclasses import dataclass
from typing import Literal

from sqlml.grammar import ast
from sqlml.planner.placed import Placed
from sqlml.planner.wording import shortened, tree


@dataclass(frozen=True, slots=True)
class Job(Placed):
    """Keep a program that runs by itself, look at those that are kept, or drop one.

    dialect: of the job's program.
    """

    statement: ast.CreateJob | ast.ShowJobs | ast.DropJob
    action: Literal["create", "show", "drop"]
    name: str = ""
    schedule: tuple[str, ...] = ()
    timezone: str = ""
    dialect: str = ""

    @property
    def title(self) -> str:
        return f"{self.action.upper()} JOB {self.name}" if self.name else "SHOW JOBS"

    def text(self) -> str:
        if not isinstance(self.statement, ast.CreateJob):
            return f"{self.action.capitalize()} job {self.name}" if self.name else "Show jobs"
        head = f"Create job {self.name} at {', '.join(self.schedule)} {self.timezone}"
        condition = self.statement.condition
        lines = [] if condition is None else [f'If "{shortened(condition.sql)}"']
        lines += [f'Run "{shortened(one.span.text)}"' for one in self.statement.program.statements]
        return tree(head, *lines)
