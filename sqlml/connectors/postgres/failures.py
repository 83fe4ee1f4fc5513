"""Errors as PostgreSQL's clients expect them: a severity, an SQLSTATE, a place, a hint."""

import re
from collections.abc import Mapping

import duckdb

from sqlml.connectors.dbapi import errors
from sqlml.databases.database import QueryProblem
from sqlml.databases.problems import translate
from sqlml.errors import Diagnostic, ProgramError, SqlmlError
from sqlml.source import Span

SYNTAX = "42601"
NO_TRANSACTION = "25P01"
IN_FAILED_TRANSACTION = "25P02"
ACTIVE_TRANSACTION = "25001"
READ_ONLY = "25006"
CANCELED = "57014"
UNSUPPORTED = "0A000"
PROTOCOL = "08P01"
INTERNAL = "XX000"
NO_PRIVILEGE = "42501"
NO_STATEMENT = "26000"
NO_CURSOR = "34000"
BAD_PASSWORD = "28P01"
NOT_ENCRYPTED = "28000"
TOO_MANY = "53300"
TOO_COMPLEX = "54000"
_WRONG_VALUE = "22000"

# The first that fits what the cause is, or says.
_BY_CAUSE: tuple[tuple[type[BaseException], str], ...] = (
    (duckdb.InterruptException, CANCELED),
    (duckdb.DependencyException, "2BP01"),
    (duckdb.ConversionException, "22P02"),
    (duckdb.OutOfRangeException, "22003"),
    (duckdb.ParserException, SYNTAX),
    (duckdb.TransactionException, "40001"),
    (duckdb.OutOfMemoryException, "53200"),
    (duckdb.NotImplementedException, UNSUPPORTED),
    (duckdb.PermissionException, NO_PRIVILEGE),
)
_BY_KIND = {
    "table": "42P01", "column": "42703", "function": "42883", "schema": "3F000", "file": "58P01",
    "exists": "42P07", "syntax": SYNTAX, "type": "42704",
}  # fmt: skip
_HEALED = "RevalidateCachedQuery"  # the name by which drivers know it
_IS_READ_ONLY = "launched in read-only mode"
_IS_NEEDED = "is main key table of"  # a table that others refer to
_DUCKDB = '{"exception_type"'
_CONSTRAINTS = (
    (re.compile(r"duplicate key|primary key|unique", re.I), "23505"),
    (re.compile(r"foreign key", re.I), "23503"),
    (re.compile(r"not null", re.I), "23502"),
    (re.compile(r"check", re.I), "23514"),
)
_BY_CODE = {
    "E0508": "42704",
    "E0601": "55P03",
    "E0607": "53200",
    "E0608": CANCELED,
    "E0620": "53200",
    "E0880": ACTIVE_TRANSACTION,
}


class Refused(SqlmlError):  # noqa: N818 - as PostgreSQL puts it
    """What the server itself refuses. state: an SQLSTATE. is_fatal: the client has to go."""

    def __init__(
        self,
        state: str,
        message: str,
        *,
        hint: str = "",
        code: str = "E0900",
        is_fatal: bool = False,
    ) -> None:
        super().__init__(Diagnostic(code, message, hint=hint))
        self.state = state
        self.is_fatal = is_fatal


class Outdated(Refused):
    """What was prepared is not so any more: drivers that know this error prepare it again."""


def fields(error: BaseException, said: str = "") -> Mapping[str, str]:
    """The fields of the message that tells a client of an error. said: what the client has sent."""
    if not isinstance(error, SqlmlError) and _DUCKDB in str(error):
        return fields(_translated(error), said)
    told = {"S": "ERROR", "V": "ERROR", "C": state(error), "M": str(error) or repr(error)}
    if isinstance(error, SqlmlError) and error.diagnostics:
        first, *others = error.diagnostics
        told["M"] = first.message
        details = [d.message for d in others]
        if first.label:
            details.insert(0, first.label)
        if details:
            told["D"] = "\n".join(details)
        if first.hint:
            told["H"] = first.hint
        place = None if first.span is None else _place(first.span, said)
        if place is not None:
            told["P"] = str(place + 1)
        told["R"] = _HEALED if isinstance(error, Outdated) else first.code
    if isinstance(error, Refused) and error.is_fatal:
        told["S"] = told["V"] = "FATAL"
    return told


def _place(span: Span, said: str) -> int | None:
    """Where it is in what a client has sent; None where that is not known.

    The statement may be one of several, or written otherwise by now: its words are the client's.
    """
    begin = said.find(span.source.text)
    if begin >= 0:
        return begin + span.start
    return said.find(span.text) if span.text and said.count(span.text) == 1 else None


def _translated(error: BaseException) -> Exception:
    """An error that DuckDB tells while rows are read."""
    told = translate(error, "")
    told.__cause__ = error
    return told


def state(error: BaseException) -> str:
    """The SQLSTATE of an error."""
    for cause in _causes(error):
        if isinstance(cause, Refused):
            return cause.state
        if isinstance(cause, duckdb.Error) and _IS_READ_ONLY in str(cause):
            return READ_ONLY
        if isinstance(cause, duckdb.Error) and _IS_NEEDED in str(cause):
            return "2BP01"
        if isinstance(cause, QueryProblem) and cause.kind in _BY_KIND:
            return _BY_KIND[cause.kind]
        for kind, code in _BY_CAUSE:
            if isinstance(cause, kind):
                return code
        if isinstance(cause, duckdb.IntegrityError):
            return next((code for p, code in _CONSTRAINTS if p.search(str(cause))), "23000")
    return _by_code(error)


def _by_code(error: BaseException) -> str:
    code = error.diagnostics[0].code if isinstance(error, SqlmlError) and error.diagnostics else ""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if isinstance(error, errors.NotSupportedError):
        return UNSUPPORTED
    if isinstance(error, errors.DataError):
        return _WRONG_VALUE
    if code.startswith("E01"):
        return SYNTAX
    if isinstance(error, errors.ProgrammingError | ProgramError):
        return "42000"
    return "58000" if isinstance(error, SqlmlError) else INTERNAL


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__
    return found
