"""What one client's texts were found to give, kept as long as names stand for the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.describing import fields_of, parameter_oids
from sqlml.connectors.postgres.portals import Prepared, Text
from sqlml.connectors.postgres.types import duckdb_name
from sqlml.connectors.remembered import Kept


@dataclass(slots=True)
class Described:
    """Drivers that do not prepare send the same texts again and again."""

    _known: Kept[tuple[str, tuple[int, ...]], Prepared] = field(default_factory=Kept)

    def known(self, connection: Connection, text: Text, oids: Sequence[int]) -> Prepared | None:
        return self._known.known(connection.client.version(), (text.sql, tuple(oids)))

    def get(self, connection: Connection, text: Text, oids: Sequence[int]) -> Prepared:
        """A statement with the types of its parameters and columns; nothing is executed.

        oids: the types that the client says, 0 where it does not.
        """

        def find() -> Prepared:
            known = parameter_oids(connection, text.sql, oids)
            types = [duckdb_name(oid) for oid in known]
            return Prepared(text, known, fields_of(connection, text.sql, types))

        version = connection.client.version()
        return self._known.get(version, (text.sql, tuple(oids)), text.sql, find)
