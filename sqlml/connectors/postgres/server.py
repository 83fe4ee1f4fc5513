"""The server: who connects, how they say who they are, and what is told to whom."""

import asyncio
import hmac
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlml.connectors.dbapi import Connection, connect
from sqlml.connectors.postgres import catalog, failures, messages, permissions
from sqlml.connectors.postgres.access import User, Users
from sqlml.connectors.postgres.client import Client
from sqlml.connectors.postgres.described import Described, Known
from sqlml.connectors.postgres.encryption import Encryption
from sqlml.connectors.postgres.failures import Refused
from sqlml.connectors.postgres.messages import Body, ProtocolViolation
from sqlml.connectors.postgres.nesting import Predictions
from sqlml.connectors.postgres.paths import on_path
from sqlml.connectors.postgres.scram import Exchange, Verifier, WrongPassword
from sqlml.connectors.postgres.services import offered
from sqlml.connectors.postgres.sessions import Session, Sessions, ending
from sqlml.connectors.postgres.settings import Settings
from sqlml.connectors.postgres.speech import Speech
from sqlml.connectors.postgres.turns import Turns
from sqlml.connectors.postgres.zones import in_zone
from sqlml.connectors.remembered import Kept
from sqlml.quoting import literal
from sqlml.runtime.events import Event, StepNote, StepProgress

T = TypeVar("T")

_LARGEST_START = 10_000  # bytes of the first message
_MOST_UNKNOWN = 50  # connections beyond the most clients, of those who have not said who they are
_PATIENCE = 60.0  # seconds for a client to say who it is
_MECHANISM, _BOUND = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"


@dataclass(slots=True)
class Server:
    """Serves one database to many clients.

    users: who may come in; None: everybody, as an administrator. most: clients at a time.
    longest: the milliseconds of a statement, which only administrators may change; 0: no bound.
    memory: the bytes that tables, sorts and joins may hold; 0: as in every session.
    """

    database: str
    users: Users | None = None
    tls: Encryption | None = None
    most: int = 100
    longest: int = 0
    memory: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    _clients: dict[int, tuple[int, Client]] = field(default_factory=dict)
    _turns: Turns | None = None
    _first: Connection | None = None
    _described: Known = field(default_factory=Kept)
    _predictions: Predictions = field(default_factory=Predictions)
    _sessions: Sessions = field(default_factory=Sessions)
    _ending: ExitStack = field(default_factory=ExitStack)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Open the database, and the door.

        Raises:
            SqlmlError, OSError: the database, or the port, cannot be opened.
        """
        self._turns = Turns(self.most + 4)
        self._first = connect(self.database, **self.settings)  # keeps it open between clients
        if self.memory:
            self._first.execute(f"SET memory_limit = '{self.memory}B'").close()
        catalog.attach(self._first)
        self._sessions = self._ending.enter_context(offered(self._first))
        permissions.lock(self._first)
        return await asyncio.start_server(self._welcome, host, port)

    async def close(self) -> None:
        """End all clients, and close the database."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._first is not None:
            self._ending.close()
            self._first.close()
        if self._turns is not None:
            self._turns.close()

    async def run(self, work: Callable[[], T]) -> T:
        """Do something that takes time in a thread."""
        assert self._turns is not None
        return await self._turns.run(work)

    # --- clients ---

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if len(self._tasks) > self.most + _MOST_UNKNOWN:
                raise Refused(failures.TOO_MANY, "too many want to connect", is_fatal=True)
            await self._serve(reader, writer)
        except (ProtocolViolation, Refused) as error:
            refused = error if isinstance(error, Refused) else _violation(error)
            with suppress(ConnectionError):
                writer.write(messages.report(b"E", failures.fields(refused)))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_PATIENCE):
            start = await self._started(reader, writer)
            if start is None:
                return
            if self.tls is not None and writer.get_extra_info("ssl_object") is None:
                raise Refused(failures.NOT_ENCRYPTED, "the connection is not encrypted",
                              hint="sslmode=require", is_fatal=True)  # fmt: skip
            user = await self._identified(reader, writer, start.get("user", ""))
        if len(self._clients) >= self.most:
            message = f"{self.most} clients are connected already"
            raise Refused(failures.TOO_MANY, message, is_fatal=True)
        await self._admit(reader, writer, user, start)

    async def _admit(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        user: User,
        start: dict[str, str],
    ) -> None:
        number, secret = next(self._sessions.numbers), secrets.randbits(32)
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> None:
            notice = _notice(event)
            if notice is not None:
                loop.call_soon_threadsafe(_write, writer, notice)

        told: dict[str, Any] = {"autocommit": True, "listener": tell, "author": user.name}
        connection = await self.run(partial(connect, self.database, **told, **self.settings))
        connection.streams = True
        if user.role != "admin":
            connection.client.attach_tables(connection.session.store.tables(user.name))
        zone, path = partial(in_zone, connection), partial(on_path, connection)
        settings = Settings(user.role, self.longest, zone, path)
        known = Described(self._described)
        session = Session(number, user, writer.get_extra_info("peername"))
        session.application = lambda: settings["application_name"]
        speech = Speech(
            session, self._sessions, settings, described=known, predictions=self._predictions
        )
        client = Client(reader, writer, connection, speech, self.run)
        self._clients[number] = (secret, client)
        self._meet(session, client, writer)
        try:
            await self.run(partial(_begin, connection, number, user, settings, start))
            shown = settings.reported()
            writer.writelines([messages.AUTHENTICATED, *shown, messages.key_data(number, secret)])
            await client.serve()
        finally:
            del self._clients[number]
            client.cancel()
            await asyncio.shield(self.run(client.close))
            self._sessions.remove(number)

    def _meet(self, session: Session, client: Client, writer: asyncio.StreamWriter) -> None:
        """Let other clients see a new one, end it, and tell it something."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        session.cancel, session.end = client.cancel, ending(loop, writer, task)
        self._sessions.add(session)

        def write(told: bytes) -> None:
            loop.call_soon_threadsafe(_write, writer, told)

        self._sessions.channels.enter(session.number, write)

    async def _started(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> dict[str, str] | None:
        """What a client says first; None where it only came to cancel something."""
        while True:
            length = int.from_bytes(await reader.readexactly(4), "big") - 4
            if not 4 <= length <= _LARGEST_START:
                raise ProtocolViolation("the first message is none")
            body = Body(await reader.readexactly(length))
            match body.int32():
                case messages.SSL_REQUEST:
                    if self.tls is None:
                        writer.write(b"N")
                        continue
                    await _check_silent(reader)
                    writer.write(b"S")  # what comes from now on is for TLS: nobody else may read
                    await writer.start_tls(self.tls.context)
                case messages.GSS_REQUEST:
                    writer.write(b"N")
                case messages.CANCEL_REQUEST:
                    self._cancel(body.int32(), body.int32() & 0xFFFFFFFF)
                    return None
                case messages.PROTOCOL:
                    return _pairs(body)
                case other if other >> 16 == 3:  # a newer minor version: ours is told
                    writer.write(
                        messages.message(
                            b"v", (messages.PROTOCOL & 0xFFFF).to_bytes(4, "big") + bytes(4)
                        )
                    )
                    return _pairs(body)
                case _:
                    raise ProtocolViolation("the protocol is another than 3.0")

    def _cancel(self, number: int, secret: int) -> None:
        known, client = self._clients.get(number, (0, None))
        if client is not None and hmac.compare_digest(
            known.to_bytes(4, "big"), secret.to_bytes(4, "big")
        ):
            client.cancel()

    async def _identified(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str
    ) -> User:
        """The user, once the password is proved by SCRAM-SHA-256 (RFC 5802, RFC 7677)."""
        if self.users is None:
            return User(name or "sqlml", "admin")
        user = self.users.find(name)
        known = user.password if user is not None else None
        binding = self.tls.end_point if self.tls is not None else None
        known = known or Verifier.of(secrets.token_hex())  # takes as long for nobody
        offered = (_BOUND, _MECHANISM) if binding is not None else (_MECHANISM,)
        told = b"".join(messages.text(each) for each in offered)
        writer.write(messages.authentication(10, told + b"\0"))
        try:
            first = await _password(reader)
            mechanism = first.text()
            if mechanism not in offered:
                raise ProtocolViolation("the mechanism is another than SCRAM-SHA-256")
            exchange = Exchange(known, binding, is_bound=mechanism == _BOUND)
            challenge = exchange.challenge((first.value() or b"").decode())
            writer.write(messages.authentication(11, challenge.encode()))
            last = await _password(reader)
            verdict = exchange.verdict(last.rest().decode())
        except (WrongPassword, UnicodeDecodeError) as error:
            message = f"password authentication failed for user `{name}`"
            raise Refused(failures.BAD_PASSWORD, message, is_fatal=True) from error
        writer.write(messages.authentication(12, verdict.encode()))
        assert user is not None
        return user


def _begin(
    connection: Connection, number: int, user: User, settings: Settings, start: Mapping[str, str]
) -> None:
    """Make a connection a client's own.

    Raises:
        Refused: it asks for what cannot be set.
    """
    with connection.reporting(), connection.client.running("") as own:
        own.execute(f"SET VARIABLE sqlml_process = {number}")
        own.execute(f"SET VARIABLE sqlml_user = {literal(user.name)}")
        own.execute(f"SET VARIABLE sqlml_role = {literal(user.role)}")
    is_superuser = "on" if user.role == "admin" else "off"
    settings.begin(start, session_authorization=user.name, is_superuser=is_superuser)


async def _password(reader: asyncio.StreamReader) -> Body:
    kind = await reader.readexactly(1)
    length = int.from_bytes(await reader.readexactly(4), "big") - 4
    if kind != b"p" or not 0 <= length <= _LARGEST_START:
        raise ProtocolViolation("a password was expected")
    return Body(await reader.readexactly(length))


async def _check_silent(reader: asyncio.StreamReader) -> None:
    """What came before the encryption began could be anybody's (CVE-2021-23214)."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            await reader.readexactly(1)
        raise ProtocolViolation("something came before TLS")


def _pairs(body: Body) -> dict[str, str]:
    found = {}
    while name := body.text():
        found[name] = body.text()
    body.end()
    return found


def _violation(error: ProtocolViolation) -> Refused:
    return Refused(failures.PROTOCOL, f"protocol violation: {error}", is_fatal=True)


def _notice(event: Event) -> bytes | None:
    match event:
        case StepProgress():
            values = "".join(f", {name} {value:.4g}" for name, value in event.values.items())
            of = f" of {event.total}" if event.total else ""
            text = f"{event.step}: {event.done}{of} {event.unit}{values}"
        case StepNote():
            text = f"{event.step}: {event.message}"
        case _:
            return None
    return messages.report(b"N", {"S": "NOTICE", "V": "NOTICE", "C": "00000", "M": text})


def _write(writer: asyncio.StreamWriter, content: bytes) -> None:
    with suppress(ConnectionError):
        writer.write(content)
