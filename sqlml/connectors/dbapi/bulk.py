"""INSERT … VALUES (?, …) for many rows at once: a statement for all of them, not one for each."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlml.quoting import parts

_NAME = r'(?:"(?:[^"]|"")*"|\w+)'
_INSERT = re.compile(
    rf"(?P<into>\s*INSERT\s+INTO\s+(?P<table>{_NAME}(?:\s*\.\s*{_NAME})*)\s*"
    rf"(?:\(\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\))?)"
    r"\s*VALUES\s*\((?P<marks>\s*\?(?:\s*,\s*\?)*\s*)\)\s*;?\s*",
    re.IGNORECASE,
)
_FEWEST = 10
SELF_REFERENCES = (
    "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY'"
    " AND lower(table_name) = lower(?) AND table_name = referenced_table"
)
"""Rows that refer to each other must be there one after the other. The parameter is a table."""

# Values of one of these types make a list without becoming others.
_ALIKE = frozenset({bool, int, float, str, bytes, date, datetime, time, timedelta, UUID})
_WIDEST = 2**63


def in_bulk(
    operation: str, rows: Sequence[Sequence[Any] | Mapping[str, Any]]
) -> tuple[str, list[list[Any]], str] | None:
    """A statement that inserts all rows, the values of each of its parameters, and the table.

    None where that would not be the same as to insert them one by one.
    """
    found = _INSERT.fullmatch(operation)
    if found is None or len(rows) < _FEWEST:
        return None
    count = found["marks"].count("?")
    if any(isinstance(row, Mapping) or len(row) != count for row in rows):
        return None
    columns = [list(column) for column in zip(*rows, strict=True)]
    if not all(_is_alike(column) for column in columns):
        return None
    insert = f"{found['into']} SELECT {', '.join(['unnest(?)'] * count)}"
    return insert, columns, parts(found["table"])[-1]


def _is_alike(values: Sequence[Any]) -> bool:
    given = [value for value in values if value is not None]
    kinds = {type(value) for value in given}
    if kinds == {int}:
        return all(-_WIDEST <= value < _WIDEST for value in given)
    if kinds == {datetime}:
        return len({value.tzinfo is None for value in given}) == 1
    return len(kinds) < 2 and _ALIKE.issuperset(kinds)
