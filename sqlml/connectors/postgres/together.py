"""Several statements before the client waits for answers: one transaction, as in PostgreSQL."""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Protocol, TypeVar

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.dbapi.programs import parts
from sqlml.connectors.postgres.portals import Text

_NEITHER = frozenset({
    "SET", "SHOW", "RESET", "DISCARD", "DEALLOCATE", "PREPARE", "LISTEN", "UNLISTEN", "SAVEPOINT",
    "RELEASE", "COMMIT", "END", "ROLLBACK", "ABORT",
})  # fmt: skip
_ALONE = frozenset({"CHECKPOINT", "VACUUM", "PRAGMA", "CALL"})

T = TypeVar("T")


class Runner(Protocol):
    """Runs what takes time outside of the event loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class Together:
    """The transaction that a client's statements are in though it has begun none.

    What must be done between transactions ends it.
    """

    def __init__(self, connection: Connection, run: Runner) -> None:
        self._connection = connection
        self._run = run
        self._is_ours = False

    @property
    def is_open(self) -> bool:
        """There is such a transaction now."""
        return self._is_ours and self._connection.in_transaction

    async def goes_on(self, text: Text) -> bool:
        """Make the connection ready for a statement.

        False: nothing is left to do for it, as for BEGIN, which makes the transaction the client's.
        """
        if text.first in ("BEGIN", "START"):
            was_open, self._is_ours = self.is_open, False
            return not was_open
        if _is_alone(text):
            await self.end()
        elif text.first not in _NEITHER and not self._connection.in_transaction:
            await self._run(self._begin)
            self._is_ours = True
        return True

    async def end(self, *, well: bool = True) -> None:
        """Commit it, or undo it, unless the client has ended it or made it its own."""
        was_open, self._is_ours = self.is_open, False
        if was_open:
            await self._run(self._connection.commit if well else self._connection.rollback)

    def _begin(self) -> None:
        self._connection.execute("BEGIN TRANSACTION").close()


@lru_cache(512)
def _is_alone(text: Text) -> bool:
    own = parts(text.sql, "duckdb") if text.first not in _NEITHER else None
    return text.first in _ALONE or any(part.kind == "extended" for part in own or ())
