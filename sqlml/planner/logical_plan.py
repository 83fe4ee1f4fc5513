"""A whole program as it is planned: its operators, and what their steps are called."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlml.grammar import ast
from sqlml.planner.job_plan import Job
from sqlml.planner.plan import (
    Alter,
    Apply,
    Compare,
    Execute,
    Explain,
    Fit,
    Manage,
    Measure,
    Operator,
    Run,
    Solve,
)
from sqlml.source import Span

# What a statement's step is called; a second one of the kind is `train-2`, and so on.
_STEPS: Mapping[type[Operator], str] = {
    Fit: "train",
    Apply: "predict",
    Measure: "evaluate",
    Explain: "explain",
    Compare: "check",
    Solve: "solve",
    Execute: "query",
    Manage: "manage",
    Alter: "alter",
    Job: "job",
    Run: "run",
}


@dataclass(frozen=True, slots=True)
class LogicalPlan:
    """One operator per statement, in their order. notes: what the user should know, and where."""

    operators: tuple[Operator, ...]
    notes: tuple[tuple[str, Span], ...] = ()

    def node_names(self) -> tuple[str, ...]:
        """The name of each operator's step."""
        counted: Counter[str] = Counter()
        names = []
        for operator in self.operators:
            name = _STEPS[type(operator)]
            counted[name] += 1
            names.append(name if counted[name] == 1 else f"{name}-{counted[name]}")
        return tuple(names)

    def statements_by_node(self) -> dict[str, ast.Statement]:
        """From a step's name to the statement that it comes from."""
        named = zip(self.node_names(), self.operators, strict=True)
        return {step: one.statement for name, one in named for step in one.steps(name)}

    def nodes_by_statement(self) -> dict[int, tuple[str, ...]]:
        """From a statement's index to the names of its steps."""
        named = zip(self.node_names(), self.operators, strict=True)
        return {index: one.steps(name) for index, (name, one) in enumerate(named)}

    def text(self) -> str:
        return "\n".join(operator.text() for operator in self.operators)
