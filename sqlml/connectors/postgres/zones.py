"""The time zone of one client."""

import duckdb

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.failures import Refused
from sqlml.quoting import literal


def in_zone(connection: Connection, zone: str) -> None:
    """Let a client's statements see times as they are in a zone.

    Raises:
        Refused: E0900 there is none of the name.
    """
    with connection.reporting(), connection.client.running("") as own:
        connection.settle()
        try:
            own.execute(f"SET TimeZone = {literal(zone)}")
        except duckdb.Error as error:
            raise Refused("22023", f"there is no time zone `{zone}`") from error
