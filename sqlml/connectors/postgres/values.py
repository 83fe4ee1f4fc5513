"""Values that clients give with a statement, as Python's."""

import re
import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from functools import lru_cache
from math import prod
from typing import Any

import duckdb

from sqlml.connectors.postgres import types
from sqlml.connectors.postgres.arrays import depth, mapped, parsed
from sqlml.connectors.postgres.failures import Refused
from sqlml.connectors.postgres.parameters import substituted
from sqlml.quoting import literal

_2000 = datetime(2000, 1, 1)
_ENDS = {
    size: {2 ** (8 * size - 1) - 1: "infinity", -(2 ** (8 * size - 1)): "-infinity"}
    for size in (4, 8)
}
_WRONG = "22P02"
_DATE_ZONE = re.compile(rb" ?[+]\d\d(?::\d\d)?$| -\d\d(?::\d\d)?$")  # as pgjdbc has it
_ALL_DIGITS = Context(prec=200_000)  # more than PostgreSQL's NUMERIC can have
_NUMBERS = [types.INT2.oid, types.INT4.oid, types.INT8.oid, types.FLOAT4.oid]
_TYPED = frozenset({*types.BY_OID, *types.ARRAYS.values()}) - {
    types.NUMERIC.oid, types.TEXT.oid, types.VARCHAR.oid,
}  # fmt: skip
"""Of these a text, or NULL, is told the type."""
_NARROW = frozenset([*_NUMBERS, *(types.ARRAYS[oid] for oid in _NUMBERS)])


def values(
    oids: Sequence[int], formats: Sequence[int], raw: Sequence[bytes | None]
) -> Sequence[object]:
    """The values of a statement's parameters; formats: 0 text, 1 binary.

    Raises:
        Refused: E0901 a value is not what its type says.
    """
    told = zip(oids, formats, raw, strict=True)
    return [_value(i, *each) for i, each in enumerate(told, start=1)]


def exact(oids: Sequence[int], given: Sequence[object]) -> list[object]:
    """The values for DuckDB, which takes a number of Python's for an INTEGER or a BIGINT."""
    return [
        duckdb.Value(value, _duckdb_type(oid, _further(value))) if _is_vague(oid, value) else value
        for oid, value in zip(oids, given, strict=True)
    ]


def _is_vague(oid: int, value: object) -> bool:
    """Whether a value alone does not tell its type."""
    if isinstance(value, list):
        return oid in _NARROW or all(each is None for each in value)
    return value is not None and (oid in _NARROW or (isinstance(value, str) and oid in _TYPED))


def _further(value: object) -> int:
    """Dimensions beyond the first, which PostgreSQL's name of a type does not tell."""
    return depth(value) - 1 if isinstance(value, list) else 0


@lru_cache
def _duckdb_type(oid: int, further: int) -> Any:
    return duckdb.sqltype(f"{types.duckdb_name(oid)}{'[]' * further}")


def with_written(
    sql: str, oids: Sequence[int], given: Sequence[object]
) -> tuple[str, Sequence[int], Sequence[object]]:
    """Values of an unknown type stand in the text, where DuckDB finds what they are; NULL, too."""
    kept = [i for i, oid in enumerate(oids) if not _is_written(oid, given[i])]
    if len(kept) == len(oids):
        return sql, oids, given

    def written(number: int) -> str:
        oid, value = oids[number - 1], given[number - 1]
        if not _is_written(oid, value):
            return f"${kept.index(number - 1) + 1}"
        if value is not None:
            return literal(str(value))
        return f"CAST(NULL AS {types.duckdb_name(oid)})" if oid != types.UNKNOWN.oid else "NULL"

    return substituted(sql, written), [oids[i] for i in kept], [given[i] for i in kept]


def _is_written(oid: int, value: object) -> bool:
    return oid == types.UNKNOWN.oid or (value is None and oid in _TYPED)


def _value(number: int, oid: int, chosen: int, raw: bytes | None) -> object:
    if raw is None:
        return None
    read = (_BINARY if chosen else _TEXT).get(oid)
    try:
        if read is not None:
            return read(raw)
        if chosen and oid not in _TEXT_IN_BINARY:
            message = f"parameter ${number} comes in a binary format that is not known here"
            raise Refused("0A000", message, hint="send it as text, with a cast", code="E0901")
        return raw.decode()
    except (ValueError, ArithmeticError, struct.error) as error:
        kind = types.BY_OID[oid].name if oid in types.BY_OID else f"type {oid}"
        message = f"parameter ${number} is no value of {kind}"
        raise Refused(_WRONG, message, code="E0901") from error


def _boolean(raw: bytes) -> bool:
    text = raw.decode().strip().lower()
    if text in ("t", "true", "y", "yes", "on", "1"):
        return True
    if text in ("f", "false", "n", "no", "off", "0"):
        return False
    raise ValueError(text)


def _moment(raw: bytes) -> object:
    return _or_text(raw, lambda text: datetime.fromisoformat(_with_minutes(text)))


def _with_minutes(text: str) -> str:
    """A zone as `+00` is one for PostgreSQL."""
    return text + ":00" if len(text) > 3 and text[-3] in "+-" else text


def _or_text(raw: bytes, read: Callable[[str], object]) -> object:
    """What Python cannot hold, as `infinity`, stays text, which the database converts."""
    text = raw.decode()
    try:
        return read(text)
    except ValueError:
        return text


def _bytes(raw: bytes) -> bytes:
    if raw.startswith(b"\\x"):
        return bytes.fromhex(raw[2:].decode())
    return raw.decode("unicode_escape").encode("latin-1")


def _number(layout: str) -> Callable[[bytes], object]:
    def read(raw: bytes) -> object:
        (value,) = struct.unpack(layout, raw)
        return value

    return read


def _numeric(raw: bytes) -> Decimal:
    count, weight, sign, scale = struct.unpack_from("!hhHh", raw)
    if sign == 0xC000:
        return Decimal("NaN")
    total = 0
    for group in struct.unpack_from(f"!{count}h", raw, 8):
        total = total * 10_000 + group
    value = Decimal(total).scaleb(4 * (weight + 1 - count), _ALL_DIGITS)
    last = Decimal(1).scaleb(-scale)
    value = value.quantize(last, context=_ALL_DIGITS) if count else Decimal(0)
    return value.copy_negate() if sign else value


def _interval(raw: bytes) -> object:
    microseconds, days, months = struct.unpack("!qii", raw)
    return f"{months} months {days} days {microseconds} microseconds"


def _date(raw: bytes) -> object:
    (days,) = struct.unpack("!i", raw)
    if days in _ENDS[4]:
        return _ENDS[4][days]
    return (_2000 + timedelta(days=days)).date()


def _time(raw: bytes) -> time:
    (microseconds,) = struct.unpack("!q", raw)
    return (_2000 + timedelta(microseconds=microseconds)).time()


def _timestamp(raw: bytes) -> object:
    (microseconds,) = struct.unpack("!q", raw)
    return _ENDS[8].get(microseconds) or _2000 + timedelta(microseconds=microseconds)


def _timestamptz(raw: bytes) -> object:
    found = _timestamp(raw)
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) else found


def _array(raw: bytes) -> list[object]:
    dimensions, _, oid = struct.unpack_from("!iii", raw)
    counts = [struct.unpack_from("!i", raw, 12 + 8 * i)[0] for i in range(dimensions)]
    found: list[object] = []
    at = 12 + 8 * dimensions
    for _ in range(prod(counts) if counts else 0):
        (length,) = struct.unpack_from("!i", raw, at)
        at += 4
        own = None if length < 0 else raw[at : at + length]
        found.append(_value(0, oid, 1, own))
        at += max(length, 0)
    for count in reversed(counts[1:]):
        found = [found[i : i + count] for i in range(0, len(found), count)]
    return found


def _text_array(element: int) -> Callable[[bytes], object]:
    def read(raw: bytes) -> object:
        return mapped(parsed(raw.decode()), lambda text: _value(0, element, 0, text.encode()))

    return read


_TEXT: Mapping[int, Callable[[bytes], object]] = {
    types.BOOL.oid: _boolean,
    types.BYTEA.oid: _bytes,
    types.INT2.oid: int,
    types.INT4.oid: int,
    types.INT8.oid: int,
    types.OID.oid: int,
    types.FLOAT4.oid: float,
    types.FLOAT8.oid: float,
    types.NUMERIC.oid: lambda raw: Decimal(raw.decode()),
    types.DATE.oid: lambda raw: _or_text(_DATE_ZONE.sub(b"", raw), date.fromisoformat),
    types.TIME.oid: lambda raw: _or_text(raw, time.fromisoformat),
    types.TIMESTAMP.oid: _moment,
    types.TIMESTAMPTZ.oid: _moment,
    types.UUID.oid: lambda raw: uuid.UUID(raw.decode()),
}
_TEXT = {**_TEXT, **{array: _text_array(element) for element, array in types.ARRAYS.items()}}
_TEXT_IN_BINARY = frozenset(
    {0, types.TEXT.oid, types.VARCHAR.oid, types.JSON.oid, 18, 19, 705, 1042}
)
_BINARY: Mapping[int, Callable[[bytes], object]] = {
    types.BOOL.oid: lambda raw: raw != b"\0",
    types.BYTEA.oid: bytes,
    types.INT2.oid: _number("!h"),
    types.INT4.oid: _number("!i"),
    types.INT8.oid: _number("!q"),
    types.OID.oid: _number("!I"),
    types.FLOAT4.oid: _number("!f"),
    types.FLOAT8.oid: _number("!d"),
    types.NUMERIC.oid: _numeric,
    types.DATE.oid: _date,
    types.TIME.oid: _time,
    types.TIMESTAMP.oid: _timestamp,
    types.TIMESTAMPTZ.oid: _timestamptz,
    types.INTERVAL.oid: _interval,
    types.UUID.oid: lambda raw: uuid.UUID(bytes=raw),
    types.JSONB.oid: lambda raw: raw[1:].decode(),
    **dict.fromkeys(types.ARRAYS.values(), _array),
}
