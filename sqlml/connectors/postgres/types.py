"""DuckDB's types as PostgreSQL's clients know them."""

import re
from dataclasses import dataclass
from functools import lru_cache

_TEXT = 25


@dataclass(frozen=True, slots=True)
class Type:
    """A type of PostgreSQL. size: bytes, -1 where they vary. modifier: as `atttypmod`, or -1.

    element: the type of an array's elements, which is that of an array of arrays, too.
    """

    oid: int
    name: str
    size: int = -1
    modifier: int = -1
    element: "Type | None" = None


BOOL = Type(16, "bool", 1)
BYTEA = Type(17, "bytea")
INT8 = Type(20, "int8", 8)
INT2 = Type(21, "int2", 2)
INT4 = Type(23, "int4", 4)
TEXT = Type(_TEXT, "text")
OID = Type(26, "oid", 4)
JSON = Type(114, "json")
JSONB = Type(3802, "jsonb")  # of parameters: columns are JSON
FLOAT4 = Type(700, "float4", 4)
FLOAT8 = Type(701, "float8", 8)
VARCHAR = Type(1043, "varchar")
DATE = Type(1082, "date", 4)
TIME = Type(1083, "time", 8)
TIMESTAMP = Type(1114, "timestamp", 8)
TIMESTAMPTZ = Type(1184, "timestamptz", 8)
INTERVAL = Type(1186, "interval", 16)
TIMETZ = Type(1266, "timetz", 12)
BIT = Type(1562, "varbit")
NUMERIC = Type(1700, "numeric")
UUID = Type(2950, "uuid", 16)
CHAR = Type(18, "char", 1)
UNKNOWN = Type(705, "unknown", -2)  # of a parameter of which nothing tells what it is
UHUGEINT = Type(1700, "uhugeint")  # a numeric that Arrow has no type for
BIGNUM = Type(1700, "bignum")  # one more

ONE_CHARACTER = "ENUM(" + ", ".join(f"'{each}'" for each in ",ABDNPRSTUVXZabcdempr") + ")"
"""The type of DuckDB that stands for PostgreSQL's "char" in the system catalog."""

BY_DUCKDB = {
    "BOOLEAN": BOOL, "TINYINT": INT2, "SMALLINT": INT2, "INTEGER": INT4, "BIGINT": INT8,
    "UTINYINT": INT2, "USMALLINT": INT4, "UINTEGER": INT8, "UBIGINT": NUMERIC, "HUGEINT": NUMERIC,
    "UHUGEINT": UHUGEINT, "FLOAT": FLOAT4, "DOUBLE": FLOAT8, "VARCHAR": VARCHAR, "BLOB": BYTEA,
    "DATE": DATE, "TIME": TIME, "TIME WITH TIME ZONE": TIMETZ, "TIMESTAMP": TIMESTAMP,
    "TIMESTAMP_S": TIMESTAMP, "TIMESTAMP_MS": TIMESTAMP, "TIMESTAMP_NS": TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": TIMESTAMPTZ, "INTERVAL": INTERVAL, "UUID": UUID, "JSON": JSON,
    "BIT": BIT, "BIGNUM": BIGNUM,
}  # fmt: skip
ARRAYS = {
    16: 1000, 17: 1001, 20: 1016, 21: 1005, 23: 1007, 25: 1009, 26: 1028, 114: 199, 700: 1021,
    701: 1022, 1043: 1015, 1082: 1182, 1083: 1183, 1114: 1115, 1184: 1185, 1186: 1187, 1266: 1270,
    1562: 1563, 1700: 1231, 2950: 2951,
}  # fmt: skip
VECTORS = {
    "int2vector": Type(22, "int2vector", element=INT2),
    "oidvector": Type(30, "oidvector", element=OID),
}
"""Columns of the catalog, which are structs here: drivers read them by their types."""
_SEVERAL = {"UINTEGER[]": OID, "VARCHAR[]": TEXT}
"""Arrays that drivers know without asking: they ask for the types of others with these."""
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_VECTOR = re.compile(r'STRUCT\("?(\w+vector)"? \w+\[\]\)')
_LIST = re.compile(r"(.*)\[\d*\]$", re.DOTALL)


@lru_cache(maxsize=1024)
def type_of(duckdb_type: str) -> Type:
    """The type that clients are told; what PostgreSQL does not have is text."""
    known = BY_DUCKDB.get(duckdb_type)
    if known is not None:
        return known
    if duckdb_type in _SEVERAL:
        element = _SEVERAL[duckdb_type]
        return Type(ARRAYS[element.oid], f"_{element.name}", element=element)
    if (vector := _VECTOR.fullmatch(duckdb_type)) and vector[1] in VECTORS:
        return VECTORS[vector[1]]
    if decimal := _DECIMAL.fullmatch(duckdb_type):
        precision, scale = int(decimal[1]), int(decimal[2])
        return Type(NUMERIC.oid, "numeric", modifier=(precision << 16 | scale) + 4)
    if of := _LIST.fullmatch(duckdb_type):
        element = type_of(of[1])
        if element.element is not None:  # a list of lists has the type of a list
            return element
        if element.oid in ARRAYS:
            return Type(ARRAYS[element.oid], f"_{element.name}", element=element)
    return CHAR if duckdb_type == ONE_CHARACTER else TEXT if duckdb_type != '"NULL"' else VARCHAR


BY_OID = {
    each.oid: each
    for each in (
        BOOL, BYTEA, INT8, INT2, INT4, TEXT, OID, JSON, FLOAT4, FLOAT8, VARCHAR, DATE, TIME,
        TIMESTAMP, TIMESTAMPTZ, INTERVAL, TIMETZ, BIT, NUMERIC, UUID, JSONB,
    )
}  # fmt: skip


def duckdb_name(oid: int) -> str | None:
    """DuckDB's name for a type that a parameter has, where one is known.

    Text for what DuckDB does not have.
    """
    if oid == UNKNOWN.oid:
        return None
    if oid in _ELEMENTS:
        return f"{duckdb_name(_ELEMENTS[oid])}[]"
    return _NAMES.get(oid, "VARCHAR")


_ELEMENTS = {array: element for element, array in ARRAYS.items()}
_NAMES = {each.oid: name for name, each in reversed(BY_DUCKDB.items())} | {
    INT2.oid: "SMALLINT",
    NUMERIC.oid: "DECIMAL(38,10)",
    OID.oid: "UINTEGER",
    JSONB.oid: "JSON",
}
