"""PostgreSQL's system catalog over that of DuckDB, for psql's `\\d` and other tools.

It is a small database of its own, attached as `sqlml_pg` so that nobody can change it; queries of
`pg_catalog` and `information_schema` are sent to it. Its tables without rows are of what DuckDB
has not; what else it lacks is an error, never an empty answer.
"""

import tempfile
from pathlib import Path

import duckdb

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.reserved import SERVICE
from sqlml.connectors.postgres.settings import REPORTED, SETTINGS
from sqlml.connectors.postgres.translation import NAME, SCRIPTS
from sqlml.connectors.postgres.types import ARRAYS, BY_DUCKDB, NUMERIC, ONE_CHARACTER, type_of
from sqlml.quoting import literal

_WRITTEN = {
    16: "boolean", 17: "bytea", 18: '"char"', 19: "name", 20: "bigint", 21: "smallint",
    22: "int2vector", 23: "integer", 24: "regproc", 25: "text", 26: "oid", 28: "xid",
    30: "oidvector", 114: "json", 700: "real", 701: "double precision", 705: "unknown",
    1042: "character", 1043: "character varying", 1082: "date", 1083: "time without time zone",
    1114: "timestamp without time zone", 1184: "timestamp with time zone", 1186: "interval",
    1266: "time with time zone", 1562: "bit varying", 1700: "numeric", 2205: "regclass",
    2206: "regtype", 2249: "record", 2276: '"any"', 2277: "anyarray", 2278: "void", 2950: "uuid",
    3802: "jsonb",
}  # fmt: skip
_KNOWN = {name: kind.oid for name, kind in BY_DUCKDB.items()} | {"DECIMAL": NUMERIC.oid}


def attach(connection: Connection) -> None:
    """Make the catalog for all connections to a database."""
    with connection.client.beside() as own, tempfile.TemporaryDirectory() as folder:
        known = own.execute("SELECT database_name FROM duckdb_databases()").fetchall()
        if (NAME,) in known:
            return
        path = str(Path(folder) / f"{NAME}.duckdb")
        with duckdb.connect(path) as made:
            text = duckdb.sqltype("VARCHAR")  # a function is looked for where a macro is made
            made.create_function(SERVICE, _told, [duckdb.sqltype("BIGINT"), text, text, text], text)
            made.begin()
            for script in (_types(), _settings(), *SCRIPTS):
                made.execute(script)
            made.commit()
        own.execute(f"ATTACH {literal(path)} AS {NAME} (READ_ONLY)")


def _told(_caller: int, what: str, _first: str, _second: str) -> str:
    """Stands for what a server offers."""
    return what


def _settings() -> str:
    """What `SHOW` tells, as a view: of settings that have been changed, what the client has set."""
    told = {name.lower(): name for name in REPORTED}
    rows = ", ".join(
        f"({literal(told.get(name, name))}, {literal(value)})" for name, value in SETTINGS.items()
    )
    return f"""
    CREATE MACRO own_setting(x) AS
      json_extract_string(getvariable('sqlml_settings')::VARCHAR, '$."' || lower(x) || '"');
    CREATE TABLE setting_names AS FROM (VALUES {rows}) t(name, first);
    CREATE VIEW pg_settings AS
    SELECT name, setting, NULL::VARCHAR AS unit, 'Preset Options' AS category, '' AS short_desc,
      '' AS extra_desc, 'user' AS context, 'string' AS vartype, 'default' AS source,
      NULL::VARCHAR AS min_val, NULL::VARCHAR AS max_val, NULL::VARCHAR[] AS enumvals,
      first AS boot_val, first AS reset_val, NULL::VARCHAR AS sourcefile,
      NULL::INTEGER AS sourceline, false AS pending_restart
    FROM (SELECT name, coalesce(own_setting(name), first) AS setting, first FROM setting_names);
    """


def _types() -> str:
    """How PostgreSQL writes types, and what type one of DuckDB's is there."""
    written = _WRITTEN | {array: f"{_WRITTEN[element]}[]" for element, array in ARRAYS.items()}
    rows = ", ".join(f"({oid}, {literal(name)})" for oid, name in written.items())
    several = {f"{name}[]": type_of(f"{name}[]").oid for name in BY_DUCKDB}
    several["DECIMAL[]"] = ARRAYS[NUMERIC.oid]
    known = ", ".join(f"({literal(name)}, {oid})" for name, oid in (_KNOWN | several).items())
    digits = r"regexp_extract(x, '\((\d+),(\d+)\)', {})::INT"
    modifier = f"({digits.format(1)} << 16 | {digits.format(2)}) + 4"
    return f"""
    CREATE TYPE one_character AS {ONE_CHARACTER};
    CREATE TABLE type_names AS FROM (VALUES {rows}) t(oid, written);
    CREATE TABLE known_types AS FROM (VALUES {known}) t(name, oid);
    CREATE MACRO bare_type(x) AS
        regexp_replace(regexp_replace(x, '^DECIMAL\\(.*?\\)', 'DECIMAL'), '\\[\\d+\\]$', '[]');
    CREATE MACRO type_modifier(x) AS CASE WHEN x LIKE 'DECIMAL(%)' THEN {modifier} ELSE -1 END;
    """
