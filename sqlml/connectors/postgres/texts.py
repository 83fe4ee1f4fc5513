"""Columns as PostgreSQL writes their values: by Arrow where it writes the same, else by DuckDB."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sqlml.connectors.postgres.types import VECTORS, Type
from sqlml.quoting import identifier, literal

_OTHERWISE = (b"e", b"n", b"0.0000")  # in numbers with an exponent, or that get one, nan and inf
_BARE = frozenset({
    "bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "uhugeint", "bignum",
    "uuid", "date", "time", "timetz",
})  # fmt: skip
"""Types of which no value needs quotes in an array."""
_MOST_PLACES = 6  # Arrow gives smaller decimals an exponent
_YEAR_1, _YEAR_10000 = -62_135_596_800, 253_402_300_800  # seconds since 1970
_DAY = 86_400
_ZEROS = r"\.?0+$"  # of a fraction of a second


def from_arrow(column: pa.Array) -> pa.Array | None:
    """The values as text; None where Arrow and PostgreSQL do not agree on all of them."""
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "t", "f")
    if pa.types.is_integer(kind) or _is_plain(column):
        return column.cast(pa.string())
    if kind in (pa.float32(), pa.float64()):
        texts = column.cast(pa.string())
        written = texts.buffers()[2].to_pybytes()
        return None if any(each in written for each in _OTHERWISE) else texts
    if kind == pa.timestamp("us") and _is_between(column, _YEAR_1 * 10**6, _YEAR_10000 * 10**6):
        return pc.replace_substring_regex(column.cast(pa.string()), _ZEROS, "")
    return None


def _is_plain(column: pa.Array) -> bool:
    kind = column.type
    if pa.types.is_decimal(kind):
        return bool(0 <= kind.scale <= _MOST_PLACES)
    return bool(
        pa.types.is_date32(kind) and _is_between(column, _YEAR_1 // _DAY, _YEAR_10000 // _DAY)
    )


def _is_between(column: pa.Array, first: int, behind: int) -> bool:
    """Whether the whole numbers that stand for times are; infinity and years B.C. are not."""
    numbers = column.cast(pa.int32() if pa.types.is_date32(column.type) else pa.int64())
    values = pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False)
    return bool(np.all((values >= first) & (values < behind)))


def expression(column: str, kind: Type, depth: int = 1) -> str:
    """SQL of DuckDB for a column's values as PostgreSQL's text. depth: of lists in lists."""
    name = identifier(column)
    if kind in VECTORS.values():
        return f"array_to_string({name}.{kind.name}, ' ')"
    if kind.element is not None:
        own = expression("x", kind, depth - 1) if depth > 1 else expression("x", kind.element)
        if depth == 1 and kind.element.name not in _BARE:
            quoted = f"""'"' || replace(replace({own}, '\\', '\\\\'), '"', '\\"') || '"'"""
            needed = f"""regexp_matches({own}, '^(?i:null)?$|[{{}}",\\\\\\s]')"""
            own = f"CASE WHEN {needed} THEN {quoted} ELSE {own} END"
        listed = f"list_transform({name}, lambda x: coalesce({own}, 'NULL'))"
        return f"'{{' || array_to_string({listed}, ',') || '}}'"
    text = f"CAST({name} AS VARCHAR)"
    match kind.name:
        case "bool":
            return f"CASE WHEN {name} THEN 't' WHEN NOT {name} THEN 'f' END"
        case "float4" | "float8":
            return (
                f"CASE WHEN isnan({name}) THEN 'NaN' WHEN isinf({name})"
                f" THEN CASE WHEN {name} > 0 THEN 'Infinity' ELSE '-Infinity' END"
                f" ELSE regexp_replace({text}, {literal(chr(92) + '.0$')}, '') END"
            )
        case "bytea":
            return f"'\\x' || lower(hex({name}))"
        case "interval":
            return f"replace({text}, ' month', ' mon')"
        case _:
            return text
