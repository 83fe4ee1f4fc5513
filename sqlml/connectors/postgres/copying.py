"""COPY … TO STDOUT and COPY … FROM STDIN: what is copied, and how it is written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sqlml.connectors.postgres.failures import SYNTAX, Refused
from sqlml.connectors.remembered import remembered
from sqlml.grammar.tokens import Token, scan
from sqlml.quoting import identifier, parts

if TYPE_CHECKING:
    from sqlml.connectors.postgres.portals import Text

Form = Literal["text", "csv", "binary"]

_COPY = re.compile(
    r"COPY\s+(?:\((?P<query>.*)\)|(?P<table>(?:\"(?:[^\"]|\"\")+\"|[\w.])+)"
    r"\s*(?P<columns>\([^)]*\))?)\s+"
    r"(?:(?P<out>TO\s+STDOUT)|FROM\s+STDIN)\b(?P<options>.*)",
    re.IGNORECASE | re.DOTALL,
)
_SIGNS = {"DELIMITER": "delimiter", "NULL": "null", "QUOTE": "quote", "ESCAPE": "escape"}
_ESCAPES = re.compile(r"\\(.)", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Copy:
    """One COPY. query: of the rows that go out. table, columns: as written, of what comes in.

    null: what stands for NULL. forced: columns whose values always have quotes; `*`: all. filled:
    columns in which it stands for itself.
    """

    query: str
    table: str
    columns: Sequence[str]
    is_out: bool
    form: Form = "text"
    delimiter: str = "\t"
    null: str = r"\N"
    has_header: bool = False
    quote: str = '"'
    escape: str = ""
    forced: Sequence[str] = ()
    filled: Sequence[str] = ()


def copy_of(text: "Text") -> Copy | None:
    """What a statement copies from or to its client; None for any other statement.

    Raises:
        Refused: E0900 an option is none, or is not there.
    """
    return _copy_of(text.sql) if text.first == "COPY" else None


@remembered
def _copy_of(sql: str) -> Copy | None:
    found = _COPY.fullmatch(sql.strip().rstrip(";"))
    if found is None:
        return None
    table, listed = found["table"] or "", found["columns"] or ""
    query = found["query"] or f"SELECT {listed.strip('()') or '*'} FROM {table}"
    columns = [part.strip() for part in listed.strip("()").split(",")] if listed else []
    copy = Copy(query, table, columns, is_out=found["out"] is not None)
    given = _options(list(scan(found["options"])))
    form = given.pop("FORMAT", "text").lower()
    if form not in ("text", "csv", "binary"):
        raise Refused("22023", f"COPY format `{form}` not recognized")
    if form == "csv":
        copy = replace(copy, form="csv", delimiter=",", null="")
    elif form == "binary":
        copy = replace(copy, form="binary")
    return _with(copy, given)


def _with(copy: Copy, given: dict[str, str]) -> Copy:
    signs = {_SIGNS[name]: value for name, value in given.items() if name in _SIGNS}
    copy = replace(copy, **signs)  # type: ignore[arg-type]
    for name, value in given.items():
        match name:
            case "HEADER":
                copy = replace(copy, has_header=value.lower() not in ("false", "off", "0"))
            case "FORCE_QUOTE":
                forced = ["*"] if value == "*" else [_name(each) for each in value.split(",")]
                copy = replace(copy, forced=forced)
            case "FORCE_NOT_NULL":
                copy = replace(copy, filled=[_name(each) for each in value.split(",")])
            case _ if name not in _SIGNS and (name, value.upper()) != ("ENCODING", "UTF8"):
                raise Refused(SYNTAX, f"COPY has no option {name} {value} here")
    if any(len(sign.encode()) != 1 for sign in (copy.delimiter, copy.quote, copy.escape or "x")):
        raise Refused("22023", "DELIMITER, QUOTE and ESCAPE are one character of ASCII each")
    return copy


def _options(tokens: list[Token]) -> dict[str, str]:
    """Options by name, of both of PostgreSQL's forms: `(FORMAT csv, HEADER)` and `CSV HEADER`."""
    left = tokens[1:] if tokens and tokens[0].keyword == "WITH" else tokens
    is_listed = bool(left) and left[0].text == "("
    left = left[1:-1] if is_listed else left
    found: dict[str, str] = {}
    while left:
        name, left = left[0].text.upper(), left[1:]
        if name in ("CSV", "BINARY", "TEXT"):
            found["FORMAT"] = name
            continue
        if name == "FORCE":
            words = 2 if left[:1] and left[0].keyword == "NOT" else 1
            name = "_".join(["FORCE", *(each.keyword for each in left[:words])])
            left = left[words:]
        values, left = _values(left, is_listed=is_listed)
        if not values and name != "HEADER":
            raise Refused(SYNTAX, f"the option {name} of COPY has no value")
        found[name] = ",".join(values) if values else "true"
    return found


def _values(left: list[Token], *, is_listed: bool) -> tuple[list[str], list[Token]]:
    """The values of an option, and the tokens behind them. is_listed: a comma ends it."""
    if left and left[0].keyword == "AS":
        left = left[1:]
    if left and left[0].text == "(":
        end = next((i for i, each in enumerate(left) if each.text == ")"), len(left))
        inner, left = [each for each in left[1:end] if each.text != ","], left[end + 1 :]
    else:
        is_bare = not left or (left[0].keyword in _NAMES if not is_listed else left[0].text == ",")
        inner, left = ([], left) if is_bare else (left[:1], left[1:])
        while not is_listed and left[:1] and left[0].text == ",":
            inner, left = [*inner, *left[1:2]], left[2:]
    if is_listed and left and left[0].text == ",":
        left = left[1:]
    return [_value(each) for each in inner], left


_NAMES = frozenset({*_SIGNS, "FORCE", "CSV", "BINARY", "HEADER", "ENCODING"})


def _value(token: Token) -> str:
    if token.kind != "string":
        return token.text
    written = token.text
    if written[0] in "eE":
        plain = written[2:-1].replace("''", "'")
        return _ESCAPES.sub(lambda found: _CONTROLS.get(found[1], found[1]), plain)
    return written[1:-1].replace("''", "'")


def _name(written: str) -> str:
    return parts(written)[0] if written.startswith('"') else written.lower()


def target(copy: Copy) -> str:
    """The table and the columns that rows come into, as SQL."""
    columns = [identifier(_name(column)) for column in copy.columns]
    return f"{copy.table} ({', '.join(columns)})" if columns else copy.table
