"""PostgreSQL 13 and later, and what speaks its protocol and has its catalog.

How it is known that a table has not changed:

1. Nothing has been committed anywhere on the server: the snapshot that a transaction sees is the
   very one that the copy was read in (`pg_current_snapshot`: which transactions had ended), by the
   same server since its last start or crash. As it is the reading transaction's own, no commit is
   missed; a position in the log moves on before others see what was committed.
2. The table has the same row versions: a sum of hashes of (table, place, writing transaction). An
   INSERT, UPDATE, DELETE or TRUNCATE cannot leave it as it was; one that is rolled back does. The
   server's counters of changed rows would be cheaper, but they lag, and are lost in a crash.

Views, foreign tables, tables with row security and those with types of users (whose values can be
renamed) show more than what is in them: of those, a sum of hashes of the rows as text is taken each
time.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import pyarrow as pa

from sqlml.databases.remote.adbc import Connection, check_installed, connected
from sqlml.databases.remote.server import RemoteColumn, RemoteProblem, RemoteTable
from sqlml.quoting import identifier, literal

_DRIVER = "adbc_driver_postgresql"
_BEGIN = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL timezone = 'UTC'",
)
_COLUMNS = """
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, a.attndims::int AS dimensions,
  CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
       ELSE format_type(a.atttypid, a.atttypmod) END AS type
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_|^information_schema$'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum
"""
_SERVER = """
SELECT pg_postmaster_start_time()::text AS started, current_database()::text AS database,
  (SELECT stats_reset FROM pg_stat_bgwriter)::text AS reset, current_user::text AS user,
  has_function_privilege('pg_control_system()', 'EXECUTE') AS tells
"""
_IDENTIFIER = "SELECT system_identifier::text AS server FROM pg_control_system()"
_KIND = """
WITH RECURSIVE parts AS (
  SELECT {table}::regclass::oid AS oid
  UNION SELECT inhrelid FROM pg_inherits JOIN parts ON inhparent = parts.oid
), columns AS (
  SELECT a.*, to_jsonb(a) ->> 'attgenerated' = 'v' OR typname ~ '^_?(reg|money)'
    OR typnamespace <> 'pg_catalog'::regnamespace AS varies
  FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid JOIN parts ON parts.oid = attrelid
  WHERE attnum > 0 AND NOT attisdropped
)
SELECT bool_and(relkind IN ('r', 'p', 'm') AND NOT relrowsecurity
                AND coalesce(amname, 'heap') = 'heap')
       AND NOT (SELECT bool_or(varies) FROM columns) AS is_plain,
  string_agg(c.oid::text, ' ' ORDER BY c.oid) AS parts,
  (SELECT string_agg(concat_ws(' ', attrelid, attnum, attname, atttypid, atttypmod, attmissingval),
                     ',' ORDER BY attrelid, attnum) FROM columns) AS columns
FROM parts JOIN pg_class c USING (oid) LEFT JOIN pg_am m ON m.oid = relam
"""
_VERSIONS = "hashtextextended(concat_ws(' ', tableoid::int8, ctid, xmin), 0)"
_CONTENT = "hashtextextended((t.*)::text, 0)"
_STATE = "SELECT count(*) AS rows, coalesce(sum({hash}::numeric), 0)::text AS sum FROM {table} t"

_AS_THEY_ARE = {
    "boolean": "BOOLEAN", "smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT",
    "real": "FLOAT", "double precision": "DOUBLE", "text": "VARCHAR", "bytea": "BLOB",
    "character varying": "VARCHAR", "character": "VARCHAR", "name": "VARCHAR",
    "time without time zone": "TIME",
}  # fmt: skip
_AS_TEXT = {
    "date": "DATE", "timestamp without time zone": "TIMESTAMP", "interval": "INTERVAL",
    "timestamp with time zone": "TIMESTAMPTZ", "uuid": "UUID", "json": "JSON", "jsonb": "JSON",
    "oid": "UBIGINT",
}  # fmt: skip
_TYPE = re.compile(
    r"(?P<name>[^(\[]+?)(?P<size>\([\d, -]+\))?(?P<rest> with\w* time zone)?(?P<array>\[\])?$"
)


class PostgreSQL:
    """A server. The libraries of PostgreSQL find passwords and what an address leaves out."""

    default_schema = "public"

    def __init__(self, url: str, password: str = "") -> None:
        check_installed(_DRIVER)
        self._url = _with(url, password)
        host = urlsplit(url).netloc.rpartition("@")[2]
        self._where = f"the server `{host}`" if host else "the server"

    def tables(self) -> Sequence[RemoteTable]:
        with self._connected() as connection:
            found: dict[tuple[str, str], list[RemoteColumn]] = {}
            for row in connection.rows(_COLUMNS):
                column = _column(row["column"], row["type"], row["dimensions"])
                found.setdefault((row["schema"], row["table"]), []).append(column)
        return [RemoteTable(*name, tuple(columns)) for name, columns in found.items()]

    @contextmanager
    def look(self, table: RemoteTable) -> Iterator["_Look"]:
        with self._connected() as connection:
            yield _Look(connection, table)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with connected(_DRIVER, self._url, self._where) as connection:
            for statement in _BEGIN:
                connection.do(statement)
            yield connection


class _Look:
    """One transaction: all that it asks, it asks of one snapshot."""

    def __init__(self, connection: Connection, table: RemoteTable) -> None:
        self._connection = connection
        self._table = table
        self._name = f"{identifier(table.schema)}.{identifier(table.name)}"
        (told,) = connection.rows(_SERVER)
        told |= connection.rows(_IDENTIFIER)[0] if told["tells"] else {"server": told["started"]}
        (kind,) = connection.rows(_KIND.format(table=literal(self._name)))
        self._is_plain = bool(kind["is_plain"])
        columns = [[column.name, column.type] for column in table.columns]
        self._server = [told.pop("started"), told.pop("reset")]
        self._kind = [told, kind, columns]

    def settled(self) -> str:
        if not self._is_plain:
            return ""
        (seen,) = self._connection.rows("SELECT pg_current_snapshot()::text AS snapshot")
        return _digest([self._kind, self._server, seen])

    def state(self) -> str:
        hashed = _VERSIONS if self._is_plain else _CONTENT
        (found,) = self._connection.rows(_STATE.format(hash=hashed, table=self._name))
        return _digest([self._kind, found])

    def rows(self, columns: Sequence[RemoteColumn]) -> pa.RecordBatchReader:
        read = ", ".join(f"{column.read} AS {identifier(column.name)}" for column in columns)
        return self._connection.stream(f"SELECT {read} FROM {self._name}")


def _column(name: str, written: str, dimensions: int) -> RemoteColumn:
    """A column of PostgreSQL as one of DuckDB."""
    at, found = identifier(name), _TYPE.fullmatch(written)
    if found is None:
        return RemoteColumn(name, "VARCHAR", f"{at}::text")
    kind, size = found["name"] + (found["rest"] or ""), found["size"] or ""
    if found["array"]:  # of any depth: as JSON it keeps its shape
        element = "VARCHAR" if kind == "bytea" else _simple(kind, size) or "VARCHAR"
        return RemoteColumn(name, element + "[]" * max(dimensions, 1), f"to_json({at})::text")
    if kind in _AS_THEY_ARE:
        return RemoteColumn(name, _AS_THEY_ARE[kind], at)
    if kind == "numeric" and _decimal(size) is None:
        return RemoteColumn(name, "DOUBLE", f"{at}::float8")
    return RemoteColumn(name, _simple(kind, size) or "VARCHAR", f"{at}::text")


def _simple(kind: str, size: str) -> str | None:
    """The type of DuckDB for one that is no array; None: text."""
    if kind == "numeric":
        return _decimal(size) or "DOUBLE"
    return _AS_THEY_ARE.get(kind) or _AS_TEXT.get(kind)


def _decimal(size: str) -> str | None:
    """DECIMAL of a size that DuckDB has; None: it has none."""
    given = [int(number) for number in re.findall(r"-?\d+", size)]
    precision, scale = (*given, 0)[:2] if given else (0, 0)
    return f"DECIMAL({precision}, {scale})" if 0 <= scale <= precision <= 38 and given else None


def _with(url: str, password: str) -> str:
    """An address for the library: with the password, and an end to its patience."""
    try:
        told = urlsplit(url)
        known = parse_qs(told.query)
    except ValueError as error:
        raise RemoteProblem("E1061", f"the address is none: {error}") from error
    query = told.query
    if "connect_timeout" not in known:
        query = f"{query}&connect_timeout=10".lstrip("&")
    place = told.netloc
    if password:
        user, at, host = place.rpartition("@")
        place = f"{user}:{quote(password, safe='')}{at or '@'}{host}"
    return urlunsplit(("postgresql", place, told.path, query, ""))


def _digest(told: Any) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
