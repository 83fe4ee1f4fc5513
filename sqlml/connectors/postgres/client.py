"""One client: its messages in, ours out, and the state between them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres import failures, lines, messages
from sqlml.connectors.postgres.copying import copy_of
from sqlml.connectors.postgres.failures import Refused
from sqlml.connectors.postgres.inbox import Inbox
from sqlml.connectors.postgres.incoming import take
from sqlml.connectors.postgres.limits import check_portals, check_text
from sqlml.connectors.postgres.messages import Body, ProtocolViolation
from sqlml.connectors.postgres.outbox import Outbox
from sqlml.connectors.postgres.portals import Portal, Prepared, Rows, Text
from sqlml.connectors.postgres.speech import Speech
from sqlml.connectors.postgres.together import Runner, Together

_ENDS_TRANSACTION = frozenset({"ROLLBACK", "ABORT", "COMMIT", "END"})


class Client:
    """Serves one connection until it ends."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: Connection,
        speech: Speech,
        run: Runner,
    ) -> None:
        """connection: of its own, in autocommit. run: what runs blocking work in a thread."""
        self._inbox = Inbox(reader)
        self._out = Outbox(writer)
        self._connection = connection
        self._speech = speech
        self._run = run
        self._portals = speech.portals
        self._together = Together(connection, run)
        self._has_failed = False  # the transaction that is open
        self._skips = False  # everything up to Sync
        self._said = ""  # the text that errors are about
        self._current: Portal | None = None
        self._timer: asyncio.TimerHandle | None = None  # of statement_timeout
        self._handlers: Mapping[bytes, Callable[[Body], Awaitable[None]]] = {
            b"Q": self._simple, b"P": self._parse, b"B": self._bind, b"D": self._describe,
            b"E": self._execute, b"C": self._close, b"S": self._sync, b"H": self._flush,
            b"d": self._ignore, b"c": self._ignore, b"f": self._ignore,
        }  # fmt: skip

    async def serve(self) -> None:
        """Answer messages until the client says goodbye or is gone."""
        await self._ready()
        try:
            await self._answer()
        finally:
            self._out.send()

    async def _answer(self) -> None:
        while True:
            kind, body = await self._inbox.receive()
            if kind == b"X":
                return
            handler = self._handlers.get(kind)
            if handler is None:
                raise ProtocolViolation(f"there is no message {kind!r}")
            if self._skips and kind != b"S":
                continue
            try:
                await handler(body)
            except (ProtocolViolation, ConnectionError, asyncio.CancelledError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
                is_end = kind in (b"Q", b"S")
                await self._fail(error, skips=not is_end)
                if is_end:
                    await self._ready()

    def cancel(self) -> None:
        """End what runs now; called for another connection of the same client."""
        portal = self._current
        if portal is not None:
            portal.is_cancelled = self._speech.session.is_cancelled = True
            if portal.cursor is not None:
                portal.cursor.cancel()

    def close(self) -> None:
        for portal in self._portals.values():
            portal.close()
        self._connection.close()

    # --- the simple protocol ---

    async def _simple(self, body: Body) -> None:
        self._said = sql = body.text()
        body.end()
        self._drop_portal("")
        check_text(self._speech.role, sql)
        found = await self._speech.texts(self._connection, sql, self._run)
        if not found:
            self._out.add(messages.EMPTY_QUERY)
        for text in found:
            await self._whole(text, is_left=len(found) == 1 or await self._together.goes_on(text))
        await self._together.end()
        await self._ready()

    async def _whole(self, text: Text, *, is_left: bool) -> None:
        """Do a statement, and send all of its rows. is_left: there is something to do for it."""
        self._check_usable(text)
        if not is_left:
            self._speech.settings.enter(text.sql)
            self._out.add(messages.complete(text.first))
            return
        portal = Portal(Prepared(text, (), None), (), ())
        if await self._is_copied_in(portal):
            return
        first = await self._start(portal, 0)
        if portal.fields and portal.copy is None:
            self._out.add(messages.row_description(portal.fields, [0] * len(portal.fields)))
        await self._stream(portal, first, 0)
        portal.close()

    # --- the extended protocol ---

    async def _parse(self, body: Body) -> None:
        name, sql, oids = body.text(), body.text(), body.int32s()
        body.end()
        self._said = sql
        check_text(self._speech.role, sql)
        self._speech.statements.check_new(name, sql)
        texts = await self._speech.texts(self._connection, sql, self._run)
        if len(texts) > 1:
            raise Refused(failures.SYNTAX, "a prepared statement is one statement")
        text = texts[0] if texts else Text("", ())
        self._check_usable(text)
        found = self._speech.remembered(self._connection, text, oids)
        if found is None:
            found = await self._run(partial(self._speech.prepared, self._connection, text, oids))
        self._speech.statements.add(name, found)
        self._out.add(messages.PARSE_COMPLETE)

    async def _bind(self, body: Body) -> None:
        portal, name = body.text(), body.text()
        given, raw, formats = body.int16s(), body.values(), body.int16s()
        body.end()
        prepared = self._speech.statements.get(name)
        if portal and portal in self._portals:
            raise Refused("42P03", f"there is a portal `{portal}` already")
        check_portals(self._portals)
        if len(raw) != len(prepared.oids):
            message = f"the statement has {len(prepared.oids)} parameters, {len(raw)} are given"
            raise Refused(failures.PROTOCOL, message)
        self._check_usable(prepared.text)
        codes = messages.chosen_formats(given, len(raw))
        values = self._speech.values(prepared.oids, codes, raw)
        chosen = messages.chosen_formats(formats, len(prepared.fields or ()))
        self._drop_portal(portal)
        self._portals[portal] = Portal(prepared, values, chosen)
        self._out.add(messages.BIND_COMPLETE)

    async def _describe(self, body: Body) -> None:
        kind, name = body.byte(), body.text()
        body.end()
        if kind == b"S":
            prepared = self._speech.statements.get(name)
            self._out.add(messages.parameter_description(prepared.oids))
            fields, formats = prepared.fields, [0] * len(prepared.fields or ())
        else:
            portal = self._portal(name)
            fields = portal.fields or portal.prepared.fields
            formats = messages.chosen_formats(portal.formats, len(fields or ()))
        told = messages.NO_DATA if fields is None else messages.row_description(fields, formats)
        self._out.add(told)

    async def _execute(self, body: Body) -> None:
        portal, most = self._portal(body.text()), max(body.int32(), 0)
        body.end()
        if not portal.prepared.text.words:
            self._out.add(messages.EMPTY_QUERY)
            return
        if portal.tag:
            self._out.add(messages.complete(portal.tag))
            return
        if portal.cursor is None and portal.rows is None:
            self._said = portal.prepared.text.sql
            self._check_usable(portal.prepared.text)
            if not await self._is_left(portal) or await self._is_copied_in(portal):
                return
            first = await self._start(portal, most)
        else:
            first = await self._run(partial(portal.messages, most))
        await self._stream(portal, first, most)

    async def _close(self, body: Body) -> None:
        kind, name = body.byte(), body.text()
        body.end()
        drop = self._speech.statements.drop if kind == b"S" else self._drop_portal
        drop(name)
        self._out.add(messages.CLOSE_COMPLETE)

    async def _sync(self, body: Body) -> None:
        body.end()
        self._skips = False
        await self._together.end()
        if not self._connection.in_transaction:
            for name in [name for name, portal in self._portals.items() if not portal.holds]:
                self._drop_portal(name)
        await self._ready()

    async def _flush(self, body: Body) -> None:
        body.end()
        await self._out.drain()

    async def _ignore(self, _body: Body) -> None:
        """Data that was to be copied in, of which we have refused the statement."""

    # --- running ---

    async def _is_left(self, portal: Portal) -> bool:
        """Make ready for a statement: all that a client sends before Sync is one transaction."""
        text = portal.prepared.text
        is_alone = not self._together.is_open and await self._inbox.is_next(b"S")
        if is_alone or await self._together.goes_on(text):
            return True
        self._speech.settings.enter(text.sql)
        self._complete(portal, text.first)
        return False

    async def _start(self, portal: Portal, most: int) -> Rows:
        """Begin a statement; its first rows."""
        self._current = portal
        self._speech.session.begin(self._said)
        limit = int(self._speech.settings["statement_timeout"])
        if limit and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(limit / 1000, self.cancel)
        first = await self._run(partial(self._begun, portal, most))
        if portal.prepared.text.first in _ENDS_TRANSACTION:
            self._has_failed = False
        return first

    def _begun(self, portal: Portal, most: int) -> Rows:
        portal.check_wanted()  # it may have waited for its turn
        self._speech.start(self._connection, portal)
        portal.check_wanted()
        return portal.messages(most)

    async def _stream(self, portal: Portal, rows: Rows, most: int) -> None:
        """Send these rows and those behind, at most so many (0: all), and how it has ended."""
        if portal.copy is not None and not portal.sent:
            self._out.add(*lines.begin(portal.copy, [field.name for field in portal.fields]))
        while True:
            portal.sent += rows.count
            self._out.add(*rows.content)
            if not rows.may_go_on:
                break
            if most:
                most -= rows.count
                if most == 0:
                    self._out.add(messages.PORTAL_SUSPENDED)
                    return
            await self._out.drain()
            rows = await self._run(partial(portal.messages, most))
        if portal.copy is not None:
            self._out.add(*lines.end(portal.copy))
        self._complete(portal, self._speech.tag(portal))

    def _complete(self, portal: Portal, tag: str) -> None:
        portal.tag = tag
        self._out.add(messages.complete(tag))

    async def _is_copied_in(self, portal: Portal) -> bool:
        """Take the rows that a client brings, if the statement wants them."""
        copy = copy_of(portal.prepared.text)
        if copy is None or copy.is_out:
            return False
        incoming = await self._run(partial(self._speech.incoming, self._connection, copy))
        self._out.add(messages.copying(b"G", incoming.columns, incoming.is_binary))
        await self._out.drain()
        self._complete(portal, await take(self._inbox.receive, self._run, incoming))
        return True

    async def _fail(self, error: Exception, *, skips: bool) -> None:
        self._skips = skips
        await self._together.end(well=False)
        if self._connection.in_transaction:
            self._has_failed = True
        self._out.add(messages.report(b"E", failures.fields(error, self._said)))
        await self._out.drain()

    async def _ready(self) -> None:
        self._current = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        in_transaction = self._connection.in_transaction
        self._has_failed &= in_transaction
        status = "E" if self._has_failed else "T" if in_transaction else "I"
        self._out.add(*self._speech.rest(status), messages.ready(status))
        await self._out.drain()

    def _check_usable(self, text: Text) -> None:
        if self._has_failed and text.first not in _ENDS_TRANSACTION:
            message = "the transaction has failed; nothing is done until it ends"
            raise Refused(failures.IN_FAILED_TRANSACTION, message, hint="send ROLLBACK")
        if self._has_failed and text.first in ("COMMIT", "END"):
            self._speech.expect_rollback()

    def _portal(self, name: str) -> Portal:
        found = self._portals.get(name)
        if found is None:
            raise Refused(failures.NO_CURSOR, f"there is no portal `{name}`")
        return found

    def _drop_portal(self, name: str) -> None:
        if (portal := self._portals.pop(name, None)) is not None:
            portal.close()
