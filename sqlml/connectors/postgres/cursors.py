"""DECLARE, FETCH, MOVE and CLOSE: cursors in SQL, which are portals with a name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from sqlml.connectors.postgres.failures import NO_CURSOR, SYNTAX, UNSUPPORTED, Refused
from sqlml.connectors.postgres.portals import Portal, Text
from sqlml.connectors.postgres.translation import translated
from sqlml.quoting import parts

_NAME = r'(?P<name>"(?:[^"]|"")+"|\w+)'
_DECLARE = re.compile(
    rf"DECLARE\s+{_NAME}(?:\s+(?:BINARY|INSENSITIVE|ASENSITIVE|NO\s+SCROLL|(?P<scroll>SCROLL)))*"
    r"\s+CURSOR(?:\s+WITH(?:OUT|(?P<hold>))\s+HOLD)?\s+FOR\s+(?P<query>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TAKE = re.compile(
    r"(?:FETCH|MOVE)\s+(?:(?P<back>BACKWARD|PRIOR|FIRST|LAST|ABSOLUTE|RELATIVE)\b.*|"
    r"(?:NEXT|FORWARD)?\s*(?P<count>\d+|ALL)?\s*(?:(?:FROM|IN)\s+)?" + _NAME + r")",
    re.IGNORECASE | re.DOTALL,
)
_CLOSE = re.compile(rf"CLOSE\s+{_NAME}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Declared:
    """A cursor that is to be opened. query: what its rows are. holds: beyond its transaction."""

    name: str
    query: str
    holds: bool


def declared(text: Text) -> Declared:
    """Raises:
    Refused: E0900 it is no such statement, or the cursor could go back.
    """
    found = _matched(_DECLARE, text)
    if found["scroll"]:
        raise Refused(UNSUPPORTED, "a cursor only goes forward", hint="leave SCROLL out")
    query = translated(found["query"])
    return Declared(_name(found["name"]), query, found["hold"] is not None)


def taken(text: Text) -> tuple[str, int]:
    """The cursor that FETCH or MOVE names, and how many rows it wants; 0: all.

    Raises:
        Refused: E0900 it is no such statement, or goes back.
    """
    found = _matched(_TAKE, text)
    if found["back"]:
        raise Refused(UNSUPPORTED, "a cursor only goes forward", hint="FETCH FORWARD n FROM name")
    count = (found["count"] or "1").upper()
    return _name(found["name"]), 0 if count == "ALL" else int(count)


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


def rows_of(portal: Portal, count: int) -> Iterator[pa.RecordBatch]:
    """The next rows of a cursor, at most so many (0: all)."""
    left, is_all = count, count == 0
    while is_all or left > 0:
        batch = portal.take(0 if is_all else left)
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
