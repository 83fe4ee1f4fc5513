"""Plain SQL: tried on the catalog, so that a typo is found before anything runs."""

import re

from sqlml.databases.database import QueryProblem
from sqlml.grammar import ast
from sqlml.grammar.load_data import load_data
from sqlml.grammar.misplaced import without_to
from sqlml.grammar.queries import analyse
from sqlml.planner.functions import apply_models
from sqlml.planner.other_dialects import dialect_hint
from sqlml.planner.plan import Execute
from sqlml.planner.reading import Text, diagnose, is_excused
from sqlml.planner.scope import Scope

_VIEW = re.compile(r"\bview\b", re.IGNORECASE)


def plan_plain(scope: Scope, statement: ast.Plain) -> Execute:
    """What a plain statement does; its effect on the catalog is known to later statements."""
    before = len(scope.faults)
    planned = _plan(scope, statement)
    if len(scope.faults) > before:
        span, dialect = statement.span, scope.dialect
        if meant := without_to(span, dialect) or load_data(span, dialect):
            scope.faults[before:] = [meant]
    return planned


def _plan(scope: Scope, statement: ast.Plain) -> Execute:
    facts, sources = scope.look_through(analyse(statement.sql, scope.dialect))
    scope.mention((*facts.reads, *facts.writes))
    applied = apply_models(scope, statement.sql, statement.span, facts, sources)
    if applied is None:
        return Execute(statement, statement.sql, facts, sources)
    text = Text(statement.sql, applied.rehearsed, statement.span)
    touched = sources if facts.kind == "create" else (*sources, *facts.writes)
    spoilt = scope.is_spoilt(touched)
    beginnings = ("",) if applied.is_open else scope.open_columns(touched)
    try:
        scope.catalog.apply(applied.rehearsed, exists_ok=facts.repeatable)
    except QueryProblem as problem:
        if spoilt or is_excused(problem, text, beginnings):
            beginnings = ("",)
        else:
            hint = dialect_hint(scope, statement.sql, problem, scope.catalog.apply)
            scope.faults.append(diagnose(problem, text, hint))
    for table in facts.writes:
        if spoilt:
            scope.spoil(table)
        else:
            scope.leave_open(table, beginnings)
    if facts.barrier or _VIEW.search(applied.sql):
        scope.forget_views()
    return Execute(statement, applied.sql, facts, sources, applied.models)
