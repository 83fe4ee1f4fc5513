"""Values as SQL writes them, for statements of which the compiler must see the whole text."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlml.connectors.dbapi.errors import ProgrammingError
from sqlml.errors import Diagnostic
from sqlml.quoting import literal
from sqlml.source import Source, Span

_MICROSECOND = timedelta(microseconds=1)


def written(value: object) -> str | None:
    """A value as an expression of the same type as the database gives a parameter.

    None for what no parameter can be.
    """
    if value is None:
        return "NULL"
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return _of_numpy(value) if type(value).__module__ == "numpy" else None


def as_python(value: object) -> Any:
    """A scalar of NumPy as Python has it; whatever else as it is."""
    if type(value).__module__ != "numpy" or getattr(value, "shape", None) != ():
        return value
    scalar: Any = value
    if scalar.dtype.kind in "mM":  # of nanoseconds there would be a number
        scalar = scalar.astype(f"{scalar.dtype.kind}8[us]")
    return scalar.item()


def _decimal(value: Decimal) -> str | None:
    if not value.is_finite():
        return None
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    scale = max(0, -exponent)
    precision = max(len(digits) + max(0, exponent), scale + 1)
    return f"CAST('{value:f}' AS DECIMAL({precision}, {scale}))"


def _timestamp(value: datetime) -> str:
    kind = "TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ"
    return f"CAST('{value.isoformat(' ')}' AS {kind})"


def _record(value: Mapping[Any, Any]) -> str | None:
    items = {str(name): written(item) for name, item in value.items()}
    if None in items.values() or not items:
        return None
    return "{" + ", ".join(f"{literal(name)}: {item}" for name, item in items.items()) + "}"


def _list(value: Sequence[Any]) -> str | None:
    items = [written(item) for item in value]
    return None if None in items else f"[{', '.join(filter(None, items))}]"


def _of_numpy(value: Any) -> str | None:
    """A scalar, or an array."""
    found = as_python(value) if value.shape == () else [as_python(each) for each in value]
    return None if type(found).__module__ == "numpy" else written(found)


# In this order: a bool is an int, and a datetime is a date, too.
_WRITERS: tuple[tuple[Any, Callable[[Any], str | None]], ...] = (
    (bool, lambda value: str(value).upper()),
    (int, lambda value: f"({value})" if value < 0 else str(value)),
    (float, lambda value: f"CAST('{float(value)!r}' AS DOUBLE)"),
    (Decimal, _decimal),
    (str, literal),
    (bytes | bytearray | memoryview, lambda value: f"UNHEX('{bytes(value).hex()}')"),
    (datetime, _timestamp),
    (date, lambda value: f"CAST('{value.isoformat()}' AS DATE)"),
    (time, lambda value: f"CAST('{value.isoformat()}' AS TIME)"),
    (timedelta, lambda value: f"CAST('{value // _MICROSECOND} microseconds' AS INTERVAL)"),
    (UUID, lambda value: f"CAST('{value}' AS UUID)"),
    (Mapping, _record),
    (Sequence, _list),
)


def filled_in(span: Span, marks: Sequence[int], values: Iterator[Any]) -> str:
    """The text at `span` with values in place of its question marks.

    marks: where they stand in the source.

    Raises:
        ProgrammingError: E0882, there is no such literal.
    """
    source, parts, position = span.source, [], span.start
    for mark, value in zip(marks, values, strict=False):
        text = written(value)
        if text is None:
            raise ProgrammingError(_unwritable(source, mark, value))
        parts += [source.text[position:mark], text]
        position = mark + 1
    return "".join([*parts, source.text[position : span.end]])


def _unwritable(source: Source, mark: int, value: object) -> Diagnostic:
    return Diagnostic(
        "E0882",
        f"a parameter cannot be {type(value).__name__} `{value!r:.80}`",
        Span(source, mark, mark + 1),
        hint="numbers, text, bytes, dates, times, UUIDs and lists of these can be given",
    )
