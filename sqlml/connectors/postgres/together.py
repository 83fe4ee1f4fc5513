"""Several statements in one message of the simple protocol: one transaction, as in PostgreSQL."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.dbapi.programs import parts
from sqlml.connectors.postgres.portals import Text

_NEITHER = frozenset({
    "SET", "SHOW", "RESET", "DISCARD", "DEALLOCATE", "UNLISTEN", "SAVEPOINT", "RELEASE",
    "COMMIT", "END", "ROLLBACK", "ABORT",
})  # fmt: skip
_ALONE = frozenset({"CHECKPOINT", "VACUUM", "PRAGMA", "CALL"})

T = TypeVar("T")


class Runner(Protocol):
    """Runs what takes time outside of the event loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class Do(Protocol):
    """Does one statement. is_left: there is something to do for it."""

    def __call__(self, text: Text, /, *, is_left: bool) -> Awaitable[None]: ...


class Together:
    """The transaction of a message. What must be done between transactions ends it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_ours = False

    async def each(self, found: Sequence[Text], run: Runner, do: Do) -> None:
        """Do all statements."""
        try:
            for text in found:
                await do(text, is_left=await run(partial(self._goes_on, text)))
            await run(self._end)
        except BaseException:
            await run(partial(self._end, well=False))
            raise

    def _goes_on(self, text: Text) -> bool:
        """Make the connection ready for a statement.

        False: nothing is left to do for it, as for BEGIN, which makes the transaction the client's.
        """
        if not self._connection.in_transaction:
            self._is_ours = False
        if text.first in ("BEGIN", "START"):
            was_ours, self._is_ours = self._is_ours, False
            return not was_ours
        if _is_alone(text):
            self._end()
        elif text.first not in _NEITHER and not self._connection.in_transaction:
            self._connection.execute("BEGIN TRANSACTION").close()
            self._is_ours = True
        return True

    def _end(self, *, well: bool = True) -> None:
        """Commit it, or undo it, unless the client has ended it or made it its own."""
        if self._is_ours and self._connection.in_transaction:
            self._is_ours = False
            if well:
                self._connection.commit()
            else:
                self._connection.rollback()


def _is_alone(text: Text) -> bool:
    own = parts(text.sql, "duckdb") if text.first not in _NEITHER else None
    return text.first in _ALONE or any(part.kind == "extended" for part in own or ())
