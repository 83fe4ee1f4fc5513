"""The type objects and constructors of PEP 249."""

import datetime
import re
import time
from collections.abc import Callable

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes

_PARAMETERS = re.compile(r"\s*\(.*")
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802 - so called by PEP 249
    """The local date, so many seconds after the beginning of 1970."""
    return Date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802
    """The local time of day, so many seconds after the beginning of 1970."""
    return Time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802
    """The local date and time, so many seconds after the beginning of 1970."""
    return Timestamp(*time.localtime(ticks)[:6])


class TypeObject:
    """Equal to the type code of every column that holds such values.

    A type code is the database's own name of the type: `DECIMAL(9,2)`, `VARCHAR`, `INTEGER[]`.
    """

    def __init__(self, name: str, holds: Callable[[str], bool]) -> None:
        self._name = name
        self._holds = holds

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self._holds(other)
        return self is other

    __hash__ = None  # type: ignore[assignment]  # what is equal to it has many hashes

    def __repr__(self) -> str:
        return self._name


def _among(*names: str) -> Callable[[str], bool]:
    known = frozenset(names)

    def holds(code: str) -> bool:
        return not code.endswith("]") and _PARAMETERS.sub("", code) in known

    return holds


STRING = TypeObject("STRING", _among("VARCHAR", "ENUM", "JSON", "UUID", "BIT"))
BINARY = TypeObject("BINARY", _among("BLOB"))
NUMBER = TypeObject(
    "NUMBER",
    _among(
        "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
        "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM",
    ),
)  # fmt: skip
DATETIME = TypeObject(
    "DATETIME",
    _among(
        "DATE", "TIME", "TIME_NS", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS",
        "TIMESTAMP WITH TIME ZONE", "TIME WITH TIME ZONE", "INTERVAL",
    ),
)  # fmt: skip
ROWID = TypeObject("ROWID", _among("ROWID"))

ColumnDescription = tuple[str, str, None, None, int | None, int | None, None]


def described(name: str, code: str) -> ColumnDescription:
    """A column as `Cursor.description` tells of it."""
    decimal = _DECIMAL.fullmatch(code)
    precision, scale = (int(decimal[1]), int(decimal[2])) if decimal else (None, None)
    return (name, code, None, None, precision, scale, None)
