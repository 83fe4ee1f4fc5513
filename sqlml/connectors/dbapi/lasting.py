"""A connection for who types statement by statement: what one sets up, the next ones find."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sqlml.config import Settings
from sqlml.connectors.dbapi.connection import Connection
from sqlml.connectors.dbapi.cursor import Cursor
from sqlml.connectors.dbapi.errors import Error, ProgrammingError
from sqlml.connectors.dbapi.programs import NAME, parts
from sqlml.connectors.remembered import Kept
from sqlml.databases.client import Client
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import Diagnostic, SqlmlError
from sqlml.grammar.statements import divide
from sqlml.session import Session
from sqlml.source import Source, Span

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Done:
    """A statement that has run. table: its rows; None where it gives none."""

    told: str
    table: "pa.Table | None"


def lasting(session: Session) -> Connection:
    """Settings, temporary tables and transactions last until it is closed; others do not see them.

    session: of which it is a client, and which is to be closed after it.
    """
    database = session.database
    assert isinstance(database, DuckDB)
    own = Session(Client(database), session.store, session.settings)
    return Connection(own, lambda: None, autocommit=True, listener=None, planned=Kept())


def is_program(source: Source, settings: Settings) -> bool:
    """Whether a text trains or applies models and the like; else it is for the database alone.

    One with mistakes in it is: the compiler says where they are.
    """
    try:
        return any(part.kind == "extended" for part in parts(source.text, settings.dialect) or ())
    except SqlmlError:
        return True


def check_committed(connection: Connection) -> None:
    """Raises:
    ProgrammingError: E0880, a transaction is open, in which no program can run.
    """
    if connection.in_transaction:
        message = "a transaction is open: what it has changed is not there for models yet"
        raise ProgrammingError(Diagnostic("E0880", message, hint="COMMIT first, or ROLLBACK"))


def run_each(connection: Connection, source: Source) -> Iterator[Done]:
    """Run the statements of a text for the database alone in turn; Ctrl-C cancels one that runs.

    Raises:
        Error: the database refuses one; those in front of it have run.
        KeyboardInterrupt: one was cancelled.
    """
    for tokens in divide(source, connection.session.settings.dialect):
        cursor = connection.cursor()
        span = Span(source, tokens[0].start, tokens[-1].end)
        table = _interruptible(cursor, span)
        words = " ".join(token.text for token in tokens[:2]).upper()
        counted = f" · {cursor.rowcount:,} rows" if cursor.rowcount >= 0 else ""
        yield Done(words + counted, table)


def _interruptible(cursor: Cursor, span: Span) -> "pa.Table | None":
    with ThreadPoolExecutor(1) as thread:
        doing = thread.submit(partial(_rows, cursor, span.text))
        try:
            return doing.result()
        except KeyboardInterrupt:
            cursor.cancel()
            doing.exception()  # waits until it has ended
            raise
        except Error as error:
            told = _placed(error.diagnostics, span)
            raise type(error)(*told) from error.__cause__


def _rows(cursor: Cursor, text: str) -> "pa.Table | None":
    cursor.execute(text)
    return None if cursor.description is None else cursor.fetch_arrow_table()


def _placed(found: Sequence[Diagnostic], statement: Span) -> Iterator[Diagnostic]:
    """Diagnostics of a statement that was run by itself, with their places in the whole text."""
    for one in found:
        own = one.span
        if own is None or own.source.name != NAME or own.source.text != statement.text:
            yield one
            continue
        start, end = statement.start + own.start, statement.start + own.end
        yield replace(one, span=Span(statement.source, start, end))
