"""What goes with a table, or with a transaction: sequences of `serial`, tables ON COMMIT DROP."""

import re
from collections.abc import Iterator, Sequence

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.portals import Text
from sqlml.grammar.tokens import scan
from sqlml.quoting import identifier, parts

_AROUND = frozenset({"DROP", "TABLE", "IF", "EXISTS", "CASCADE", "RESTRICT"})
_COUNTED = re.compile(r"nextval\('(.*)'\)")
_DEFAULTS = (
    "SELECT schema_name, column_name, column_default FROM duckdb_columns() WHERE"
    " database_name IN (current_database(), 'temp') AND lower(table_name) = lower(?)"
    " AND schema_name = coalesce(?, current_schema()) AND column_default LIKE 'nextval(%'"
)


def sequences(connection: Connection, text: Text) -> Iterator[str]:
    """Those that DROP TABLE leaves without use, as SQL names them."""
    for name in _dropped(text) if text.words[:2] == ("DROP", "TABLE") else ():
        *schema, table = parts(name)
        asked = connection.execute(_DEFAULTS, [table, schema[-1] if schema else None])
        for own, column, default in asked.fetchall():
            found = _COUNTED.fullmatch(default)
            if found and parts(found[1])[-1] == f"{table}_{column}_seq":
                yield f"{identifier(own)}.{identifier(f'{table}_{column}_seq')}"


def _dropped(text: Text) -> Sequence[str]:
    """The names of tables, as they are written."""
    names = [""]
    for token in scan(text.sql):
        if token.text in (",", ";"):
            names.append("")
        elif token.keyword not in _AROUND:
            names[-1] += token.text
    return names


def drop(connection: Connection, tables: Sequence[str]) -> None:
    """Drop temporary tables, if they are there."""
    for table in tables:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table.rpartition('.')[2]}").close()
