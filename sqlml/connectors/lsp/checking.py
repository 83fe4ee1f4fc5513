"""What is wrong with a program: all that `sqlml run` would say before it runs anything."""

from collections.abc import Mapping
from typing import Any

from sqlml.databases.database import Column
from sqlml.errors import Diagnostic, SqlmlError
from sqlml.grammar import ast
from sqlml.grammar.parser import parse
from sqlml.planner.attributes import (
    Vocabulary,
    read_attributes,
    training_vocabulary,
    vocabulary,
)
from sqlml.planner.scope import Scope
from sqlml.planner.statements.training import find_model_type
from sqlml.session import Session
from sqlml.source import Source

_WITHOUT_VALUE = "E0190"  # of a variable, which `--var` gives


def faults(source: Source, session: Session | None, dialect: str) -> tuple[Diagnostic, ...]:
    """The program's faults. Without a session: those of its syntax, and of its attributes."""
    try:
        if session is not None:
            session.compile([source])
            return ()
        program = parse(source, dialect=dialect)
    except SqlmlError as error:
        return tuple(one for one in error.diagnostics if one.code != _WITHOUT_VALUE)
    scope = Scope(_Nothing(dialect), dialect)
    for statement in program.statements:
        known = _vocabulary(scope, statement)
        if known is not None:
            read_attributes(scope, statement.attributes, known)  # type: ignore[union-attr]
    return tuple(scope.faults)


def _vocabulary(scope: Scope, statement: ast.Statement) -> Vocabulary | None:
    match statement:
        case ast.Train():
            model = find_model_type(scope, statement.model)
            return None if model is None else training_vocabulary(model)
        case ast.Predict() | ast.Evaluate() | ast.Explain() | ast.Check():
            return vocabulary(type(statement).__name__.lower())
        case ast.Solve():
            return vocabulary(statement.direction)
        case _:
            return None


class _Nothing:
    """The catalog of a database that nobody knows."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect

    def describe(self, _sql: str) -> tuple[Column, ...] | None:
        return None

    def apply(self, _sql: str, *, exists_ok: bool = False) -> None:
        pass

    def create(self, _table: str, _columns: tuple[Column, ...]) -> None:
        pass

    def tables(self) -> tuple[str, ...]:
        return ()

    def views(self) -> Mapping[str, str]:
        return {}

    def model(self, _name: str, _version: int | None) -> Mapping[str, Any] | None:
        return None

    def aliases(self, _name: str) -> Mapping[str, int]:
        return {}

    def models(self) -> tuple[str, ...]:
        return ()

    def jobs(self) -> tuple[str, ...] | None:
        return None
