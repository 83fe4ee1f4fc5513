"""DuckDB's column types in SQLAlchemy: those that it has no names for, and types read back."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.sql import sqltypes as sql_types
from sqlalchemy.sql import type_api
from sqlalchemy.sql.type_api import TypeEngine

from sqlml.quoting import identifier, literal
from sqlml.quoting import parts as parts_of

_MICROSECOND = timedelta(microseconds=1)


class _Named:
    """A type that is written as one word."""

    __visit_name__ = "duckdb_named"

    def __init_subclass__(cls) -> None:
        cls.__visit_name__ = _Named.__visit_name__
        super().__init_subclass__()

    @property
    def name(self) -> str:
        return type(self).__name__


class TINYINT(_Named, sqltypes.Integer):
    """8 bits with a sign."""


class UTINYINT(_Named, sqltypes.Integer):
    """8 bits."""


class USMALLINT(_Named, sqltypes.Integer):
    """16 bits."""


class UINTEGER(_Named, sqltypes.Integer):
    """32 bits."""


class UBIGINT(_Named, sqltypes.Integer):
    """64 bits."""


class HUGEINT(_Named, sqltypes.Integer):
    """128 bits with a sign."""


class UHUGEINT(_Named, sqltypes.Integer):
    """128 bits."""


class BIT(_Named, sqltypes.String):
    """A string of bits, `'101'` in Python."""


class TIMESTAMP_S(_Named, sqltypes.DateTime):  # noqa: N801 - DuckDB's name
    """Seconds."""


class TIMESTAMP_MS(_Named, sqltypes.DateTime):  # noqa: N801
    """Milliseconds."""


class TIMESTAMP_NS(_Named, sqltypes.DateTime):  # noqa: N801
    """Nanoseconds; Python's `datetime` has microseconds."""


class INTERVAL(type_api.NativeForEmulated, sql_types._AbstractInterval):
    """A span of time, a `timedelta` in Python."""

    __visit_name__ = "INTERVAL"
    native = True

    @classmethod
    def adapt_emulated_to_native(cls, interval: Any, **_: Any) -> "INTERVAL":
        return cls()

    def literal_processor(self, dialect: Any) -> Callable[[Any], str]:
        return lambda value: f"CAST('{value // _MICROSECOND} microseconds' AS INTERVAL)"

    @property
    def _type_affinity(self) -> type[sqltypes.Interval]:
        return sqltypes.Interval

    @property
    def python_type(self) -> type[Any]:
        return timedelta


class Numeric(sqltypes.Numeric[Any]):
    """A decimal; one divided by another is a DOUBLE in DuckDB, which becomes a decimal again."""

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any] | None:
        if not self.asdecimal:
            return super().result_processor(dialect, coltype)
        return lambda value: Decimal(f"{value:.15g}") if isinstance(value, float) else value


class STRUCT(sql_types.Indexable, TypeEngine[Any]):
    """Named fields, a `dict` in Python. `column["field"]` is one of them."""

    __visit_name__ = "STRUCT"

    class Comparator(sql_types.Indexable.Comparator[Any]):
        def _setup_getitem(self, index: Any) -> Any:
            from sqlalchemy.sql import operators

            fields = dict(self.type.fields)
            return operators.getitem, index, fields.get(index, sql_types.NULLTYPE)

    comparator_factory = Comparator

    def __init__(self, fields: "Mapping[str, Any] | _Fields") -> None:
        """fields: their types by name."""
        self.fields = _pairs(fields)


class MAP(TypeEngine[Any]):
    """Keys and values, a `dict` in Python."""

    __visit_name__ = "MAP"

    def __init__(self, key: Any, value: Any) -> None:
        self.key = type_api.to_instance(key)
        self.value = type_api.to_instance(value)


class UNION(TypeEngine[Any]):
    """A value of one of several types."""

    __visit_name__ = "UNION"

    def __init__(self, members: "Mapping[str, Any] | _Fields") -> None:
        """members: their types by name."""
        self.members = _pairs(members)


class Other(TypeEngine[Any]):
    """A type that is only known by its name."""

    __visit_name__ = "duckdb_named"

    def __init__(self, name: str) -> None:
        self.name = name


_Fields = tuple[tuple[str, TypeEngine[Any]], ...]


def _pairs(fields: Mapping[str, Any] | _Fields) -> _Fields:
    return tuple((name, type_api.to_instance(kind)) for name, kind in dict(fields).items())


_SIMPLE: Mapping[str, Callable[[], TypeEngine[Any]]] = {
    **{kind.__name__: kind for kind in (
        TINYINT, UTINYINT, USMALLINT, UINTEGER, UBIGINT, HUGEINT, UHUGEINT, BIT, TIMESTAMP_S,
        TIMESTAMP_MS, TIMESTAMP_NS, INTERVAL, sqltypes.SMALLINT, sqltypes.INTEGER, sqltypes.BIGINT,
        sqltypes.BOOLEAN, sqltypes.VARCHAR, sqltypes.BLOB, sqltypes.DATE, sqltypes.TIME,
        sqltypes.TIMESTAMP, sqltypes.UUID, sqltypes.JSON, sqltypes.DOUBLE,
    )},
    "FLOAT": sqltypes.REAL,
    "TIMESTAMP WITH TIME ZONE": lambda: sqltypes.TIMESTAMP(timezone=True),
    "TIME WITH TIME ZONE": lambda: sqltypes.TIME(timezone=True),
    '"NULL"': sqltypes.NullType,
}  # fmt: skip
_ARRAY = re.compile(r"(.*)\[\d*\]", re.DOTALL)
_NESTED = re.compile(r"(\w+)\((.*)\)", re.DOTALL)
_FIELD = re.compile(r'("(?:[^"]|"")*"|\w+)\s+(.*)', re.DOTALL)


def read(name: str) -> TypeEngine[Any]:
    """The type that DuckDB calls so."""
    if name in _SIMPLE:
        return _SIMPLE[name]()
    if found := _ARRAY.fullmatch(name):
        item = read(found[1])
        if isinstance(item, sqltypes.ARRAY):
            return sqltypes.ARRAY(item.item_type, dimensions=(item.dimensions or 1) + 1)
        return sqltypes.ARRAY(item, dimensions=1)
    if found := _NESTED.fullmatch(name):
        inside = _split(found[2])
        match found[1]:
            case "DECIMAL":
                return sqltypes.DECIMAL(int(inside[0]), int(inside[1]))
            case "ENUM":
                return sqltypes.Enum(*(value[1:-1].replace("''", "'") for value in inside))
            case "STRUCT":
                return STRUCT(_fields(inside))
            case "UNION":
                return UNION(_fields(inside))
            case "MAP":
                return MAP(read(inside[0]), read(inside[1]))
    return Other(name)


def _fields(texts: Sequence[str]) -> dict[str, TypeEngine[Any]]:
    found = [_FIELD.fullmatch(text) for text in texts]
    return {parts_of(field[1])[0]: read(field[2]) for field in found if field}


def _split(text: str) -> list[str]:
    """What commas separate outside brackets and quotes."""
    pieces, depth, quote, start = [], 0, "", 0
    for index, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "," and depth == 0:
            pieces.append(text[start:index].strip())
            start = index + 1
        else:
            depth += (letter in "([") - (letter in ")]")
    return [*pieces, text[start:].strip()]


def written_fields(fields: _Fields, write: Callable[[Any], str]) -> str:
    """Names and types as DuckDB writes them in STRUCT and UNION."""
    return ", ".join(f"{identifier(name)} {write(kind)}" for name, kind in fields)


def written_choices(values: Sequence[str]) -> str:
    """The values of an ENUM."""
    return ", ".join(map(literal, values))
