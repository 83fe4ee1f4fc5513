"""A connection for who types statement by statement: what one sets up, the next ones find."""

from sqlml.config import Settings
from sqlml.connectors.dbapi.connection import Connection
from sqlml.connectors.dbapi.errors import ProgrammingError
from sqlml.connectors.dbapi.programs import parts
from sqlml.databases.client import Client
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import Diagnostic
from sqlml.session import Session


def lasting(session: Session) -> Connection:
    """Settings, temporary tables and transactions last until it is closed; others do not see them.

    session: of which it is a client, and which is to be closed after it.
    """
    database = session.database
    assert isinstance(database, DuckDB)
    own = Session(Client(database), session.store, session.settings)
    return Connection(own, lambda: None, autocommit=True, listener=None)


def is_program(text: str, settings: Settings) -> bool:
    """Whether a text trains or applies models and the like; else it is for the database alone.

    Raises:
        ProgramError: it cannot be read.
    """
    return any(part.kind == "extended" for part in parts(text, settings.dialect) or ())


def check_committed(connection: Connection) -> None:
    """Raises:
    ProgrammingError: E0880, a transaction is open, in which no program can run.
    """
    if connection.in_transaction:
        message = "a transaction is open: what it has changed is not there for models yet"
        raise ProgrammingError(Diagnostic("E0880", message, hint="COMMIT first, or ROLLBACK"))
