"""Rows that COPY brings in binary.

Source: PostgreSQL's documentation of COPY, "Binary Format", and its `*recv` functions.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sqlml.connectors.postgres import types
from sqlml.connectors.postgres.cells import DAYS_TO_2000, MICROSECONDS_TO_2000
from sqlml.connectors.postgres.failures import Refused
from sqlml.connectors.postgres.messages import BINARY_BEGIN
from sqlml.connectors.postgres.types import Type, type_of
from sqlml.connectors.postgres.values import values as values_of

_SIGNATURE = BINARY_BEGIN[:11]
_LISTS = re.compile(r"(?:\[\d*\])*$")
_BLOCK = 1 << 20  # bytes that are read at a time
_WRONG_FILE, _WRONG_VALUE = "22P04", "22P03"

Numbers = npt.NDArray[Any]


def reader(file: IO[bytes], columns: Sequence[str]) -> pa.RecordBatchReader:
    """What a client has sent, in Arrow that DuckDB can cast. columns: DuckDB's types of them.

    Raises, while it is read:
        Refused: it is not in this format, or not of these types.
    """
    none = [_array(kind, []) for kind in columns]
    schema = pa.schema([(f"c{i}", array.type) for i, array in enumerate(none)])
    arrays = (
        [_array(kind, [row[i] for row in found]) for i, kind in enumerate(columns)]
        for found in _rows(file, len(columns))
    )
    batches = (pa.RecordBatch.from_arrays(each, schema=schema) for each in arrays)
    return pa.RecordBatchReader.from_batches(schema, batches)


def _rows(file: IO[bytes], columns: int) -> Iterator[list[list[bytes | None]]]:
    file.seek(0)
    head = file.read(len(BINARY_BEGIN))
    if head[:11] != _SIGNATURE or len(head) < len(BINARY_BEGIN):
        raise Refused(_WRONG_FILE, "COPY file signature not recognized")
    file.seek(int.from_bytes(head[15:19], "big"), 1)  # behind what extends the head
    left, is_over = b"", False
    while not is_over:
        block = file.read(max(_BLOCK, len(left)))
        found, left, is_over = _divided(left + block, columns)
        if found:
            yield found
        if not block and not is_over:
            if left:
                raise Refused(_WRONG_FILE, "unexpected end of COPY data")
            return


def _divided(content: bytes, columns: int) -> tuple[list[list[bytes | None]], bytes, bool]:
    """Whole rows, what is left behind them, and whether the last one has come.

    Only a value itself says where the next one begins: they are gone through one by one.
    """
    found, at, begin = list[list[bytes | None]](), 0, 0
    try:
        while True:
            begin = at
            (count,) = struct.unpack_from("!h", content, at)
            if count == -1:
                return found, b"", True
            if count != columns:
                raise Refused(_WRONG_FILE, f"a row has {count} values, {columns} are expected")
            at += 2
            row = list[bytes | None]()
            for _ in range(columns):
                (length,) = struct.unpack_from("!i", content, at)
                at += 4 + max(length, 0)
                row.append(None if length == -1 else content[at - length : at])
                if length < -1:
                    raise Refused(_WRONG_FILE, f"a value has {length} bytes")
            if at > len(content):
                break
            found.append(row)
    except struct.error:
        pass
    return found, content[begin:], False


def _array(name: str, raw: Sequence[bytes | None]) -> pa.Array:
    """One column: as what it is, or as texts, or lists of those. name: DuckDB's of its type."""
    kind = type_of(name)
    try:
        if kind.oid in _FIXED:
            return _fixed(kind, raw)
        if kind == types.BYTEA:
            return pa.array(raw, pa.binary())
        if kind in (types.TEXT, types.VARCHAR, types.JSON, types.CHAR):
            return pa.array(raw, pa.binary()).cast(pa.string())
        read = values_of([kind.oid] * len(raw), [1] * len(raw), raw)
        arrow = pa.binary() if kind.element == types.BYTEA else pa.string()
        for _ in range(_LISTS.search(name)[0].count("[")):  # type: ignore[index]
            arrow = pa.list_(arrow)
        return pa.array(map(_text, read), arrow)
    except pa.ArrowException as error:
        raise Refused(_WRONG_VALUE, f"COPY: {error}") from error


def _fixed(kind: Type, raw: Sequence[bytes | None]) -> pa.Array:
    """Values that all have as many bytes."""
    layout, arrow, convert = _FIXED[kind.oid]
    empty = bytes(np.dtype(layout).itemsize)
    if any(value is not None and len(value) != len(empty) for value in raw):
        raise Refused(_WRONG_VALUE, f"COPY: a value is no {kind.name}: it has another length")
    joined = b"".join(empty if value is None else value for value in raw)
    found = convert(np.frombuffer(joined, layout).astype(np.dtype(layout).newbyteorder("=")))
    missing = np.array([value is None for value in raw], bool)
    return pa.array(found, mask=missing).cast(arrow)


def _text(value: object) -> object:
    match value:
        case None | bytes():
            return value
        case list():
            return [_text(each) for each in value]
        case Decimal():
            return f"{value:f}"
        case timedelta():
            microseconds = value.seconds * 10**6 + value.microseconds
            return f"{value.days} days {microseconds} microseconds"
        case _:
            return str(value)


def _as_is(numbers: Numbers) -> Numbers:
    return numbers


def _since_1970(offset: int) -> Callable[[Numbers], Numbers]:
    """Times, of which the greatest and the smallest stand for infinity."""

    def convert(numbers: Numbers) -> Numbers:
        most = np.iinfo(numbers.dtype)
        ends = [numbers == most.min, numbers > most.max - offset]
        return np.select(ends, [-most.max, most.max], numbers + offset).astype(numbers.dtype)

    return convert


_FIXED: Mapping[int, tuple[str, pa.DataType, Callable[[Numbers], Numbers]]] = {
    types.BOOL.oid: ("u1", pa.bool_(), lambda numbers: numbers != 0),
    types.INT2.oid: (">i2", pa.int16(), _as_is),
    types.INT4.oid: (">i4", pa.int32(), _as_is),
    types.INT8.oid: (">i8", pa.int64(), _as_is),
    types.OID.oid: (">u4", pa.uint32(), _as_is),
    types.FLOAT4.oid: (">f4", pa.float32(), _as_is),
    types.FLOAT8.oid: (">f8", pa.float64(), _as_is),
    types.DATE.oid: (">i4", pa.date32(), _since_1970(DAYS_TO_2000)),
    types.TIME.oid: (">i8", pa.time64("us"), _as_is),
    types.TIMESTAMP.oid: (">i8", pa.timestamp("us"), _since_1970(MICROSECONDS_TO_2000)),
    types.TIMESTAMPTZ.oid: (
        ">i8", pa.timestamp("us", "UTC"), _since_1970(MICROSECONDS_TO_2000)
    ),
}  # fmt: skip
