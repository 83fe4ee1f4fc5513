"""What a cursor's text does: SQL goes straight to the database, the rest through the compiler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import duckdb

from sqlml.config import DEFAULT_DIALECT
from sqlml.connectors.dbapi.errors import ProgrammingError, raised
from sqlml.connectors.dbapi.literals import filled_in
from sqlml.connectors.dbapi.programs import NAME, Part, parts
from sqlml.connectors.dbapi.rows import Bound, Rows, Running, Taken
from sqlml.databases.client import Parameters
from sqlml.databases.database import QueryProblem
from sqlml.databases.statements import has_result, may_write
from sqlml.errors import Diagnostic
from sqlml.grammar.nested import may_nest
from sqlml.results import Results
from sqlml.runtime.stop import Stop
from sqlml.source import Source, Span

if TYPE_CHECKING:
    from sqlml.connectors.dbapi.connection import Connection


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement gave. rowcount: of the rows that it changed; -1 where it changed none."""

    rows: Rows | None = None
    rowcount: int = -1
    results: Results | None = None


def run(connection: Connection, text: str, parameters: Parameters | None, stop: Stop) -> Outcome:
    """Run the statements of a text; what the last one gave.

    Raises:
        SqlmlError, QueryProblem: something is wrong with it.
    """
    session = connection.session
    if may_nest(text):
        from sqlml.planner.nested import flat

        (source,) = flat([Source(NAME, text)], session.settings.dialect, session.store)
        text = source.text
    found = parts(text, session.settings.dialect)
    if found is None:
        return _run_plain(connection, _Written.whole(text), parameters)
    outcome = Outcome()
    values = _in_order(found, parameters)
    for part in found:
        own = list(islice(values, len(part.marks)))
        if part.kind == "plain":
            outcome = _run_plain(connection, _Written(part.span.text, part.span), own)
            continue
        is_all = len(found) == 1 and not part.marks
        written = _Written.whole(text if is_all else filled_in(part.span, part.marks, iter(own)))
        if part.kind == "calling":
            executed = with_models(connection, written.span.source)
            outcome = _run_plain(connection, replace(written, executed=executed), None)
        else:
            outcome = _run_extended(connection, written, stop)
    return outcome


@dataclass(frozen=True, slots=True)
class _Written:
    """SQL as it was written at a span. executed: as the database gets it, if it is known."""

    text: str
    span: Span
    executed: str | None = None

    @classmethod
    def whole(cls, text: str) -> _Written:
        source = Source(NAME, text)
        return cls(source.text, Span(source, 0, len(source.text)))

    def in_duckdb(self, dialect: str) -> str:
        if self.executed is not None or dialect == DEFAULT_DIALECT:
            return self.executed or self.text
        from sqlml.grammar.queries import translate

        return translate(self.text, dialect, DEFAULT_DIALECT)

    def diagnosed(self, problem: QueryProblem, executed: str) -> Diagnostic:
        from sqlml.planner.reading import Text, diagnose

        told = diagnose(problem, Text(self.text, executed, self.span))
        return told if problem.offset is not None else replace(told, span=None)


def _run_plain(connection: Connection, written: _Written, parameters: Parameters | None) -> Outcome:
    executed = written.in_duckdb(connection.session.settings.dialect)
    outcome = Outcome()
    try:
        statements = connection.client.parse(executed)
        for statement, values in _shared_out(statements, parameters):
            outcome = _run_statement(connection, executed, statement, values)
    except QueryProblem as problem:
        raise raised(problem, written.diagnosed(problem, executed)) from problem
    return outcome


def _run_statement(
    connection: Connection, sql: str, statement: duckdb.Statement, values: Parameters | None
) -> Outcome:
    if may_write(statement):
        connection.expect_change()
    if connection.streams and statement.type.name == "SELECT":
        connection.settle()
        return Outcome(Bound(connection.client, statement, values, connection.show))
    begun = connection.run(sql, statement, values)
    if not has_result(statement, [name for name, *_ in begun.description or ()]):
        return Outcome(rowcount=begun.rowcount)
    rows = Running(connection.client, statement, values, connection.show)
    return Outcome(rows, begun.rowcount)


def _run_extended(connection: Connection, written: _Written, stop: Stop) -> Outcome:
    listeners = () if connection.listener is None else (connection.listener,)
    with connection.between_transactions():
        connection.settle()
        try:
            results = connection.session.run(
                written.text, name=NAME, listeners=listeners, stop=stop
            )
        finally:
            connection.client.meanings.change()
    if not results:
        return Outcome(results=results)
    return Outcome(Taken(connection.client, results.to_arrow()), results=results)


def with_models(connection: Connection, source: Source) -> str:
    """The SQL with the functions of models in place of PREDICT."""
    text = source.text
    version = connection.client.version()
    key = (connection.session.settings.dialect, text)
    return connection.planned.get(version, key, text, lambda: _planned(connection, source))


def _planned(connection: Connection, source: Source) -> str:
    from sqlml.grammar.parser import parse
    from sqlml.planner.live_catalog import LiveCatalog
    from sqlml.planner.plan import Execute
    from sqlml.planner.program import plan

    session = connection.session
    dialect = session.settings.dialect
    program = parse(source, dialect=dialect)
    connection.settle()
    with connection.client.present() as present:
        catalog = LiveCatalog(present, session.store, connection.client.dialect)
        (operator,) = plan(program, catalog, dialect=dialect).operators
    assert isinstance(operator, Execute)
    return operator.sql


def _in_order(found: Sequence[Part], parameters: Parameters | None) -> Iterator[Any]:
    if isinstance(parameters, Mapping):
        message = "statements that use models take parameters by their order, for question marks"
        raise ProgrammingError(Diagnostic("E0885", message))
    values = parameters or ()
    _check_count(sum(len(part.marks) for part in found), len(values))
    return iter(values)


def _shared_out(
    statements: Sequence[duckdb.Statement], parameters: Parameters | None
) -> Iterator[tuple[duckdb.Statement, Parameters | None]]:
    """Each statement with the values of its own parameters."""
    if isinstance(parameters, Mapping):
        for statement in statements:
            named = statement.named_parameters
            yield statement, {name: parameters[name] for name in named if name in parameters}
        return
    wanted = [len(statement.named_parameters) for statement in statements]
    given = iter(parameters or ())
    _check_count(sum(wanted), len(parameters or ()))
    for statement, count in zip(statements, wanted, strict=True):
        yield statement, list(islice(given, count)) if count else None


def _check_count(wanted: int, given: int) -> None:
    if wanted != given:
        message = f"the statement has {wanted:,} parameters, and {given:,} values are given"
        raise ProgrammingError(Diagnostic("E0885", message))
