"""TO RUN: checked as far as it can be, and then refused."""

import re

from sqlml.grammar import ast
from sqlml.planner.reading import read
from sqlml.planner.scope import Scope
from sqlml.source import Span


def refuse_run(scope: Scope, statement: ast.Run) -> None:
    """Check TO RUN's query, and tell that this version does not run it."""
    read(scope, statement.query.sql, statement.query.span)
    scope.fault(
        "E0213",
        "TO RUN is not run by this version",
        _verb(statement, "RUN"),
        hint="run the program by hand, before or after",
    )
    for name in statement.into:
        scope.spoil(name.text)


def _verb(statement: ast.Run, verb: str) -> Span:
    """Where `TO VERB` stands, behind the query."""
    source, start = statement.query.span.source, statement.query.span.end
    found = re.compile(rf"\bto\s+{verb}\b", re.I).search(source.text, start, statement.span.end)
    return statement.span if found is None else Span(source, *found.span())
