"""What a client's SQL means here: PostgreSQL's own statements, and ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres import messages
from sqlml.connectors.postgres.failures import UNSUPPORTED, Refused
from sqlml.connectors.postgres.messages import Field, Format
from sqlml.connectors.postgres.portals import (
    Portal,
    Prepared,
    Text,
    batches,
    fields_of,
    tag,
)
from sqlml.connectors.postgres.rows import RowEncoder
from sqlml.connectors.postgres.types import TEXT, type_of
from sqlml.connectors.postgres.values import values
from sqlml.quoting import parts

SETTINGS = {
    "application_name": "",
    "client_encoding": "UTF8",
    "datestyle": "ISO, MDY",
    "default_transaction_isolation": "repeatable read",
    "default_transaction_read_only": "off",
    "extra_float_digits": "1",
    "integer_datetimes": "on",
    "intervalstyle": "postgres",
    "is_superuser": "off",
    "max_identifier_length": "63",
    "search_path": "main",
    "server_encoding": "UTF8",
    "server_version": "15.0",
    "server_version_num": "150000",
    "session_authorization": "sqlml",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "timezone": "UTC",
    "transaction_isolation": "repeatable read",
    "transaction_read_only": "off",
}
"""What SHOW tells, and what drivers set; of most of it there is one way here."""

REPORTED = (
    "application_name", "client_encoding", "DateStyle", "default_transaction_read_only",
    "in_hot_standby", "integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding",
    "server_version", "session_authorization", "standard_conforming_strings", "TimeZone",
)  # fmt: skip

_SET = re.compile(
    r"SET\s+(?:SESSION\s+|LOCAL\s+)?(?P<name>[\w.]+|TIME\s+ZONE)\s*(?:=|\bTO\b|\s)\s*(?P<value>.*)",
    re.IGNORECASE | re.DOTALL,
)
_COPY = re.compile(
    r"COPY\s+(?:\((?P<query>.*)\)|(?P<table>[\w.\"]+)\s*(?P<columns>\([^)]*\))?)\s+TO\s+STDOUT\b",
    re.IGNORECASE | re.DOTALL,
)
_NUMBERED = re.compile(r"\$(\d+)")


@dataclass(slots=True)
class Speech:
    """Statements of one client. settings: those of PostgreSQL, by lower-case name."""

    settings: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))
    _changes: list[bytes] = field(default_factory=list)
    _rolls_back: bool = False

    # --- what is asked before a statement runs ---

    def prepared(self, connection: Connection, text: Text, oids: Sequence[int]) -> Prepared:
        """What is known of a statement; nothing is executed."""
        wanted = max((int(number) for number in _NUMBERED.findall(text.sql)), default=0)
        known = [*oids, *[0] * wanted][:wanted]
        fields = self._fields(connection, text, wanted)
        return Prepared(text, [oid or TEXT.oid for oid in known], fields)

    def values(
        self, oids: Sequence[int], formats: Sequence[Format], raw: Sequence[bytes | None]
    ) -> Sequence[object]:
        return values(oids, formats, raw)

    def is_copy(self, text: Text) -> bool:
        return text.first == "COPY" and _COPY.match(text.sql) is not None

    def expect_rollback(self) -> None:
        """COMMIT of a transaction that has failed comes next: it rolls back, and says so."""
        self._rolls_back = True

    # --- running ---

    def start(self, connection: Connection, portal: Portal) -> None:
        """Begin the statement of a portal."""
        text = portal.prepared.text
        match text.first:
            case "SET":
                self._set(text)
            case "RESET" | "DISCARD" | "DEALLOCATE" | "LISTEN" | "UNLISTEN":
                pass
            case "SHOW" if self._shown(text) is not None:
                self._give(portal, connection, self._shown(text))
            case "SAVEPOINT" | "RELEASE":
                raise Refused(UNSUPPORTED, "DuckDB has no savepoints")
            case "COMMIT" | "END" if self._rolls_back:
                connection.rollback()
            case _:
                self._execute(connection, portal)

    def tag(self, portal: Portal) -> str:
        text = portal.prepared.text
        if self._rolls_back:
            self._rolls_back = False
            return "ROLLBACK"
        if text.first == "COPY":
            return f"COPY {portal.sent}"
        counted = (
            portal.cursor.rowcount if portal.cursor is not None and portal.rows is None else -1
        )
        return tag(text, portal.sent if portal.rows is not None else counted)

    def take_changes(self) -> Sequence[bytes]:
        """The messages that tell of settings that have changed."""
        changes, self._changes = self._changes, []
        return changes

    def _execute(self, connection: Connection, portal: Portal) -> None:
        text = portal.prepared.text
        copied = _COPY.match(text.sql)
        sql = text.sql
        if copied is not None:
            columns = (copied["columns"] or "*").strip("()")
            sql = copied["query"] or f"SELECT {columns} FROM {copied['table']}"
        cursor = connection.cursor()
        portal.cursor = cursor
        cursor.execute(sql, list(portal.values) if portal.values else None)
        fields = fields_of(cursor)
        if fields is not None:
            portal.fields = fields
            portal.rows = batches(cursor)
            self._encode(portal, connection)

    def _give(self, portal: Portal, connection: Connection, table: pa.Table) -> None:
        portal.fields = [Field(name, TEXT) for name in table.column_names]
        portal.rows = iter(table.to_batches())
        self._encode(portal, connection)

    def _encode(self, portal: Portal, connection: Connection) -> None:
        types = [each.type for each in portal.fields]
        formats = list(portal.formats) or [0] * len(types)

        def convert(table: pa.Table, expressions: Sequence[str]) -> pa.Table:
            with connection.client.beside() as beside:
                named = [f"{written} AS c{i}" for i, written in enumerate(expressions)]
                return beside.from_arrow(table).project(", ".join(named)).to_arrow_table()

        portal.encoder = RowEncoder(types, formats, convert)

    def _fields(self, connection: Connection, text: Text, wanted: int) -> Sequence[Field] | None:
        shown = self._shown(text) if text.first == "SHOW" else None
        if shown is not None:
            return [Field(name, TEXT) for name in shown.column_names]
        if text.first not in ("SELECT", "VALUES", "WITH", "FROM", "TABLE", "("):
            return None
        with connection.reporting(), connection.client.running(text.sql) as own:
            (statement,) = own.extract_statements(text.sql)
            relation = own.sql(statement, params=[None] * wanted or None)
            columns = zip(relation.columns, relation.types, strict=True)
            return [Field(name, type_of(str(kind))) for name, kind in columns]

    def _set(self, text: Text) -> None:
        found = _SET.match(text.sql)
        if found is None:
            return
        name = re.sub(r"\s+", "", found["name"]).lower()
        value = found["value"].strip()
        value = parts(value)[0] if value.startswith('"') else value.strip("'")
        if name in self.settings:
            self.settings[name] = value
            told = next((shown for shown in REPORTED if shown.lower() == name), None)
            if told:
                self._changes.append(messages.parameter_status(told, value))

    def _shown(self, text: Text) -> pa.Table | None:
        name = "".join(text.words[1:3]).lower() if len(text.words) > 2 else text.words[-1].lower()
        name = {"transactionisolation": "transaction_isolation"}.get(name, name)
        if name not in self.settings:
            return None
        return pa.table({name: pa.array([self.settings[name]], pa.string())})
