"""A whole program, checked and planned before anything runs."""

from typing import assert_never

from sqlml.errors import MAX_SHOWN, Diagnostic, ProgramError
from sqlml.grammar import ast
from sqlml.planner.alteration import plan_alter
from sqlml.planner.catalog import Catalog
from sqlml.planner.evaluation import plan_evaluate
from sqlml.planner.execution import plan_plain
from sqlml.planner.explanation import plan_explain
from sqlml.planner.logical_plan import LogicalPlan
from sqlml.planner.management import plan_manage
from sqlml.planner.plan import (
    Alter,
    Apply,
    Execute,
    Explain,
    Fit,
    Manage,
    Measure,
    Operator,
    Run,
    Solve,
)
from sqlml.planner.prediction import plan_predict
from sqlml.planner.programs import plan_run
from sqlml.planner.scope import Scope
from sqlml.planner.solving import plan_solve
from sqlml.planner.training import plan_train


def plan(program: ast.Program, catalog: Catalog, *, dialect: str) -> LogicalPlan:
    """The logical plan of a program written in `dialect`.

    Statements are planned in their order: each knows the tables and models that those before it
    leave behind.

    Raises:
        ProgramError: with the first ten independent faults of all statements.
    """
    scope = Scope(catalog, dialect)
    operators = []
    for index, statement in enumerate(program.statements):
        scope.index = index
        before = len(scope.faults)
        operator = _plan(scope, statement)
        if len(scope.faults) > before:
            scope.faults[before:] = sorted(scope.faults[before:], key=_offset)
            _forgive(scope, operator)
        if len(scope.faults) >= MAX_SHOWN:
            break
        if operator is not None:
            operators.append(operator)
    if scope.faults:
        raise ProgramError(*scope.faults[:MAX_SHOWN])
    return LogicalPlan(tuple(operators), tuple(scope.notes))


def _plan(scope: Scope, statement: ast.Statement) -> Operator | None:
    """The statement's operator; None for a statement that is always at fault."""
    match statement:
        case ast.Plain():
            return plan_plain(scope, statement)
        case ast.Train():
            return plan_train(scope, statement)
        case ast.Predict():
            return plan_predict(scope, statement)
        case ast.Evaluate():
            return plan_evaluate(scope, statement)
        case ast.Explain():
            return plan_explain(scope, statement)
        case ast.ShowTrain() | ast.ShowModels() | ast.DescribeModel() | ast.DropModel():
            return plan_manage(scope, statement)
        case ast.AlterModel():
            return plan_alter(scope, statement)
        case ast.Run():
            return plan_run(scope, statement)
        case ast.Solve():
            return plan_solve(scope, statement)
        case _:
            assert_never(statement)


def _offset(fault: Diagnostic) -> int:
    """Where a fault stands in the text; those of a statement are told in this order."""
    return fault.span.start if fault.span else 0


def _forgive(scope: Scope, operator: Operator | None) -> None:
    """Do not tell of what follows from faults that were told: nothing is known of their tables."""
    match operator:
        case Execute():
            tables = operator.facts.writes
        case Apply() | Measure() | Explain() | Solve():
            tables = () if operator.into is None else (operator.into,)
        case Run():
            tables = operator.into
        case Fit() | Manage() | Alter() | None:
            tables = ()
        case _:
            assert_never(operator)
    for table in tables:
        scope.spoil(table)
