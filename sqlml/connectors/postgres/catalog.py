"""PostgreSQL's system catalog over that of DuckDB, for psql's `\\d` and other tools.

It is a small database in memory, attached as `sqlml_pg`; queries of `pg_catalog` are sent to it.
What it does not have is an error, never an empty answer.
"""

import re
from pathlib import Path

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.types import ARRAYS, BY_DUCKDB, NUMERIC, TEXT
from sqlml.quoting import literal

NAME = "sqlml_pg"
_WRITTEN = {
    16: "boolean", 17: "bytea", 20: "bigint", 21: "smallint", 23: "integer", 25: "text",
    114: "json", 700: "real", 701: "double precision", 1043: "character varying", 1082: "date",
    1083: "time without time zone", 1114: "timestamp without time zone",
    1184: "timestamp with time zone", 1186: "interval", 1266: "time with time zone",
    1562: "bit varying", 1700: "numeric", 2950: "uuid",
}  # fmt: skip
_OURS = r"pg_(?!typeof)\w+|format_type|obj_description|col_description|array_upper|version"
_TABLES = "am|attrdef|attribute|class|collation|constraint|database|index|namespace|proc|roles|type"
_ASKED = re.compile(rf"\bpg_catalog\s*\.\s*\w|(?<![\w.'\"])pg_(?:{_TABLES})\b", re.IGNORECASE)
_STRING = re.compile(r"('(?:[^']|'')*')")
_REWRITTEN = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"OPERATOR\s*\(\s*pg_catalog\.([^)\s]+)\s*\)", r"\1"),
        (r"\s+COLLATE\s+pg_catalog\.default", ""),
        (r"([\w.]+)::(?:pg_catalog\.)?regclass", rf"{NAME}.main.regclass(\1)"),
        (r"::(?:pg_catalog\.)?(?:regtype|regnamespace|name|text)\b", "::VARCHAR"),
        (r"::pg_catalog\.", "::"),
        (rf"\bpg_catalog\.({_OURS})", rf"{NAME}.main.\1"),
        (r"(?<![\w.])(pg_get_expr|to_regtype)\(", rf"{NAME}.main.\1("),
        (rf"(?<![\w.'\"])(pg_(?:{_TABLES}))\b", rf"{NAME}.main.\1"),
        (r"\bpg_catalog\.(?=\w+\s*\()", ""),
    )
)


def attach(connection: Connection) -> None:
    """Make the catalog for all connections to a database."""
    with connection.client.beside() as own:
        known = own.execute("SELECT database_name FROM duckdb_databases()").fetchall()
        if (NAME,) in known:
            return
        own.execute(f"ATTACH ':memory:' AS {NAME}; USE {NAME}")
        own.execute(_types())
        own.execute((Path(__file__).parent / "catalog.sql").read_text("utf-8"))


def rewritten(sql: str) -> str:
    """A query of PostgreSQL's catalog as one of ours; anything else as it is."""
    if not _ASKED.search(sql):
        return sql
    texts = _STRING.split(sql)
    for place in range(0, len(texts), 2):  # strings stand between
        for pattern, instead in _REWRITTEN:
            texts[place] = pattern.sub(instead, texts[place])
    return "".join(texts)


def _types() -> str:
    """Macros that tell PostgreSQL's types from the names of DuckDB's."""
    known = " ".join(f"WHEN {literal(name)} THEN {kind.oid}" for name, kind in BY_DUCKDB.items())
    arrays = " ".join(f"WHEN {element} THEN {array}" for element, array in ARRAYS.items())
    decimal = f"WHEN x LIKE 'DECIMAL(%)' THEN {NUMERIC.oid}"
    written = " ".join(f"WHEN {oid} THEN {literal(name)}" for oid, name in _WRITTEN.items())
    several = " ".join(
        f"WHEN {array} THEN {literal(_WRITTEN[element] + '[]')}"
        for element, array in ARRAYS.items()
    )
    digits = r"regexp_extract(x, '\((\d+),(\d+)\)', {})::INT"
    modifier = f"({digits.format(1)} << 16 | {digits.format(2)}) + 4"
    rows = ", ".join(
        f"({each.oid}, {literal(each.name)}, 11, {each.size}, 'b', 0, 0, {array}, ',')"
        for each in {kind.oid: kind for kind in (*BY_DUCKDB.values(), TEXT)}.values()
        for array in [ARRAYS.get(each.oid, 0)]
    )
    return f"""
    CREATE MACRO element_oid(x) AS CASE x {known} ELSE CASE {decimal} ELSE {TEXT.oid} END END;
    CREATE MACRO type_oid(x) AS CASE WHEN x LIKE '%]' THEN
        CASE element_oid(regexp_replace(x, '\\[\\d*\\]$', '')) {arrays} END ELSE element_oid(x) END;
    CREATE MACRO type_modifier(x) AS CASE WHEN x LIKE 'DECIMAL(%)' THEN {modifier} ELSE -1 END;
    CREATE MACRO format_type(t, m) AS CASE t {written} {several} END || CASE WHEN t = 1700 AND m > 0
        THEN '(' || ((m - 4) >> 16) || ',' || ((m - 4) & 65535) || ')' ELSE '' END;
    CREATE TABLE pg_type AS FROM (VALUES {rows})
        t(oid, typname, typnamespace, typlen, typtype, typrelid, typcollation, typarray, typdelim);
    """
