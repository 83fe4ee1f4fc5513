"""DECLARE, FETCH, MOVE and CLOSE: cursors in SQL, which are portals with a name."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from sqlml.connectors.postgres.failures import NO_CURSOR, SYNTAX, Refused
from sqlml.connectors.postgres.portals import Portal, Text
from sqlml.connectors.postgres.translation import translated
from sqlml.quoting import parts

_NAME = r'(?P<name>"(?:[^"]|"")+"|\w+)'
_DECLARE = re.compile(
    rf"DECLARE\s+{_NAME}"
    r"(?:\s+(?:BINARY|INSENSITIVE|ASENSITIVE|NO\s+SCROLL|(?P<scroll>SCROLL)))*"
    r"\s+CURSOR(?:\s+WITH(?:OUT|(?P<hold>))\s+HOLD)?\s+FOR\s+(?P<query>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TAKE = re.compile(
    r"(?:FETCH|MOVE)\s+(?:(?P<way>NEXT|PRIOR|FIRST|LAST|ABSOLUTE|RELATIVE|FORWARD|BACKWARD)\b\s*)?"
    rf"(?P<count>[+-]?\d+|ALL\b)?\s*(?:(?:FROM|IN)\s+)?{_NAME}",
    re.IGNORECASE | re.DOTALL,
)
_ALL = sys.maxsize
Way = Literal["FORWARD", "ABSOLUTE", "RELATIVE"]
_WAYS: Mapping[str, tuple[Way, int]] = {
    "NEXT": ("FORWARD", 1), "PRIOR": ("FORWARD", -1),
    "FIRST": ("ABSOLUTE", 1), "LAST": ("ABSOLUTE", -1),
}  # fmt: skip
_CLOSE = re.compile(rf"CLOSE\s+{_NAME}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Declared:
    """A cursor that is to be opened. query: what its rows are. holds: beyond its transaction.

    scrolls: it may go back.
    """

    name: str
    query: str
    holds: bool
    scrolls: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What FETCH or MOVE wants: a row by its place, or as many on the way as `number`, if below 0
    back.
    """

    name: str
    way: Way
    number: int


def declared(text: Text) -> Declared:
    """Raises:
    Refused: E0900 it is no such statement.
    """
    found = _matched(_DECLARE, text)
    holds, scrolls = found["hold"] is not None, found["scroll"] is not None
    return Declared(_name(found["name"]), translated(found["query"]), holds, scrolls)


def taken(text: Text) -> Taken:
    """Raises:
    Refused: E0900 it is no such statement.
    """
    found = _matched(_TAKE, text)
    name, way, count = _name(found["name"]), (found["way"] or "FORWARD").upper(), found["count"]
    if way in _WAYS:
        return Taken(name, *_WAYS[way])
    number = _ALL if (count or "1").upper() == "ALL" else int(count or 1)
    match way:
        case "BACKWARD":
            return Taken(name, "FORWARD", -number)
        case "ABSOLUTE" | "RELATIVE":
            return Taken(name, way, number)
        case _:
            return Taken(name, "FORWARD", number)


def closed(text: Text) -> str | None:
    """The cursor that CLOSE names; None for all."""
    name = _matched(_CLOSE, text)["name"]
    return None if name.upper() == "ALL" else _name(name)


def opened(name: str, portals: dict[str, Portal]) -> Portal:
    """Raises:
    Refused: E0900 there is no such cursor.
    """
    if name not in portals:
        raise Refused(NO_CURSOR, f"there is no cursor `{name}`")
    return portals[name]


def rows_of(portal: Portal, wanted: Taken) -> Iterator[pa.RecordBatch]:
    """The rows that FETCH gives.

    Raises:
        Refused: E0900 it goes back, and the cursor does not.
    """
    if portal.scrolled is not None:
        return portal.scrolled.go(wanted.way, wanted.number)
    if wanted.way != "FORWARD" or wanted.number < 0:
        hint = "declare it with SCROLL, so that it can go back"
        raise Refused("55000", "a cursor can only go forward", hint=hint)
    return _ahead(portal, wanted.number)


def _ahead(portal: Portal, left: int) -> Iterator[pa.RecordBatch]:
    while left > 0:
        batch = portal.take(left)
        if batch is None:
            return
        left -= batch.num_rows
        yield batch


def _matched(pattern: re.Pattern[str], text: Text) -> re.Match[str]:
    found = pattern.fullmatch(text.sql.strip())
    if found is None:
        raise Refused(SYNTAX, f"syntax error in {text.first}")
    return found


def _name(written: str) -> str:
    return parts(written)[0] if written.startswith('"') else written.lower()
