"""What SQL can ask of the server itself, by functions of PostgreSQL's: locks, pauses, signals."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock

import duckdb

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.locks import Held
from sqlml.connectors.postgres.reserved import SERVICE
from sqlml.connectors.postgres.sessions import Sessions
from sqlml.connectors.postgres.translation import NAME

_PAUSE = 0.02  # seconds
_PLACE = f"SELECT path FROM duckdb_databases() WHERE database_name = '{NAME}'"
"""The catalog's file, of which each open database has its own."""


@dataclass(slots=True)
class _Offer:
    """What the servers of one open database have in common. ending: of its function."""

    sessions: Sessions
    ending: ExitStack
    servers: int = 0


_OFFERS: dict[str, _Offer] = {}
_CHANGING = Lock()


@contextmanager
def offered(connection: Connection) -> Iterator[Sessions]:
    """All connections to a database may call the function that the catalog's own stand upon.

    Gives the clients of all servers that this process has for the database.
    """
    with connection.client.beside() as own:
        ((place,),) = own.execute(_PLACE).fetchall()
    with _CHANGING:
        offer = _OFFERS.get(place) or _made(connection)
        _OFFERS[place] = offer
        offer.servers += 1
    try:
        yield offer.sessions
    finally:
        with _CHANGING:
            offer.servers -= 1
            if not offer.servers:
                del _OFFERS[place]
                offer.ending.close()


def _made(connection: Connection) -> _Offer:
    sessions, ending = Sessions(), ExitStack()

    def serve(caller: int, what: str, first: str | None, second: str | None) -> str | None:
        return _served(sessions, caller, what, first, second)

    text = duckdb.sqltype("VARCHAR")
    taken = [duckdb.sqltype("BIGINT"), text, text, text]
    own = ending.enter_context(connection.client.beside())  # keeps the function alive
    own.create_function(SERVICE, serve, taken, text, null_handling="special", side_effects=True)
    ending.callback(own.remove_function, SERVICE)
    return _Offer(sessions, ending)


def _served(
    sessions: Sessions, caller: int, what: str, first: str | None, second: str | None
) -> str | None:
    """what: `end`, `cancel`, `sleep`, `notify`, or of a lock what its function's name says."""
    if first is None or second is None:
        return None
    match what:
        case "end" | "cancel":
            done = sessions.signal(caller, int(first), ends=what == "end")
            return str(done).lower()
        case "sleep":
            end = time.monotonic() + float(first)
            while time.monotonic() < end and not sessions.is_cancelled(caller):
                time.sleep(min(_PAUSE, max(0.0, end - time.monotonic())))
            return ""
        case "notify":
            sessions.channels.keep(caller, first, second)
            return ""
        case "unlock_all":
            sessions.locks.leave(caller, all_of_it=True)
            return ""
    wanted = Held(caller, "shared" in what, "xact" not in what)
    if what.startswith("unlock"):
        return str(sessions.locks.give(first, wanted)).lower()
    if what.startswith("try"):
        return str(sessions.locks.take(first, wanted)).lower()
    sessions.locks.wait(first, wanted, lambda: sessions.is_cancelled(caller))
    return ""
