"""What a database type means to a feature."""

import re
from functools import lru_cache
from typing import Literal

# `array` is a list or fixed-size array of numbers; `unknown` a type that only the run can tell.
Kind = Literal[
    "integer", "float", "boolean", "text", "date", "timestamp", "time", "array", "other", "unknown"
]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "INT", "BIGINT", "HUGEINT"), "integer"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "integer"),
    **dict.fromkeys(("FLOAT", "REAL", "DOUBLE", "DECIMAL", "NUMERIC"), "float"),
    **dict.fromkeys(("BOOLEAN", "BOOL"), "boolean"),
    **dict.fromkeys(("VARCHAR", "CHAR", "BPCHAR", "TEXT", "STRING", "ENUM", "UUID"), "text"),
    "JSON": "text",
    "DATE": "date",
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_S", "TIMESTAMP_MS"), "timestamp"),
    **dict.fromkeys(("TIMESTAMP_NS", "DATETIME"), "timestamp"),
    **dict.fromkeys(("TIME", "TIME_NS", "TIMETZ"), "time"),
    "": "unknown",
}
_ARRAY = re.compile(r"(?P<element>.*)\[(?P<length>\d*)\]$", re.DOTALL)
NUMBERS: frozenset[Kind] = frozenset(("integer", "float", "boolean", "unknown"))
DATES: frozenset[Kind] = frozenset(("date", "timestamp", "time", "unknown"))


@lru_cache(maxsize=1024)
def kind_of(type_name: str) -> Kind:
    """The kind of a database type, given by its name: `DECIMAL(18,3)`, `FLOAT[3]`, `ENUM('a')`."""
    name = type_name.strip().upper()
    array = _ARRAY.fullmatch(name)
    if array:
        element = kind_of(array["element"])
        return "array" if element in ("integer", "float", "boolean", "array") else "other"
    return _KINDS.get(re.split(r"[ (]", name, maxsplit=1)[0], "other")


def element_kind(type_name: str) -> Kind | None:
    """The kind of what a list or array holds: `INTEGER[]`, `VARCHAR[3]`; None where it is none."""
    array = _ARRAY.fullmatch(type_name.strip().upper())
    return None if array is None else kind_of(array["element"])


def array_length(type_name: str) -> int | None:
    """How many numbers a fixed-size array has (`FLOAT[2][3]`: 6); None where rows may differ."""
    length, rest = 1, type_name.strip()
    while array := _ARRAY.fullmatch(rest):
        if not array["length"]:
            return None
        length, rest = length * int(array["length"]), array["element"]
    return length
