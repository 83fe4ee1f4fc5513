"""The clients of one server, as they see each other: who is there, what they do, and its end."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from sqlml.connectors.postgres import messages
from sqlml.connectors.postgres.access import User
from sqlml.connectors.postgres.channels import Channels
from sqlml.connectors.postgres.locks import Locks

_STATES = {"T": "idle in transaction", "E": "idle in transaction (aborted)"}
_HIDDEN = "<insufficient privilege>"
_ENDED = "terminating connection due to administrator command"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Session:
    """One client. address: where it comes from. query: what it does, or has done last."""

    number: int
    user: User
    address: tuple[str, int] | None = None
    began: datetime = field(default_factory=_now)
    changed: datetime = field(default_factory=_now)
    asked: datetime | None = None
    in_transaction_since: datetime | None = None
    query: str = ""
    state: str = "idle"
    application: Callable[[], str] = str
    is_cancelled: bool = False  # what it does now
    cancel: Callable[[], None] = lambda: None
    end: Callable[[], None] = lambda: None

    def begin(self, query: str) -> None:
        """A statement begins."""
        self.query, self.state, self.is_cancelled = query, "active", False
        self.asked = self.changed = _now()
        self.in_transaction_since = self.in_transaction_since or self.asked

    def rest(self, status: str) -> None:
        """The client is waited for. status: of its transaction, as it is told."""
        self.state, self.changed = _STATES.get(status, "idle"), _now()
        if status == "I":
            self.in_transaction_since = None

    def row(self, asker: User) -> Mapping[str, object]:
        """As `pg_stat_activity` tells it. What another user does is for administrators."""
        is_shown = asker.role == "admin" or asker.name == self.user.name
        own: Mapping[str, object] = {
            "pid": self.number, "usename": self.user.name, "query": _HIDDEN,
            "application_name": self.application(),
        }  # fmt: skip
        if not is_shown:
            return own
        host, port = self.address or (None, None)
        times = {
            "backend_start": self.began, "xact_start": self.in_transaction_since,
            "query_start": self.asked, "state_change": self.changed,
        }  # fmt: skip
        told = {name: time and time.isoformat() for name, time in times.items()}
        shown = {"query": self.query, "state": self.state, "client_addr": host, "client_port": port}
        return {**own, **told, **shown}


@dataclass(slots=True)
class Sessions:
    """Those of all clients of one server, with what they have in common."""

    locks: Locks = field(default_factory=Locks)
    channels: Channels = field(default_factory=Channels)
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    _all: dict[int, Session] = field(default_factory=dict)

    def add(self, session: Session) -> None:
        self._all[session.number] = session

    def remove(self, number: int) -> None:
        """A client is gone, with all that it held."""
        self._all.pop(number, None)
        self.locks.leave(number, all_of_it=True)
        self.channels.leave(number)

    def rows(self, asker: User) -> Sequence[Mapping[str, object]]:
        return [each.row(asker) for each in list(self._all.values())]

    def signal(self, caller: int, number: int, *, ends: bool) -> bool:
        """End what a client does, or the client; False: there is none, or it is another user's."""
        asker, meant = self._all.get(caller), self._all.get(number)
        if asker is None or meant is None:
            return False
        if asker.user.role != "admin" and asker.user.name != meant.user.name:
            return False
        (meant.end if ends else meant.cancel)()
        return True

    def is_cancelled(self, number: int) -> bool:
        """Whether nobody waits any more for what a client's statement does."""
        session = self._all.get(number)
        return session is None or session.is_cancelled


def ending(
    loop: asyncio.AbstractEventLoop, writer: asyncio.StreamWriter, task: "asyncio.Task[None]"
) -> Callable[[], None]:
    """What ends a client from any thread, and tells it so."""

    def end() -> None:
        told = {"S": "FATAL", "V": "FATAL", "C": "57P01", "M": _ENDED}
        if not writer.is_closing():
            writer.write(messages.report(b"E", told))
        task.cancel()

    def ended() -> None:
        loop.call_soon_threadsafe(end)

    return ended
