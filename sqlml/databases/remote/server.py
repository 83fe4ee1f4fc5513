"""What is asked of a database elsewhere."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from sqlml.databases.database import QueryProblem


@dataclass(frozen=True, slots=True)
class RemoteColumn:
    """type: what it is here, a type of DuckDB. read: the expression that the server sends for it.

    What is sent is cast to the type: as itself where Arrow has it, otherwise as text.
    """

    name: str
    type: str
    read: str


@dataclass(frozen=True, slots=True)
class RemoteTable:
    """A table or view, by the names that the server has for it."""

    schema: str
    name: str
    columns: tuple[RemoteColumn, ...]


class Look(Protocol):
    """One table as it is at one moment, however long one looks."""

    def settled(self) -> str:
        """What stays the same as long as nothing has changed; empty: nothing says so cheaply."""
        ...

    def state(self) -> str:
        """What is another one whenever the rows are; empty: only reading them would tell."""
        ...

    def rows(self, columns: Sequence[RemoteColumn]) -> pa.RecordBatchReader:
        """The rows, as a stream."""
        ...


class Server(Protocol):
    """A database elsewhere. Every method raises RemoteProblem where it cannot be asked."""

    default_schema: str

    def tables(self) -> Sequence[RemoteTable]:
        """What can be read."""
        ...

    def look(self, table: RemoteTable) -> AbstractContextManager[Look]: ...


class Driver(Protocol):
    """Opens servers of a kind."""

    def __call__(self, url: str, password: str = "") -> Server:
        """url: its address, without a password. Nobody is connected to before something is asked.

        Raises:
            RemoteProblem: the address is none; E1067 the driver is not installed.
        """
        ...


class RemoteProblem(QueryProblem):
    """A database elsewhere cannot be had, read or written."""

    def __init__(
        self, code: str, message: str, hint: str = "", offset: int | None = None, length: int = 0
    ) -> None:
        super().__init__(message, offset, hint, "remote", length)
        self.code = code
