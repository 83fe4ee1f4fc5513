"""The SQLAlchemy dialect `sqlml`: `sqlml:///shop.duckdb`, or `sqlml://` for one in memory."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import pool
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.sql.compiler import IdentifierPreparer

from sqlml.connectors.sqlalchemy.compiler import DdlCompiler, SqlCompiler, TypeCompiler
from sqlml.connectors.sqlalchemy.reflection import Reflection
from sqlml.connectors.sqlalchemy.types import INTERVAL, Numeric

_IN_MEMORY = ":memory:"


class Preparer(IdentifierPreparer):
    """DuckDB's reserved words are PostgreSQL's, and a few."""

    reserved_words = RESERVED_WORDS | {
        "anti", "asof", "at", "by", "collation", "concurrently", "describe", "glob", "lambda",
        "lateral", "pivot", "pivot_longer", "pivot_wider", "positional", "qualify", "semi", "show",
        "summarize", "tablesample", "unpack", "unpivot",
    }  # fmt: skip


class Execution(DefaultExecutionContext):
    """Sequences are asked for their next value."""

    def fire_sequence(self, seq: Any, type_: Any) -> Any:
        name = self.identifier_preparer.format_sequence(seq)
        return self._execute_scalar(f"SELECT nextval('{name}')", type_)


class _JsonIndex(sqltypes.JSON.JSONIndexType):
    def bind_processor(self, dialect: Any) -> Any:
        return _place

    def literal_processor(self, dialect: Any) -> Any:
        write = sqltypes.String().literal_processor(dialect)
        return lambda value: write(_place(value))


class _JsonPath(sqltypes.JSON.JSONPathType):
    def bind_processor(self, dialect: Any) -> Any:
        return _path

    def literal_processor(self, dialect: Any) -> Any:
        write = sqltypes.String().literal_processor(dialect)
        return lambda value: write(_path(value))


def _step(index: int | str) -> str:
    return f"[{index}]" if isinstance(index, int) else '."' + index.replace('"', '\\"') + '"'


def _place(index: int | str) -> str:
    return "$" + _step(index)


def _path(indexes: Any) -> str:
    return "$" + "".join(map(_step, indexes))


class SqlmlDialect(Reflection):
    """DuckDB, with TO TRAIN and the like through `text()` and `exec_driver_sql`."""

    name = "sqlml"
    driver = "sqlml"
    default_paramstyle = "qmark"
    statement_compiler = SqlCompiler
    ddl_compiler = DdlCompiler
    type_compiler_cls = TypeCompiler
    preparer = Preparer
    execution_ctx_cls = Execution
    colspecs = {
        sqltypes.Interval: INTERVAL,
        sqltypes.Numeric: Numeric,
        sqltypes.JSON.JSONIndexType: _JsonIndex,
        sqltypes.JSON.JSONPathType: _JsonPath,
    }

    supports_statement_cache = True
    supports_alter = False  # constraints cannot be added to a table that is there
    supports_comments = True
    supports_default_metavalue = True
    supports_default_values = True
    supports_is_distinct_from = True
    supports_multivalues_insert = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_enum = True
    supports_native_uuid = True
    supports_sequences = True
    supports_schemas = True
    supports_views = True
    insert_returning = True
    update_returning = True
    delete_returning = True
    insert_executemany_returning = True
    use_insertmanyvalues = True
    postfetch_lastrowid = False
    div_is_floordiv = False
    tuple_in_values = True
    max_identifier_length = 9999

    def __init__(
        self,
        json_serializer: Callable[[Any], str] | None = None,
        json_deserializer: Callable[[str], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._json_serializer = json_serializer
        self._json_deserializer = json_deserializer

    @classmethod
    def import_dbapi(cls) -> Any:
        from sqlml.connectors import dbapi

        return dbapi

    @classmethod
    def get_pool_class(cls, url: Any) -> type[pool.Pool]:
        """Each connection to memory has a database of its own, so that a thread keeps its one."""
        is_file = url.database not in (None, "", _IN_MEMORY)
        return pool.QueuePool if is_file else pool.SingletonThreadPool

    def create_connect_args(self, url: Any) -> Any:
        if url.host or url.username:
            raise ValueError("a file has three slashes, `sqlml:///shop.duckdb`; there is no host")
        return [], {**url.query, "database": url.database or _IN_MEMORY}

    # --- transactions ---

    def get_isolation_level_values(self, dbapi_conn: Any) -> list[str]:
        return ["SNAPSHOT", "AUTOCOMMIT"]

    def get_default_isolation_level(self, dbapi_conn: Any) -> str:
        return "SNAPSHOT"

    def get_isolation_level(self, dbapi_connection: Any) -> str:
        return "AUTOCOMMIT" if dbapi_connection.autocommit else "SNAPSHOT"

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        dbapi_connection.autocommit = level == "AUTOCOMMIT"

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        return any(told.code == "E0884" for told in getattr(e, "diagnostics", ()))

    # --- facts ---

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        import duckdb

        return tuple(int(part) for part in duckdb.__version__.split(".")[:3] if part.isdecimal())

    def _get_default_schema_name(self, connection: Any) -> str:
        return str(connection.exec_driver_sql("SELECT system.main.current_schema()").scalar())
