"""Columns as PostgreSQL's binary format has their values, without a loop over rows.

Source: PostgreSQL's `*send` functions; `numeric_send` for the digits of NUMERIC.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sqlml.connectors.postgres import types
from sqlml.connectors.postgres.dimensions import dimensions
from sqlml.connectors.postgres.types import Type

DAYS_TO_2000 = 10_957
MICROSECONDS_TO_2000 = 946_684_800_000_000
_NOTHING = pa.scalar(b"", pa.binary())
_GROUP = 10_000  # NUMERIC has digits to this base
_DIGITS = 4  # of ours in one of those

Bytes = npt.NDArray[np.uint8]


def lengths_of(values: pa.Array) -> npt.NDArray[np.int32]:
    """How many bytes there are in each value; -1 for NULL."""
    if not len(values):
        return np.zeros(0, np.int32)
    lengths = np.diff(places_of(values))
    if values.null_count:
        lengths[values.is_null().to_numpy(zero_copy_only=False)] = -1
    return lengths


def places_of(values: pa.Array) -> npt.NDArray[np.int32]:
    """Where each value begins, and where the last one ends; there is at least one."""
    return np.frombuffer(values.buffers()[1], np.int32, len(values) + 1, values.offset * 4)


def in_front(lengths: npt.NDArray[np.int32]) -> pa.Array:
    """The lengths in the four bytes that stand in front of values."""
    return fixed(lengths.astype(">i4"))


def joined(*parts: pa.Array) -> pa.Array:
    """The parts of each row, one behind the other."""
    return pc.binary_join_element_wise(*parts, _NOTHING)


def binary(column: pa.Array, kind: Type) -> pa.Array:
    """The values of a column in binary format, as an array of bytes."""
    if kind in (types.UHUGEINT, types.BIGNUM):
        numbers = large(column).to_pylist()
        told = [None if n is None else _numeric(Decimal(n), 0) for n in numbers]
        return pa.array(told, pa.binary())
    if kind in types.VECTORS.values():
        column = column.field(0)
    if kind.element is not None:
        encoded = _arrays(column, kind.element)
    else:
        encoded = _ENCODERS[kind.oid](column) if kind.oid in _ENCODERS else _as_bytes(column)
    if column.null_count and not encoded.null_count:
        return pc.if_else(pc.is_null(column), pa.scalar(None, pa.binary()), encoded)
    return encoded


def large(column: pa.Array) -> pa.Array:
    """Whole numbers beyond 38 digits, as text. Arrow holds them as 16 bytes, or DuckDB's own."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_decimal(column.type):
        words = np.frombuffer(column.buffers()[1], "<u8", 2 * len(column), column.offset * 16)
        found = [int(high) << 64 | int(low) for low, high in words.reshape(-1, 2)]
    else:
        found = [_bignum(each) for each in pc.fill_null(column, b"").to_pylist()]
    texts = pa.array(list(map(str, found)), pa.string())
    return pc.if_else(pc.is_null(column), pa.scalar(None, pa.string()), texts)


def _bignum(raw: bytes) -> int:
    """Three bytes of header, whose first bit is the sign, and the digits; flipped if negative."""
    is_negative = bool(raw) and not raw[0] & 0x80
    digits = bytes(255 - byte for byte in raw[3:]) if is_negative else raw[3:]
    return -int.from_bytes(digits, "big") if is_negative else int.from_bytes(digits, "big")


def fixed(values: npt.NDArray[np.generic]) -> pa.Array:
    """Numbers in their own byte order as bytes. Shape of values: (rows,) or (rows, parts)."""
    places = np.arange(len(values) + 1, dtype=np.int32) * values[:1].nbytes
    parts = [None, pa.py_buffer(places), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.binary(), len(values), parts)


def _numbers(kind: str, arrow: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    def encode(column: pa.Array) -> pa.Array:
        filled = pc.fill_null(column.cast(arrow), pa.scalar(0, arrow))
        return fixed(filled.to_numpy(zero_copy_only=False).astype(kind))

    return encode


def _booleans(column: pa.Array) -> pa.Array:
    return fixed(pc.fill_null(column, False).to_numpy(zero_copy_only=False).astype(np.uint8))


def _as_bytes(column: pa.Array) -> pa.Array:
    return column.cast(pa.binary())


def _dates(column: pa.Array) -> pa.Array:
    days = pc.fill_null(column.cast(pa.date32()).cast(pa.int32()), 0)
    return fixed(_since_2000(days.to_numpy(zero_copy_only=False), DAYS_TO_2000).astype(">i4"))


def _since_2000(numbers: npt.NDArray[Any], offset: int) -> npt.NDArray[Any]:
    """Times since 1970 as PostgreSQL counts them; those at the ends stand for infinity."""
    most = np.iinfo(numbers.dtype)
    ends = [numbers == most.max, numbers == -most.max]
    return np.select(ends, [most.max, most.min], numbers - offset)


def _timestamps(column: pa.Array) -> pa.Array:
    zone = column.type.tz
    moments = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
    filled = pc.fill_null(moments, 0).to_numpy(zero_copy_only=False)
    return fixed(_since_2000(filled, MICROSECONDS_TO_2000).astype(">i8"))


def _times(column: pa.Array) -> pa.Array:
    moments = pc.fill_null(column.cast(pa.time64("us"), safe=False).cast(pa.int64()), 0)
    return fixed(moments.to_numpy(zero_copy_only=False).astype(">i8"))


def _intervals(column: pa.Array) -> pa.Array:
    layout = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanoseconds", "<i8")])
    _, data = column.buffers()
    found = np.frombuffer(data, layout, len(column), column.offset * layout.itemsize)
    told = np.empty(len(column), [("us", ">i8"), ("days", ">i4"), ("months", ">i4")])
    told["us"], told["days"] = found["nanoseconds"] // 1000, found["days"]
    told["months"] = found["months"]
    return fixed(told)


def _numerics(column: pa.Array) -> pa.Array:
    """NUMERIC: how many digits to the base 10,000, the first one's weight, sign, scale, digits."""
    scale = column.type.scale if pa.types.is_decimal(column.type) else 0
    if not pa.types.is_decimal(column.type):
        column = column.cast(pa.decimal128(38, 0))
    filled = pc.fill_null(column.cast(pa.decimal128(38, scale)), pa.scalar(0, pa.int64()))
    words = np.frombuffer(filled.buffers()[1], "<i8", 2 * len(filled), filled.offset * 16)
    low, high = words[::2], words[1::2]
    if len(low) and ((high != low >> 63).any() or (low == np.iinfo(np.int64).min).any()):
        return pa.array([_numeric(value, scale) for value in filled.to_pylist()], pa.binary())
    return _small_numerics(low, scale)


def _small_numerics(values: npt.NDArray[np.int64], scale: int) -> pa.Array:
    """Those that fit in eight bytes, without their decimal point."""
    size = np.abs(values)
    whole, fraction = (size, size) if scale > 18 else np.divmod(size, 10**scale)
    if scale > 18:
        whole = np.zeros_like(size)
    before = [whole // _GROUP**power % _GROUP for power in range(4, -1, -1)]
    after = []
    for done in range(0, scale, _DIGITS):
        left = scale - done - _DIGITS  # digits behind this group
        group = fraction // 10**left if 0 <= left <= 18 else fraction * 10 ** max(0, -left)
        after.append(group % _GROUP if left <= 18 else np.zeros_like(size))
    groups = np.stack([*before, *after], axis=1) if len(size) else np.empty((0, 5), np.int64)
    used = groups != 0
    first = np.where(used.any(axis=1), used.argmax(axis=1), groups.shape[1])
    last = groups.shape[1] - np.where(used.any(axis=1), used[:, ::-1].argmax(axis=1), 0)
    places = np.arange(groups.shape[1])
    kept = (places >= first[:, None]) & (places < last[:, None])
    count = kept.sum(axis=1)
    head = np.stack(
        [count, np.where(count, 4 - first, 0), np.where(values < 0, 0x4000, 0), count * 0 + scale],
        1,
    )
    digits = groups[kept].astype(">i2")
    offsets = np.concatenate([[0], np.cumsum(2 * count)]).astype(np.int32)
    data = [None, pa.py_buffer(offsets), pa.py_buffer(digits)]
    return joined(fixed(head.astype(">i2")), pa.Array.from_buffers(pa.binary(), len(size), data))


def _numeric(value: object, scale: int) -> bytes:
    """One that is larger."""
    sign, digits, _ = value.as_tuple()  # type: ignore[attr-defined]
    text = "".join(map(str, digits)).rjust(scale + 1, "0")
    whole, fraction = (text[:-scale], text[-scale:]) if scale else (text, "")
    whole = whole.rjust(-(-len(whole) // _DIGITS) * _DIGITS, "0")
    fraction = fraction.ljust(-(-len(fraction) // _DIGITS) * _DIGITS, "0")
    together = whole + fraction
    groups = [int(together[i : i + _DIGITS]) for i in range(0, len(together), _DIGITS)]
    weight = len(whole) // _DIGITS - 1
    while groups and groups[0] == 0:
        groups, weight = groups[1:], weight - 1
    head = np.array([len(groups), weight if groups else 0, 0x4000 if sign else 0, scale], ">i2")
    return head.tobytes() + np.array(groups, ">i2").tobytes()


def _uuids(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        return column.storage.cast(pa.binary())
    plain = pc.replace_substring(column.cast(pa.string()), "-", "")
    digits = pc.fill_null(plain, "0" * 32)
    raw = bytes.fromhex("".join(digits.to_pylist()))
    data = pa.py_buffer(raw)
    return pa.Array.from_buffers(pa.binary(16), len(column), [None, data]).cast(pa.binary())


def _zoned_times(column: pa.Array) -> pa.Array:
    """TIME WITH TIME ZONE, from text: microseconds, and seconds west of Greenwich."""

    def encoded(text: str) -> bytes:
        told = time.fromisoformat(text + ":00" if text[-3] in "+-" else text)
        since = timedelta(hours=told.hour, minutes=told.minute, seconds=told.second)
        east = told.utcoffset() or timedelta()
        micros = since // timedelta(microseconds=1) + told.microsecond
        return struct.pack("!qi", micros, -(east // timedelta(seconds=1)))

    return _each(column, encoded)


def _bits(column: pa.Array) -> pa.Array:
    """BIT, from text of 0 and 1: how many, and they, filled up with 0."""

    def encoded(text: str) -> bytes:
        size = -(-len(text) // 8)
        return struct.pack("!i", len(text)) + int(text.ljust(8 * size, "0"), 2).to_bytes(
            size, "big"
        )

    return _each(column, encoded)


def _each(column: pa.Array, encoded: Callable[[str], bytes]) -> pa.Array:
    """For types that are seldom seen: value by value."""
    told = [None if value is None else encoded(value) for value in column.to_pylist()]
    return pa.array(told, pa.binary())


def _arrays(column: pa.Array, element: Type) -> pa.Array:
    """The head, the size of each dimension, and the elements with their lengths."""
    sizes, flat = dimensions(column)
    lengths = np.prod(sizes, axis=0)
    values = binary(flat, element)
    cells = joined(in_front(lengths_of(values)), pc.fill_null(values, b""))
    ends = np.concatenate([[0], np.cumsum(lengths)])
    places = np.frombuffer(cells.buffers()[1], np.int32, len(cells) + 1, cells.offset * 4)
    own = [None, pa.py_buffer(places[ends].astype(np.int32)), cells.buffers()[2]]
    elements = pa.Array.from_buffers(pa.binary(), len(column), own)
    several, has_null = lengths > 0, int(flat.null_count > 0)
    head = [several * len(sizes), several * has_null, several * 0 + element.oid]
    bounds = [part for size in sizes for part in (size, size * 0 + 1)]
    told = pc.if_else(pa.array(several), fixed(np.stack(bounds, 1).astype(">i4")), _NOTHING)
    return joined(fixed(np.stack(head, 1).astype(">i4")), told, elements)


_ENCODERS: Mapping[int, Callable[[pa.Array], pa.Array]] = {
    types.BOOL.oid: _booleans,
    types.INT2.oid: _numbers(">i2", pa.int16()),
    types.INT4.oid: _numbers(">i4", pa.int32()),
    types.INT8.oid: _numbers(">i8", pa.int64()),
    types.OID.oid: _numbers(">u4", pa.uint32()),
    types.FLOAT4.oid: _numbers(">f4", pa.float32()),
    types.FLOAT8.oid: _numbers(">f8", pa.float64()),
    types.DATE.oid: _dates,
    types.TIME.oid: _times,
    types.TIMESTAMP.oid: _timestamps,
    types.TIMESTAMPTZ.oid: _timestamps,
    types.INTERVAL.oid: _intervals,
    types.NUMERIC.oid: _numerics,
    types.TIMETZ.oid: _zoned_times,
    types.BIT.oid: _bits,
    types.UUID.oid: _uuids,
}
