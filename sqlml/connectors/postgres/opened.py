"""What a client has open and set, and who else is there: for views of the catalog that tell it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.portals import Portal
from sqlml.connectors.postgres.prepared import PreparedStatements
from sqlml.quoting import literal

_ASKED = {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for name, words in {
        "cursors": "pg_cursors",
        "prepared": "pg_prepared_statements",
        "settings": "pg_settings|current_setting",
        "clients": "pg_stat_activity|pg_stat_database",
    }.items()
}


def tell(connection: Connection, sql: str, known: Mapping[str, Callable[[], object]]) -> None:
    """Let a statement that asks for something see what there is now. known: by what it is called.

    Each is found when it is wanted; JSON can write it.
    """
    asked = [name for name in known if _ASKED[name].search(sql)]
    if not asked:
        return
    with connection.reporting(), connection.client.running("") as own:
        connection.settle()
        for name in asked:
            own.execute(f"SET VARIABLE sqlml_{name} = {literal(json.dumps(known[name]()))}")


def open_cursors(portals: Mapping[str, Portal]) -> Sequence[Mapping[str, object]]:
    return [
        {"name": name, "statement": portal.prepared.text.sql, "is_holdable": portal.holds,
         "is_binary": False, "is_scrollable": portal.scrolled is not None}
        for name, portal in portals.items() if name
    ]  # fmt: skip


def known_statements(prepared: PreparedStatements) -> Sequence[Mapping[str, object]]:
    return [{"name": name, "statement": known.text.sql} for name, known in prepared.items() if name]
