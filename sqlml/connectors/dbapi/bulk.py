"""INSERT … VALUES (?, …) for many rows at once: a statement for all of them, not one for each."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

_NAME = r'(?:"(?:[^"]|"")*"|\w+)'
_INSERT = re.compile(
    rf"(?P<into>\s*INSERT\s+INTO\s+{_NAME}(?:\s*\.\s*{_NAME})*\s*"
    rf"(?:\(\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\))?)"
    r"\s*VALUES\s*\((?P<marks>\s*\?(?:\s*,\s*\?)*\s*)\)\s*;?\s*",
    re.IGNORECASE,
)
# Values of one of these types make a list without becoming others.
_ALIKE = frozenset({bool, int, float, str, bytes, date, datetime, time, timedelta, UUID})
_WIDEST = 2**63


def in_bulk(
    operation: str, rows: Sequence[Sequence[Any] | Mapping[str, Any]]
) -> tuple[str, list[list[Any]]] | None:
    """A statement that inserts all rows, and the values of each of its parameters.

    None where that would not be the same as to insert them one by one.
    """
    found = _INSERT.fullmatch(operation)
    if found is None or not rows:
        return None
    count = found["marks"].count("?")
    if any(isinstance(row, Mapping) or len(row) != count for row in rows):
        return None
    columns = [list(column) for column in zip(*rows, strict=True)]
    if not all(_is_alike(column) for column in columns):
        return None
    return f"{found['into']} SELECT {', '.join(['unnest(?)'] * count)}", columns


def _is_alike(values: Sequence[Any]) -> bool:
    given = [value for value in values if value is not None]
    kinds = {type(value) for value in given}
    if kinds == {int}:
        return all(-_WIDEST <= value < _WIDEST for value in given)
    if kinds == {datetime}:
        return len({value.tzinfo is None for value in given}) == 1
    return len(kinds) < 2 and _ALIKE.issuperset(kinds)
