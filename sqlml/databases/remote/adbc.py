"""ADBC: a connection, what is asked on it, and what is said when something is wrong."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import pyarrow as pa

from sqlml.databases.remote.server import RemoteProblem

_SHORT = re.compile(
    r"^\w+: |\[\w+\] ?|Failed to \w+(?: \w+)?: |\. SQLSTATE: \w+\s*$|Query was: .*", re.S
)
_FATAL = re.compile(r"(?:FATAL|ERROR):\s+(.*)", re.S)
_LOGIN = re.compile(r"password|authentication|role .* does not exist|no pg_hba", re.I)


class Connection:
    """One connection, in one transaction; for one thread at a time."""

    def __init__(self, connection: Any, where: str) -> None:
        self._connection = connection
        self._where = where

    def do(self, sql: str) -> None:
        with self._asking() as cursor:
            cursor.execute(sql)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a short answer."""
        with self._asking() as cursor:
            cursor.execute(sql)
            found: list[dict[str, Any]] = cursor.fetch_arrow_table().to_pylist()
            return found

    def stream(self, sql: str) -> pa.RecordBatchReader:
        """The rows of a long answer; what goes wrong while it is read is told as RemoteProblem."""
        cursor = self._connection.cursor()
        with _told(self._where):
            cursor.execute(sql)
            reader = cursor.fetch_record_batch()
            return pa.RecordBatchReader.from_batches(reader.schema, self._batches(cursor, reader))

    def _batches(self, cursor: Any, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            with _told(self._where):
                yield from reader
        finally:
            with suppress(Exception):
                cursor.close()

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        with _told(self._where), self._connection.cursor() as cursor:
            yield cursor


@contextmanager
def connected(driver: str, url: str, where: str) -> Iterator[Connection]:
    """A connection by one of ADBC's drivers, closed at the end.

    where: what errors call the other side.

    Raises:
        RemoteProblem: E1060 there is nobody, or nobody for us; E1067 the driver is not installed.
    """
    errors, dbapi = _modules(driver)
    try:
        connection = dbapi.connect(url)
    except errors.Error as error:
        raise _unreachable(error, where) from error
    try:
        yield Connection(connection, where)
    finally:
        with suppress(errors.Error):  # it may have been lost
            connection.close()


def check_installed(driver: str) -> None:
    """Raises:
    RemoteProblem: E1067.
    """
    _modules(driver)


def _modules(driver: str) -> tuple[Any, Any]:
    try:
        return import_module("adbc_driver_manager"), import_module(f"{driver}.dbapi")
    except ImportError as error:
        message = f"the package {error.name or driver} is not installed"
        raise RemoteProblem("E1067", message, 'pip install "sqlml[remote]"') from error


@contextmanager
def _told(where: str) -> Iterator[None]:
    errors = import_module("adbc_driver_manager")
    try:
        yield
    except (errors.Error, OSError) as error:
        hint = "nothing of what was read is kept; run again, or go on with `--resume`"
        message = f"{where} could not be read to the end: {_words(error)}"
        raise RemoteProblem("E1063", message, hint) from error


def _unreachable(error: Exception, where: str) -> RemoteProblem:
    said = _words(error)
    hint = "is the server running, and are host and port right?"
    if _LOGIN.search(said):
        hint = "PGPASSWORD, `~/.pgpass` or `SECRET name` gives the password; the address, the user"
    elif "does not exist" in said or "open" in said:
        hint = "look at the end of the address"
    return RemoteProblem("E1060", f"{where} cannot be reached: {said}", hint)


def _words(error: Exception) -> str:
    """What a driver says, without what is for its authors."""
    found = _FATAL.search(str(error))
    said = _SHORT.sub("", found[1] if found else str(error))
    return " ".join(said.split()).rstrip("?") or type(error).__name__
