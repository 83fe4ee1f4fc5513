"""The columns that a statement will give, found without executing anything."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import duckdb
import sqlglot
from sqlglot import exp

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.dbapi.errors import raised
from sqlml.connectors.dbapi.execution import with_models
from sqlml.connectors.dbapi.programs import NAME, Part, parts
from sqlml.connectors.postgres.facts import facts_of
from sqlml.connectors.postgres.failures import UNSUPPORTED, Refused
from sqlml.connectors.postgres.inference import Columns, parameter_types
from sqlml.connectors.postgres.messages import Field
from sqlml.connectors.postgres.parameters import numbered, substituted
from sqlml.connectors.postgres.types import UNKNOWN, type_of
from sqlml.databases.database import QueryProblem
from sqlml.databases.problems import translate
from sqlml.grammar import ast
from sqlml.planner.live_catalog import LiveCatalog
from sqlml.planner.program import plan
from sqlml.planner.reading import Text, diagnose
from sqlml.source import Source, Span

_MADE = "sqlml_described"  # stands for the table that a statement without INTO does not make
_SHOWN: Mapping[type, str] = {
    ast.ShowTrain: '"Model" VARCHAR, "Train Statement" VARCHAR',
    ast.ShowModels: "model VARCHAR, version INTEGER, estimator VARCHAR, task VARCHAR,"
    " label VARCHAR, rows BIGINT, metrics VARCHAR, aliases VARCHAR, tags VARCHAR, created VARCHAR",
    ast.DescribeModel: "section VARCHAR, property VARCHAR, value VARCHAR",
    ast.ShowJobs: "job VARCHAR, schedule VARCHAR, timezone VARCHAR, next_run TIMESTAMP,"
    " last_run TIMESTAMP, outcome VARCHAR, run VARCHAR, message VARCHAR",
}
_CHANGING = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE_INTO"})
_UNFORESEEN = frozenset({"MULTI", "PRAGMA", "EXECUTE"})
_DESCRIBE = "DESCRIBE "


def parameter_oids(connection: Connection, sql: str, given: Sequence[int]) -> Sequence[int]:
    """The types of a statement's parameters. given: what the client says of them."""
    wanted = max((number for _, _, number in numbered(sql)), default=0)
    if not wanted:
        return ()
    found = own_parts(sql)
    query = found[0].statement if found else None
    text = query.query.sql if isinstance(query, ast.Predict | ast.Evaluate) else sql
    with connection.reporting(), _free(connection).client.present() as present:

        def columns_of(table: str) -> Columns:
            try:
                return {c.name.lower(): c.type for c in present.describe(f"FROM {table}") or ()}
            except Exception:  # noqa: BLE001 - whatever it is, the statement itself will tell
                return {}

        types = parameter_types(text, columns_of)
    own = [*given, *[0] * wanted][:wanted]
    known = {number: type_of(kind).oid for number, kind in types.items()}
    return [told or known.get(number, UNKNOWN.oid) for number, told in enumerate(own, 1)]


def fields_of(
    connection: Connection, sql: str, types: Sequence[str | None]
) -> Sequence[Field] | None:
    """The columns of what a statement gives; None where it gives none.

    types: DuckDB's names of those of the parameters.

    Raises:
        Refused: E0903 only running the statement can tell them.
    """
    written = substituted(sql, lambda number: _null(types[number - 1]))
    found = own_parts(written)
    if found is not None and found[0].kind == "extended":
        return _planned(connection, found[0].statement)
    with connection.reporting():
        if found is not None:
            written = with_models(connection, Source(NAME, written))
        with _told_of(sql), _free(connection).client.running(written) as own:
            statements = own.extract_statements(written)
            return _bound(own, statements[0], written) if statements else None


def _free(connection: Connection) -> Connection:
    """The connection, once the rows that open cursors have left are kept elsewhere."""
    connection.settle()
    return connection


@contextmanager
def _told_of(sql: str) -> Iterator[None]:
    """Errors tell their place in the client's text, up to its first parameter."""
    try:
        yield
    except QueryProblem as problem:
        source = Source(NAME, sql)
        told = diagnose(problem, Text(sql, sql, Span(source, 0, len(sql))))
        first = next((start for start, _, _ in numbered(sql)), len(sql))
        is_known = problem.offset is not None and problem.offset < first
        raise raised(problem, told if is_known else replace(told, span=None)) from problem


def own_parts(sql: str) -> Sequence[Part] | None:
    return parts(substituted(sql, lambda _: "NULL"), "duckdb")


def _null(kind: str | None) -> str:
    return f"CAST(NULL AS {kind})" if kind else "NULL"


def _bound(
    connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement, sql: str
) -> Sequence[Field] | None:
    match statement.type.name:
        case "SELECT":
            facts = facts_of(connection, sql)
            if facts is not None and facts.writes:
                raise _unforeseen()
            return _of_relation(connection, sql)
        case "EXPLAIN":
            return [Field(f"explain_{each}", type_of("VARCHAR")) for each in ("key", "value")]
        case "CALL":
            return _of_relation(connection, f"FROM {sql.lstrip()[4:]}")
        case kind if kind in _CHANGING:
            returning = _returning(sql)
            return None if returning is None else _of_relation(connection, returning)
        case kind if kind in _UNFORESEEN:
            raise _unforeseen()
        case _:
            return None


def _of_relation(connection: duckdb.DuckDBPyConnection, query: str) -> Sequence[Field]:
    try:
        columns = connection.execute(f"{_DESCRIBE}{query}").fetchall()
    except duckdb.Error as error:
        raise translate(error, query, before=len(_DESCRIBE)) from error
    return [Field(name, type_of(kind)) for name, kind, *_ in columns]


def _returning(sql: str) -> str | None:
    """A query with the columns of RETURNING."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return None
    returning = tree.args.get("returning")
    if returning is None:
        return None
    table = tree.this.find(exp.Table) if tree.this is not None else None
    if table is None:
        raise _unforeseen()
    return exp.select(*returning.expressions).from_(table).sql("duckdb")


def _planned(connection: Connection, statement: ast.Statement) -> Sequence[Field] | None:
    """The columns that the compiler knows of."""
    shown = _SHOWN.get(type(statement))
    if shown is not None:
        with connection.client.beside() as beside:
            beside.execute(f"CREATE TEMP TABLE {_MADE} ({shown})")
            return _of_relation(beside, f"FROM {_MADE}")
    if not isinstance(statement, ast.Predict | ast.Evaluate | ast.Check | ast.Solve):
        return None
    if statement.into is not None:
        return None
    made = replace(statement, into=ast.Name(span=statement.span, text=_MADE))
    program = ast.Program(span=statement.span, statements=(made,))
    session = connection.session
    with (
        connection.reporting(),
        connection.between_transactions(),
        _free(connection).client.rehearse() as rehearsal,
    ):
        catalog = LiveCatalog(rehearsal, session.store, connection.client.dialect)
        plan(program, catalog, dialect=session.settings.dialect)
        columns = catalog.describe(f"FROM {_MADE}")
    if columns is None:
        raise _unforeseen()
    return [Field(column.name, type_of(column.type)) for column in columns]


def _unforeseen() -> Refused:
    message = "what columns this statement gives is only known when it is run"
    hint = "send it by the simple protocol, or let it write a table with INTO"
    return Refused(UNSUPPORTED, message, hint=hint, code="E0903")
