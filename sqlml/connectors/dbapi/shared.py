"""The databases that this process has open, each once for all connections to it."""

from pathlib import Path
from threading import RLock
from typing import ClassVar

from sqlml.config import Settings
from sqlml.connectors.remembered import Kept
from sqlml.databases.client import Client
from sqlml.databases.duckdb import DuckDB
from sqlml.session import Session

IN_MEMORY = ":memory:"

Planned = Kept[tuple[str, str], str]
"""Queries by their dialects and texts."""


class Shared:
    """A database with its store, and how many connections use it.

    Two of one file would not do: what one registers with DuckDB is there for the other, too.
    planned: queries that call models, as the database gets them.
    """

    _open: ClassVar[dict[Path, "Shared"]] = {}
    # A connection that is dropped leaves whenever the garbage collector runs: in `use`, too.
    _changing: ClassVar[RLock] = RLock()

    def __init__(self, session: Session, path: Path | None) -> None:
        self._session = session
        self._path = path
        self._users = 0
        self.planned: Planned = Kept()

    @classmethod
    def use(cls, settings: Settings) -> "Shared":
        """The database that the settings name, for one more user. Each in memory is another one.

        Raises:
            SqlmlError: it cannot be opened.
        """
        path = None if settings.db == IN_MEMORY else Path(settings.db).resolve()
        with cls._changing:
            found = cls._open.get(path) if path is not None else None
            if found is None:
                found = cls(Session.open(settings), path)
                if path is not None:
                    cls._open[path] = found
            found._users += 1
            return found

    def client(self, settings: Settings) -> Session:
        """A session for one user: a connection of its own to what they share."""
        database = self._session.database
        assert isinstance(database, DuckDB)
        return Session(Client(database), self._session.store, settings)

    def leave(self) -> None:
        """One user less; the last one closes the database."""
        with self._changing:
            self._users -= 1
            if self._users == 0:
                if self._path is not None:
                    del self._open[self._path]
                self._session.close()
