"""What a role may do, and what no client of a served database can.

The parsers decide what a statement is, ours and DuckDB's; nothing is guessed from its text.
"""

import re

import duckdb

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.dbapi.programs import Part, parts
from sqlml.connectors.postgres.access import Role
from sqlml.connectors.postgres.facts import facts_of
from sqlml.connectors.postgres.failures import NO_PRIVILEGE, Refused
from sqlml.connectors.postgres.parameters import substituted
from sqlml.grammar import ast

_LOCKS = (
    # what sqlml itself sets while it plans and reads
    "SET allowed_configs = ['current_transaction_invalidation_policy', 'errors_as_json',"
    " 'memory_limit']",
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
    "COPY_DATABASE",
})  # fmt: skip
_HARMLESS = frozenset({
    "random", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "currval", "stats", "current_query",
    "current_connection_id", "current_query_id", "current_transaction_id", "range", "unnest",
    "generate_series", "json_each", "json_tree", "histogram", "histogram_values", "repeat",
    "pragma_table_info", "pragma_show", "pragma_version", "pragma_database_size", "summary",
    "pg_timezone_names", "duckdb_columns", "duckdb_constraints", "duckdb_databases",
    "duckdb_dependencies", "duckdb_functions", "duckdb_indexes", "duckdb_keywords",
    "duckdb_schemas", "duckdb_sequences", "duckdb_tables", "duckdb_types", "duckdb_views",
})  # fmt: skip
_SUSPECT = (
    "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE internal"
    " AND (has_side_effects OR function_type IN ('table', 'table_macro', 'pragma'))"
)
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(?:\([^)]*\)\s*)?(?:ANALYZE\s+)?", re.IGNORECASE)


def lock(connection: Connection) -> None:
    """Keep the database, for all its connections, from files, extensions and settings."""
    with connection.client.beside() as own:
        ((is_locked,),) = own.execute("SELECT current_setting('lock_configuration')").fetchall()
        for statement in () if is_locked else _LOCKS:
            own.execute(statement)


def check(role: Role, connection: Connection, sql: str) -> None:
    """Raises:
    Refused: E0907 the role may not do what a statement does.
    """
    plain = substituted(sql, lambda _: "NULL")
    with connection.client.beside() as own:
        for part in parts(plain, "duckdb") or (None,):
            if part is not None and part.kind == "extended":
                _check_ours(role, own, part)
            else:
                _check_plain(role, own, plain if part is None else part.span.text)


def _check_ours(role: Role, own: duckdb.DuckDBPyConnection, part: Part) -> None:
    statement = part.statement
    if role == "admin":
        return
    makes = getattr(statement, "into", None) is not None
    may_read = isinstance(statement, _SHOWN) or (isinstance(statement, ast.Predict) and not makes)
    if not (may_read or (role == "train" and isinstance(statement, _TRAINED))):
        raise _refused(role, type(statement).__name__)
    query = getattr(statement, "query", None)
    if query is not None:
        _check_plain(role, own, query.sql)


def _check_plain(role: Role, own: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        kinds = [statement.type.name for statement in own.extract_statements(sql)]
    except duckdb.Error:
        return  # it cannot run either, and the error will be told
    for kind in kinds:
        allowed = _READING if role == "read" else _WRITING
        if kind in _NOBODY or (role != "admin" and kind not in allowed):
            raise _refused(role, kind)
    if role == "admin":
        return
    if "EXPLAIN" in kinds:
        _check_plain(role, own, _EXPLAIN.sub("", sql, count=1))
    elif "SELECT" in kinds:
        _check_query(role, own, sql)
    elif "CREATE" in kinds and re.match(r"\s*CREATE\s+(?:\w+\s+)*?SECRET\b", sql, re.IGNORECASE):
        raise _refused(role, "CREATE SECRET")


def _check_query(role: Role, own: duckdb.DuckDBPyConnection, sql: str) -> None:
    facts = facts_of(own, sql)
    if facts is None:  # DESCRIBE, SHOW and the like
        return
    if role == "read" and facts.writes:
        raise _refused(role, "changes inside WITH")
    suspect = {name for (name,) in own.execute(_SUSPECT).fetchall()} - _HARMLESS
    if role == "train":
        suspect -= {"nextval"}
    if called := sorted(facts.functions & suspect):
        raise _refused(role, f"the function {called[0]}")


def _refused(role: Role, what: str) -> Refused:
    message = f"the role `{role}` does not allow {what.replace('_', ' ')}"
    hint = "" if role == "admin" else "an administrator can do it, or give another role"
    return Refused(NO_PRIVILEGE, message, hint=hint, code="E0907")
