"""What texts were found to give, kept as long as names stand for the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.describing import fields_of, parameter_oids
from sqlml.connectors.postgres.portals import Prepared, Text
from sqlml.connectors.postgres.types import duckdb_name
from sqlml.connectors.remembered import Kept

Known = Kept[tuple[str, tuple[int, ...]], Prepared]


@dataclass(slots=True)
class Described:
    """Drivers that do not prepare send the same texts again and again, and so do many clients.

    of_all: what holds for all clients; the rest is this one's.
    """

    of_all: Known = field(default_factory=Kept)
    _own: Known = field(default_factory=Kept)

    def known(self, connection: Connection, text: Text, oids: Sequence[int]) -> Prepared | None:
        """What `get` gives, if it is there already."""
        return self._kept(connection).known(connection.client.version(), (text.sql, tuple(oids)))

    def get(self, connection: Connection, text: Text, oids: Sequence[int]) -> Prepared:
        """A statement with the types of its parameters and columns; nothing is executed.

        oids: the types that the client says, 0 where it does not.
        """

        def find() -> Prepared:
            known = parameter_oids(connection, text.sql, oids)
            types = [duckdb_name(oid) for oid in known]
            return Prepared(text, known, fields_of(connection, text.sql, types))

        version = connection.client.version()
        key = (text.sql, tuple(oids))
        return self._kept(connection).get(version, key, text.sql, find)

    def _kept(self, connection: Connection) -> Known:
        return self.of_all if connection.sees_what_all_see else self._own
