"""The SQLAlchemy dialect `sqlml+postgresql`: a database that `sqlml server` serves, by psycopg."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

from sqlalchemy import pool

from sqlml.connectors.sqlalchemy.dialect import SqlmlDialect
from sqlml.errors import ProgramError
from sqlml.grammar.statements import divide, find_border
from sqlml.grammar.tokens import Token
from sqlml.source import Source

_WRITING = frozenset(
    {
        "ALTER",
        "COMMENT",
        "COPY",
        "CREATE",
        "DELETE",
        "DROP",
        "INSERT",
        "MERGE",
        "TRUNCATE",
        "UPDATE",
    }
)
_LOST = ("08", "57P")  # SQLSTATEs that begin so: the connection is gone, the server ends it


class ServerDialect(SqlmlDialect):
    """As `sqlml`, but for the way to the database: `sqlml+postgresql://user@host:5432/name`.

    A transaction begins with the first statement that changes something, so that models can be
    trained wherever none is open.
    """

    driver = "postgresql"
    default_paramstyle = "pyformat"
    supports_statement_cache = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._committing: WeakSet[Any] = WeakSet()  # connections that are to open no transaction

    @classmethod
    def import_dbapi(cls) -> Any:
        import psycopg

        return psycopg

    @classmethod
    def get_pool_class(cls, url: Any) -> type[pool.Pool]:
        return pool.QueuePool

    def create_connect_args(self, url: Any) -> Any:
        import psycopg
        from psycopg.types.string import TextLoader

        adapters = psycopg.adapt.AdaptersMap(psycopg.adapters)
        adapters.register_loader("json", TextLoader)  # is read by SQLAlchemy's own type
        given = url.translate_connect_args(username="user", database="dbname")
        return [], {**url.query, **given, "autocommit": True, "context": adapters}

    # --- transactions ---

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        self._begin_for(cursor, statement)
        cursor.execute(statement, parameters)

    def do_executemany(
        self, cursor: Any, statement: Any, parameters: Any, context: Any = None
    ) -> None:
        self._begin_for(cursor, statement)
        cursor.executemany(statement, parameters)

    def do_execute_no_params(self, cursor: Any, statement: Any, context: Any = None) -> None:
        self._begin_for(cursor, statement)
        cursor.execute(statement)

    def get_isolation_level(self, dbapi_connection: Any) -> str:
        return "AUTOCOMMIT" if dbapi_connection in self._committing else "SNAPSHOT"

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        if level == "AUTOCOMMIT":
            dbapi_connection.commit()
            self._committing.add(dbapi_connection)
        else:
            self._committing.discard(dbapi_connection)

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        is_gone = connection is not None and getattr(connection, "closed", False)
        return bool(is_gone or str(getattr(e, "sqlstate", "") or "").startswith(_LOST))

    def _begin_for(self, cursor: Any, statement: str) -> None:
        connection = cursor.connection
        is_idle = connection.info.transaction_status == 0
        if is_idle and connection not in self._committing and writes(statement):
            connection.execute("BEGIN")


def writes(statement: str) -> bool:
    """Whether a statement changes something that a rollback can undo; training does not."""
    source = Source("<statement>", statement)
    try:
        found = [(tokens, find_border(source, tokens)) for tokens in divide(source)]
    except ProgramError:  # which will be told when it runs
        return False
    return any(
        border is None
        and (tokens[0].keyword in _WRITING or (tokens[0].keyword == "WITH" and _inside(tokens)))
        for tokens, border in found
    )


def _inside(tokens: Sequence[Token]) -> bool:
    return any(token.keyword in _WRITING for token in tokens)
