"""What a client has open, for pg_cursors and pg_prepared_statements."""

import json
import re
from collections.abc import Mapping

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.portals import Portal
from sqlml.connectors.postgres.prepared import PreparedStatements
from sqlml.quoting import literal

_ASKED = re.compile(r"\bpg_(?:cursors|prepared_statements)\b", re.IGNORECASE)


def tell(
    connection: Connection, sql: str, portals: Mapping[str, Portal], prepared: PreparedStatements
) -> None:
    """Let a statement that asks for them see what there is now."""
    if not _ASKED.search(sql):
        return
    cursors = [
        {"name": name, "statement": portal.prepared.text.sql, "is_holdable": portal.holds,
         "is_binary": False, "is_scrollable": portal.scrolled is not None}
        for name, portal in portals.items() if name
    ]  # fmt: skip
    statements = [
        {"name": name, "statement": known.text.sql}
        for name, known in prepared.items() if name
    ]  # fmt: skip
    with connection.reporting(), connection.client.running("") as own:
        connection.settle()
        for name, told in (("cursors", cursors), ("prepared", statements)):
            own.execute(f"SET VARIABLE sqlml_{name} = {literal(json.dumps(told))}")
