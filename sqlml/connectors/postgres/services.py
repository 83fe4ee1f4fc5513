"""What SQL can ask of the server itself, by functions of PostgreSQL's: locks, pauses, signals."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.locks import Held
from sqlml.connectors.postgres.reserved import SERVICE
from sqlml.connectors.postgres.sessions import Sessions

_PAUSE = 0.02  # seconds


@contextmanager
def offered(connection: Connection, sessions: Sessions) -> Iterator[None]:
    """All connections to a database may call the function that the catalog's own stand upon.

    The connection that has made it keeps it alive.
    """

    def serve(caller: int, what: str, first: str | None, second: str | None) -> str | None:
        return _served(sessions, caller, what, first, second)

    text = duckdb.sqltype("VARCHAR")
    taken = [duckdb.sqltype("BIGINT"), text, text, text]
    with connection.client.beside() as own:
        own.create_function(
            SERVICE, serve, taken, text, null_handling="special", side_effects=True
        )  # fmt: skip
        yield
        own.remove_function(SERVICE)


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
