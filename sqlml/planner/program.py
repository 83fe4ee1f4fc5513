"""A whole program, checked and planned before anything runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never

from sqlml.errors import MAX_SHOWN, Diagnostic, ProgramError
from sqlml.grammar import ast
from sqlml.planner.catalog import Catalog
from sqlml.planner.job_plan import Job
from sqlml.planner.logical_plan import LogicalPlan
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
from sqlml.planner.reading import read
from sqlml.planner.scope import Scope
from sqlml.planner.statements.alteration import plan_alter
from sqlml.planner.statements.comparison import plan_check
from sqlml.planner.statements.evaluation import plan_evaluate
from sqlml.planner.statements.execution import plan_plain
from sqlml.planner.statements.explanation import plan_explain
from sqlml.planner.statements.jobs import plan_job
from sqlml.planner.statements.management import plan_manage
from sqlml.planner.statements.prediction import plan_predict
from sqlml.planner.statements.programs import plan_run
from sqlml.planner.statements.solving import plan_solve
from sqlml.planner.statements.training import plan_train


def plan(program: ast.Program, catalog: Catalog, *, dialect: str) -> LogicalPlan:
    """The logical plan of a program written in `dialect`.

    Statements are planned in their order: each knows the tables and models that those before it
    leave behind. The programs of jobs run later, and are checked as if they stood at the end.

    Raises:
        ProgramError: with the first ten independent faults of all statements.
    """
    scope = Scope(catalog, dialect)
    operators = _plan_all(scope, program.statements)
    for statement in program.statements:
        if isinstance(statement, ast.CreateJob):
            if statement.condition is not None:
                read(scope, statement.condition.sql, statement.condition.span)
            _plan_all(scope, statement.program.statements)
    if scope.faults:
        raise ProgramError(*scope.faults[:MAX_SHOWN])
    return LogicalPlan(operators, tuple(scope.notes))


def _plan_all(scope: Scope, statements: Sequence[ast.Statement]) -> tuple[Operator, ...]:
    """What statements do that stand behind all that the scope knows."""
    operators = []
    for statement in statements:
        if len(scope.faults) >= MAX_SHOWN:
            break
        before = len(scope.faults)
        operator = _PLANNERS[type(statement)](scope, statement)
        if len(scope.faults) > before:
            scope.faults[before:] = sorted(scope.faults[before:], key=_offset)
            _forgive(scope, operator)
        if operator is not None:
            operators.append(operator)
        scope.index += 1
    return tuple(operators)


# What plans a statement; it gives None where what the statement does is not known.
_PLANNERS: Mapping[type[ast.Syntax], Callable[[Scope, Any], Operator | None]] = {
    ast.Plain: plan_plain,
    ast.Train: plan_train,
    ast.Predict: plan_predict,
    ast.Evaluate: plan_evaluate,
    ast.Explain: plan_explain,
    ast.Check: plan_check,
    ast.ShowTrain: plan_manage,
    ast.ShowModels: plan_manage,
    ast.DescribeModel: plan_manage,
    ast.DropModel: plan_manage,
    ast.AlterModel: plan_alter,
    ast.CreateJob: plan_job,
    ast.ShowJobs: plan_job,
    ast.DropJob: plan_job,
    ast.Run: plan_run,
    ast.Solve: plan_solve,
}


def _offset(fault: Diagnostic) -> int:
    """Where a fault stands in the text; those of a statement are told in this order."""
    return fault.span.start if fault.span else 0


def _forgive(scope: Scope, operator: Operator | None) -> None:
    """Do not tell of what follows from faults that were told: nothing is known of their tables."""
    match operator:
        case Execute():
            tables = operator.facts.writes
        case Apply() | Measure() | Explain() | Compare() | Solve():
            tables = () if operator.into is None else (operator.into,)
        case Run():
            tables = operator.into
        case Fit() | Manage() | Alter() | Job() | None:
            tables = ()
        case _:
            assert_never(operator)
    for table in tables:
        scope.spoil(table)
