"""What a role may do, and what no client of a served database can.

DuckDB's parser, and ours, decide what a statement is; nothing is guessed from its text.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import duckdb

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.dbapi.programs import Part, parts
from sqlml.connectors.postgres.access import Role
from sqlml.connectors.postgres.definitions import KINDS, Defined, defined
from sqlml.connectors.postgres.facts import facts_of
from sqlml.connectors.postgres.failures import NO_PRIVILEGE, Refused
from sqlml.connectors.postgres.parameters import substituted
from sqlml.connectors.postgres.reserved import TELLING, parser, reserved
from sqlml.connectors.postgres.words import Words
from sqlml.connectors.remembered import remembered
from sqlml.grammar import ast
from sqlml.zoo.models.dictionaries.lightgbm_parameters import FILES

_LOCKS = (
    # what sqlml itself sets while it plans and reads
    "SET allowed_configs = ['current_transaction_invalidation_policy', 'errors_as_json',"
    " 'memory_limit', 'search_path', 'TimeZone']",
    "SET enable_external_access = false",
    "SET python_enable_replacements = false",
    "SET lock_configuration = true",
)
_SHOWN = (ast.ShowTrain, ast.ShowModels, ast.DescribeModel, ast.ShowJobs)
_TRAINED = (
    *_SHOWN, ast.Train, ast.Predict, ast.Evaluate, ast.Explain, ast.Check, ast.Solve,
    ast.AlterModel, ast.DropModel,
)  # fmt: skip
_READING = frozenset({"SELECT", "EXPLAIN", "TRANSACTION"})
_WRITING = _READING | {"INSERT", "UPDATE", "DELETE", "MERGE_INTO", "CREATE", "DROP", "ALTER"}
_NOBODY = frozenset({
    "SET", "VARIABLE_SET", "LOAD", "PREPARE", "EXECUTE", "ATTACH", "DETACH", "EXPORT",
    "COPY_DATABASE", "OTHER",
})  # fmt: skip
_DEFINING = frozenset({"CREATE", "DROP", "ALTER"})
_QUERIES = frozenset({"select", "from", "with", "values", "("})
_BEYOND_QUERIES = frozenset({
    "insert", "update", "delete", "merge", "create", "drop", "alter", "truncate", "pivot",
    "unpivot", "describe", "show", "summarize", "copy",
})  # fmt: skip


def lock(connection: Connection) -> None:
    """Keep the database, for all its connections, from files, extensions and settings."""
    with connection.client.beside() as own:
        ((is_locked,),) = own.execute("SELECT current_setting('lock_configuration')").fetchall()
        for statement in () if is_locked else _LOCKS:
            own.execute(statement)


@remembered
def check(sql: str, role: Role) -> None:
    """Raises:
    Refused: E0907 the role may not do what a statement does.
    """
    found = parts(substituted(sql, lambda _: "NULL"), "duckdb")
    if found is None:
        _Checking(role).plain(sql)
        return
    for part in found:
        if part.kind == "extended":
            _check_ours(role, part)
        else:
            _Checking(role).plain(part.span.text)


def _check_ours(role: Role, part: Part) -> None:
    statement = part.statement
    for attribute in getattr(statement, "attributes", ()):
        if attribute.name.parts[-1] in FILES:
            raise _refused(role, f"the file of `{attribute.name.text}`")
    if role == "admin":
        return
    into = getattr(statement, "into", None)
    may_read = isinstance(statement, _SHOWN) or (isinstance(statement, ast.Predict) and not into)
    if not (may_read or (role == "train" and isinstance(statement, _TRAINED))):
        raise _refused(role, type(statement).__name__)
    if isinstance(into, ast.Name):
        _check_name(Defined("table", into.parts[-1].casefold()))
    query = getattr(statement, "query", None)
    if query is not None:
        _Checking(role).plain(query.sql)
    for text in _texts(statement):
        _Checking(role).value(text)


def _texts(node: Any) -> Iterator[str]:
    """The strings among the values of a statement, which may be queries."""
    if isinstance(node, ast.Literal_) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, tuple):
        for each in node:
            yield from _texts(each)
    elif isinstance(node, ast.Syntax) and not isinstance(node, ast.Query):
        for field in dataclasses.fields(node):
            yield from _texts(getattr(node, field.name))


@dataclasses.dataclass(frozen=True, slots=True)
class _Checking:
    """Checks SQL for the database alone."""

    role: Role

    def plain(self, sql: str) -> None:
        """Raises Refused. What cannot be parsed cannot run either: its error will be told."""
        if self._is_harmless(sql):
            return
        with parser().cursor() as own:
            # a value may be written into the text, where NULL or a parameter could not stand
            for text in dict.fromkeys((sql, substituted(sql, lambda _: "''"))):
                try:
                    statements = own.extract_statements(text)
                except duckdb.Error:
                    continue
                for statement in statements:
                    self._statement(own, statement)

    def value(self, text: str) -> None:
        """Raises Refused where a text that may be a query calls what the role may not call."""
        try:
            self._called(Words.of(text).called)
        except duckdb.Error:
            return

    def _is_harmless(self, sql: str) -> bool:
        """Whether a glance shows that it is one query that all may make."""
        try:
            words = Words.of(sql)
        except duckdb.Error:
            return False
        names = words.names
        return (
            bool(words.tokens)
            and words.folded[0].lstrip("(") in _QUERIES | {""}
            and words.is_one
            and _BEYOND_QUERIES.isdisjoint(names)
            and reserved().suspect.isdisjoint(names)
        )

    def _statement(self, own: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> None:
        kind, sql = _kind(statement), statement.query
        allowed = _READING if self.role == "read" else _WRITING
        if kind in _NOBODY or (self.role != "admin" and kind not in allowed):
            raise _refused(self.role, kind.replace("_", " "))
        if self.role == "admin":
            return
        if kind == "EXPLAIN":
            self._explained(own, sql)
        elif kind == "SELECT":
            self._query(own, sql)
        else:
            words = Words.of(sql)
            self._called(words.called)
            for name in words.names:
                _check_name(Defined("", name if name.startswith("__") else ""))
            if kind in _DEFINING:
                self._defines(words)

    def _explained(self, own: duckdb.DuckDBPyConnection, sql: str) -> None:
        """The statement behind EXPLAIN, which ANALYZE runs."""
        words = Words.of(sql)
        for first in range(1, len(words.tokens)):
            try:
                (inner,) = own.extract_statements(words.rest(first))
            except (duckdb.Error, ValueError):  # or several
                continue
            self._statement(own, inner)
            return
        raise _refused(self.role, "EXPLAIN")

    def _query(self, own: duckdb.DuckDBPyConnection, sql: str) -> None:
        facts = facts_of(own, sql)
        if facts is None:
            raise _refused(self.role, "that query")
        if self.role == "read" and facts.writes:
            raise _refused(self.role, "changes inside WITH")
        self._called(facts.functions | (Words.of(sql).names & TELLING))

    def _called(self, functions: frozenset[str]) -> None:
        suspect = reserved().suspect - ({"nextval"} if self.role == "train" else set())
        if self.role != "admin" and (called := sorted(functions & suspect)):
            raise _refused(self.role, f"the function {called[0]}")

    def _defines(self, words: Words) -> None:
        if words.folded[0] == "deallocate":
            return
        found = defined(words)
        if found.kind not in KINDS:
            raise _refused(self.role, f"{words.tokens[0].upper()} {found.kind.upper()}")
        _check_name(found)


def _kind(statement: duckdb.Statement) -> str:
    try:
        return str(statement.type.name)
    except ValueError:  # a kind that the driver has no name for
        return "OTHER"


def _check_name(found: Defined) -> None:
    if found.is_reserved:
        message = f"the name `{found.name}` is DuckDB's or sqlml's own"
        hint = "all others would find yours in its place: take another name"
        raise Refused(NO_PRIVILEGE, message, hint=hint, code="E1040")


def _refused(role: Role, what: str) -> Refused:
    message = f"the role `{role}` does not allow {what}"
    hint = "" if role == "admin" else "an administrator can do it, or give another role"
    return Refused(NO_PRIVILEGE, message, hint=hint, code="E0907")
