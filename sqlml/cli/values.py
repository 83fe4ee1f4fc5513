"""Values of result sets, as text and as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_PAGE = 10_000


def rows(table: "pa.Table") -> Iterator[tuple[Any, ...]]:
    """A table's rows as Python values, made page by page."""
    for start in range(0, table.num_rows, _PAGE):
        columns = [_values(column) for column in table.slice(start, _PAGE).columns]
        yield from zip(*columns, strict=True)


def records(table: "pa.Table") -> Iterator[str]:
    """A table's rows as JSON objects."""
    for row in rows(table):
        yield as_json(dict(zip(table.column_names, row, strict=True)))


def _values(column: "pa.ChunkedArray") -> Sequence[Any]:
    import pyarrow as pa

    if pa.types.is_float32(column.type):  # as Python floats, 0.1 would be 0.10000000149011612
        texts = column.cast(pa.string()).to_pylist()
        return [None if text is None else float(text) for text in texts]
    try:
        values: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
    except (ValueError, OverflowError):  # dates that Python does not have, nanoseconds
        values = column.cast(pa.string()).to_pylist()
    return values


def as_json(value: Any) -> str:
    """The nearest thing that JSON has; a number has all of its digits."""
    match value:
        case None | bool() | int() | str():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return repr(value) if isfinite(value) else "null"
        case Decimal():
            return f"{value:f}"
        case timedelta():
            return repr(value.total_seconds())
        case Mapping():
            items = (f"{as_json(as_text(key))}: {as_json(item)}" for key, item in value.items())
            return f"{{{', '.join(items)}}}"
        case list() | tuple() if not hasattr(value, "nanoseconds"):
            return f"[{', '.join(map(as_json, value))}]"
        case datetime() | date() | time():
            return f'"{value.isoformat()}"'
        case _:
            return as_json(as_text(value))


def as_text(value: Any) -> str:
    """The value in full, as in CSV; nested values as JSON."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float():
            return repr(value)
        case bytes():
            return value.hex()
        case tuple() if hasattr(value, "nanoseconds"):
            return _interval(*value)
        case Mapping() | list() | tuple():
            return as_json(value)
        case _:
            return str(value)


def as_cell(value: Any) -> str:
    """The value for a reader: numbers shortened, on one line, control characters made visible."""
    match value:
        case None:
            return "NULL"
        case float():
            return f"{value:.6g}" if abs(value) < 1e15 else repr(value)
        case _:
            return "".join(c if c.isprintable() else _visible(c) for c in as_text(value))


def _visible(character: str) -> str:
    return repr(character)[1:-1]


def _interval(months: int, days: int, nanoseconds: int) -> str:
    parts = [f"{n} {noun}{'' if abs(n) == 1 else 's'}" for n, noun in
             ((months, "month"), (days, "day")) if n]  # fmt: skip
    if nanoseconds or not parts:
        parts.append(str(timedelta(microseconds=nanoseconds // 1000)))
    return " ".join(parts)
