"""The exceptions of PEP 249; each holds diagnostics, and its text shows their place and hint."""

import duckdb

from sqlml.databases.database import QueryProblem
from sqlml.errors import Diagnostic, ProgramError, SqlmlError


class Warning(Exception):  # noqa: N818 - so called by PEP 249
    """Never raised: what should be known is told to the connection's listener."""


class Error(SqlmlError):
    """All that the database interface raises."""


class InterfaceError(Error):
    """The interface is not used as it should be: a cursor is closed, there are no rows to fetch."""


class DatabaseError(Error):
    """The database refuses what it is asked for."""


class DataError(DatabaseError):
    """A value is wrong: it cannot be converted, or is out of range."""


class OperationalError(DatabaseError):
    """A statement could not be carried out: disk, memory, an interrupt, a step that failed."""


class IntegrityError(DatabaseError):
    """A key, a check or another constraint is violated."""


class InternalError(DatabaseError):
    """The database has met an error of its own."""


class ProgrammingError(DatabaseError):
    """The statement, or what is given with it, is wrong."""


class NotSupportedError(DatabaseError):
    """Something that the database cannot do."""


_KINDS: tuple[tuple[type[duckdb.Error], type[DatabaseError]], ...] = (
    (duckdb.IntegrityError, IntegrityError),
    (duckdb.DataError, DataError),
    (duckdb.NotSupportedError, NotSupportedError),
    (duckdb.InternalError, InternalError),
    (duckdb.OperationalError, OperationalError),
)


def raised(error: SqlmlError | QueryProblem, *diagnostics: Diagnostic) -> Error:
    """What to raise for an error of the compiler, of a run or of the database.

    diagnostics: what is told instead of its own.
    """
    cause = error.__cause__
    told = diagnostics or (error.diagnostics if isinstance(error, SqlmlError) else ())
    for kind, wanted in _KINDS:
        if isinstance(cause, kind):
            return wanted(*told)
    wrong = isinstance(error, QueryProblem | ProgramError)
    return (ProgrammingError if wrong else OperationalError)(*told)
