"""What one client's texts were found to give, kept as long as names stand for the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.describing import fields_of, parameter_oids
from sqlml.connectors.postgres.portals import Prepared, Text
from sqlml.connectors.postgres.types import duckdb_name

_MOST, _LONGEST = 256, 4096  # texts, and their characters


@dataclass(slots=True)
class Described:
    """Drivers that do not prepare send the same texts again and again."""

    _known: dict[tuple[str, tuple[int, ...]], Prepared] = field(default_factory=dict)
    _version: tuple[int, int] | None = None

    def get(self, connection: Connection, text: Text, oids: Sequence[int]) -> Prepared:
        """A statement with the types of its parameters and columns; nothing is executed.

        oids: the types that the client says, 0 where it does not.
        """
        version = connection.client.version()
        if version != self._version or len(self._known) >= _MOST:
            self._known.clear()
            self._version = version
        key = (text.sql, tuple(oids))
        if key in self._known:
            return self._known[key]
        known = parameter_oids(connection, text.sql, oids)
        types = [duckdb_name(oid) for oid in known]
        found = Prepared(text, known, fields_of(connection, text.sql, types))
        if len(text.sql) <= _LONGEST:
            self._known[key] = found
        return found
