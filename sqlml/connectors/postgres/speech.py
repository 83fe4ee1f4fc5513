"""What a client's SQL means here: PostgreSQL's own statements, and ours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres import cursors, messages, owned, permissions
from sqlml.connectors.postgres.access import Role
from sqlml.connectors.postgres.copying import Copy, copy_of, target
from sqlml.connectors.postgres.described import Described
from sqlml.connectors.postgres.describing import own_parts, parameter_oids
from sqlml.connectors.postgres.executing import executed, preparing
from sqlml.connectors.postgres.failures import (
    ACTIVE_TRANSACTION,
    NO_TRANSACTION,
    READ_ONLY,
    UNSUPPORTED,
    Refused,
)
from sqlml.connectors.postgres.incoming import Incoming
from sqlml.connectors.postgres.kinds import ABSENT, IN_TWO_PHASES, OF_SESSION, SILENT
from sqlml.connectors.postgres.limits import check_portals
from sqlml.connectors.postgres.messages import Field, Format
from sqlml.connectors.postgres.nesting import Predictions
from sqlml.connectors.postgres.opened import known_statements, open_cursors, tell
from sqlml.connectors.postgres.parameters import numbered, sized, substituted
from sqlml.connectors.postgres.portals import (
    QUERIES,
    Portal,
    Prepared,
    Text,
    at_once,
    batches,
    fields_of,
    statements,
    tag,
)
from sqlml.connectors.postgres.predicting import with_functions
from sqlml.connectors.postgres.prepared import PreparedStatements
from sqlml.connectors.postgres.public import Public
from sqlml.connectors.postgres.rows import RowEncoder, converting
from sqlml.connectors.postgres.scrolling import Scrolled
from sqlml.connectors.postgres.sessions import Session, Sessions
from sqlml.connectors.postgres.settings import Settings
from sqlml.connectors.postgres.together import Runner
from sqlml.connectors.postgres.types import TEXT
from sqlml.connectors.postgres.values import exact, values, with_written
from sqlml.databases.statements import CHANGING


@dataclass(slots=True)
class Speech:
    """Statements of one client, in its role."""

    session: Session
    sessions: Sessions
    settings: Settings = field(default_factory=Settings)
    portals: dict[str, Portal] = field(default_factory=dict)
    statements: PreparedStatements = field(default_factory=PreparedStatements)
    described: Described = field(default_factory=Described)
    predictions: Predictions = field(default_factory=Predictions)
    public: Public = field(default_factory=Public)
    _warnings: list[bytes] = field(default_factory=list)
    _rolls_back: bool = False
    _refuses: bool = False  # changes: DuckDB itself, in a transaction that was begun READ ONLY
    _dropped: list[str] = field(default_factory=list)  # tables, at the end of the transaction

    @property
    def role(self) -> Role:
        return self.session.user.role

    # --- what is asked before a statement runs ---

    async def texts(self, connection: Connection, sql: str, run: Runner) -> Sequence[Text]:
        """The statements of a message, as they are to be run."""
        texts = executed(statements(sql), self.statements)
        texts = await self.public.read(connection, texts, run)
        return await self.predictions.called(connection, texts, run)

    def remembered(
        self, connection: Connection, text: Text, oids: Sequence[int]
    ) -> Prepared | None:
        """What `prepared` gives, where that takes no time."""
        found = self.described.known(connection, text, oids)
        if found is not None:
            permissions.check(text.sql, self.role)
        return found

    def prepared(self, connection: Connection, text: Text, oids: Sequence[int]) -> Prepared:
        """What is known of a statement; nothing is executed."""
        if text.first in SILENT or text.words[:2] in ((), *IN_TWO_PHASES):
            return Prepared(text, (), None)
        if text.first in ("DECLARE", "CLOSE", "MOVE"):
            query = cursors.declared(text).query if text.first == "DECLARE" else ""
            return Prepared(text, parameter_oids(connection, query, oids), None)
        if text.first == "FETCH":
            return Prepared(text, (), cursors.opened(cursors.taken(text).name, self.portals).fields)
        shown = self.settings.shown(text.words) if text.first == "SHOW" else None
        if shown is not None:
            return Prepared(text, (), [Field(name, TEXT) for name in shown.column_names])
        permissions.check(text.sql, self.role)
        return self.described.get(connection, text, oids)

    def values(
        self, oids: Sequence[int], formats: Sequence[Format], raw: Sequence[bytes | None]
    ) -> Sequence[object]:
        return values(oids, formats, raw)

    def incoming(self, connection: Connection, copy: Copy) -> Incoming:
        """Make ready for rows that a client brings."""
        self._check_allowed(f"INSERT INTO {target(copy)} VALUES (NULL)")
        return Incoming(connection, copy)

    def expect_rollback(self) -> None:
        """COMMIT of a transaction that has failed comes next: it rolls back, and says so."""
        self._rolls_back = True

    # --- running ---

    def start(self, connection: Connection, portal: Portal) -> None:
        """Begin the statement of a portal."""
        text = portal.prepared.text
        match text.first:
            case first if first in ABSENT or text.words[:2] in IN_TWO_PHASES:
                raise Refused(UNSUPPORTED, f"there is no {first} here", hint=ABSENT.get(first, ""))
            case "PREPARE":
                self._prepare(connection, text)
            case first if first in OF_SESSION:
                self._arrange(text)
            case "SHOW" if (shown := self.settings.shown(text.words)) is not None:
                portal.fields = [Field(name, TEXT) for name in shown.column_names]
                self._give(portal, connection, iter(shown.to_batches()))
            case "ROLLBACK" if "TO" in text.words[1:4]:
                hint = "ROLLBACK ends the whole transaction"
                raise Refused(UNSUPPORTED, "DuckDB cannot go back to a savepoint", hint=hint)
            case "BEGIN" | "START":
                self._begin(connection, portal)
            case "COMMIT" | "END" | "ROLLBACK" | "ABORT":
                self._end(connection, text)
            case "DECLARE" | "FETCH" | "MOVE" | "CLOSE":
                self._move(connection, portal)
            case "COPY" if (copy := copy_of(text)) is not None:
                portal.copy = copy
                self._execute(connection, portal, copy.query)
            case _:
                self._do(connection, portal)

    def _prepare(self, connection: Connection, text: Text) -> None:
        name, own = preparing(text)
        self.statements.check_new(name, own.sql)
        self.statements.add(name, self.prepared(connection, own, ()))

    def _arrange(self, text: Text) -> None:
        """What is about the client's own connection."""
        match text.first:
            case "SET":
                self.settings.set(text.sql)
            case "RESET":
                self.settings.reset("".join(text.words[1:]))
            case "DISCARD" | "DEALLOCATE":
                self.statements.deallocate(text)
            case "LISTEN" | "UNLISTEN":
                self.sessions.channels.change(self.session.number, text.sql)
            case "NOTIFY":
                self.sessions.channels.say(self.session.number, text.sql)
        if text.words[:2] == ("DISCARD", "ALL"):
            self.settings.reset("ALL")

    def _do(self, connection: Connection, portal: Portal) -> None:
        """What DuckDB has; what belongs to a table goes with it."""
        text = portal.prepared.text
        unused = list(owned.sequences(connection, text))
        self._execute(connection, portal, text.sql)
        for sequence in unused:
            connection.execute(f"DROP SEQUENCE IF EXISTS {sequence}").close()
        self._dropped += [text.dropped] if text.dropped else []
        if not connection.in_transaction:
            owned.drop(connection, self._dropped)
            self._dropped = []

    def tag(self, portal: Portal) -> str:
        """The words that say that a portal's statement is done."""
        text = portal.prepared.text
        if self._rolls_back:
            self._rolls_back = False
            return "ROLLBACK"
        if text.first in ("COPY", "FETCH"):
            return f"{text.first} {portal.sent}"
        if text.first == "MOVE":
            return f"MOVE {portal.moved}"
        if portal.rows is not None:
            return tag(text, portal.sent)
        own = own_parts(text.sql)
        if own is not None and own[-1].kind == "extended" and text.first in QUERIES:
            return type(own[-1].statement).__name__.upper()
        return tag(text, -1 if portal.cursor is None else portal.cursor.rowcount)

    def rest(self, status: str) -> Sequence[bytes]:
        """The client is waited for: what it has to know by now. status: of its transaction."""
        self.session.rest(status)
        warnings, self._warnings = self._warnings, []
        told = [*warnings, *self.settings.take_changes()]
        if status == "I":
            self.settings.leave()
            self.sessions.locks.leave(self.session.number)
            told += self.sessions.channels.flush(self.session.number, well=True)
        return told

    def _check_allowed(self, sql: str) -> None:
        permissions.check(sql, self.role)
        if self.settings.only_reads and not self._refuses:
            try:
                permissions.check(sql, "read")
            except Refused as error:
                hint = "SET default_transaction_read_only = off, or begin one that is READ WRITE"
                raise Refused(READ_ONLY, "the transaction is read-only", hint=hint) from error

    def _execute(self, connection: Connection, portal: Portal, sql: str) -> None:
        self._check_allowed(sql)
        self._tell(connection, sql)
        sql = sized(sql, portal.values)
        sql, oids, given = with_written(sql, portal.prepared.oids, portal.values)
        own = own_parts(sql) if given else None
        if own is not None and len(own) == 1 and own[0].kind == "calling":
            sql, given = with_functions(connection, sql, oids), exact(oids, given)
        elif own is not None:
            given = [given[number - 1] for _, _, number in numbered(sql)]
            sql = substituted(sql, lambda _: "?")
        elif given:
            given = exact(oids, given)
        cursor = connection.cursor()
        portal.cursor = cursor
        cursor.execute(sql, list(given) or None)
        found = fields_of(cursor)
        if found is not None:
            portal.check_unchanged(found)
            portal.fields = found
            rows = at_once if portal.holds or CHANGING.search(sql) else batches
            self._give(portal, connection, rows(cursor))

    def _tell(self, connection: Connection, sql: str) -> None:
        user = self.session.user
        tell(connection, sql, {
            "cursors": lambda: open_cursors(self.portals),
            "prepared": lambda: known_statements(self.statements),
            "settings": self.settings.all,
            "clients": lambda: self.sessions.rows(user),
        })  # fmt: skip

    def _begin(self, connection: Connection, portal: Portal) -> None:
        if connection.in_transaction:
            self._warn(ACTIVE_TRANSACTION, "there is already a transaction in progress")
            return
        self.settings.enter(portal.prepared.text.sql)
        only = " READ ONLY" if self.settings.only_reads else ""
        self._execute(connection, portal, f"BEGIN TRANSACTION{only}")
        self._refuses = bool(only)

    def _end(self, connection: Connection, text: Text) -> None:
        if not connection.in_transaction:
            self._warn(NO_TRANSACTION, "there is no transaction in progress")
        rolls_back = self._rolls_back or text.first in ("ROLLBACK", "ABORT")
        for name, portal in list(self.portals.items()):
            if rolls_back or not portal.holds:
                portal.close()
                del self.portals[name]
        dropped, self._dropped = self._dropped, []
        self.settings.leave()
        self._refuses = False
        if rolls_back:
            self.sessions.channels.flush(self.session.number, well=False)
            connection.rollback()
        else:
            owned.drop(connection, dropped)
            connection.commit()

    def _warn(self, state: str, message: str) -> None:
        self._warnings.append(messages.warning(state, message))

    def _move(self, connection: Connection, portal: Portal) -> None:
        text = portal.prepared.text
        if text.first == "CLOSE":
            name = cursors.closed(text)
            for each in list(self.portals) if name is None else [name]:
                cursors.opened(each, self.portals).close()
                del self.portals[each]
            return
        if text.first == "DECLARE":
            declared = cursors.declared(text)
            if declared.name in self.portals:
                raise Refused("42P03", f"there is a cursor `{declared.name}` already")
            check_portals(self.portals)
            query = Text(declared.query, ("SELECT",))
            opened = Portal(Prepared(query, portal.prepared.oids, None), portal.values, ())
            opened.holds = declared.holds or declared.scrolls
            self._execute(connection, opened, declared.query)
            opened.holds = declared.holds
            if declared.scrolls and opened.rows is not None:
                opened.scrolled = Scrolled(opened.rows)
            self.portals[declared.name] = opened
            return
        wanted = cursors.taken(text)
        opened = cursors.opened(wanted.name, self.portals)
        rows = cursors.rows_of(opened, wanted)
        if text.first == "MOVE":
            portal.moved = sum(batch.num_rows for batch in rows)
            return
        portal.fields = opened.fields
        self._give(portal, connection, rows)

    def _give(self, portal: Portal, connection: Connection, rows: Iterator[pa.RecordBatch]) -> None:
        types = [each.type for each in portal.fields]
        formats = messages.chosen_formats(portal.formats, len(types))
        if portal.copy is not None:
            formats = [int(portal.copy.form == "binary")] * len(types)
        portal.rows = rows
        portal.encoder = RowEncoder(types, formats, converting(connection))
