"""PREPARE and EXECUTE in SQL: a statement by name, with values in place of its parameters."""

import re
from collections.abc import Mapping, Sequence

from sqlml.connectors.postgres.failures import SYNTAX, Refused
from sqlml.connectors.postgres.naming import divided
from sqlml.connectors.postgres.parameters import numbered, substituted
from sqlml.connectors.postgres.portals import Text, statements
from sqlml.connectors.postgres.prepared import PreparedStatements
from sqlml.connectors.postgres.types import duckdb_name
from sqlml.grammar.tokens import scan
from sqlml.quoting import parts

_NAME = r'(?P<name>"(?:[^"]|"")+"|\w+)'
_PREPARE = re.compile(
    rf"PREPARE\s+{_NAME}\s*(?:\((?P<types>(?:[^()]|\([^()]*\))*)\)\s*)?AS\s+(?P<query>.*)",
    re.IGNORECASE | re.DOTALL,
)
_EXECUTE = re.compile(rf"EXECUTE\s+{_NAME}\s*(?:\((?P<values>.*)\))?", re.IGNORECASE | re.DOTALL)


def preparing(text: Text) -> tuple[str, Text]:
    """The name that PREPARE gives, and the statement, whose parameters have their types.

    Raises:
        Refused: E0900 it is no such statement.
    """
    name, found = _matched(_PREPARE, text)
    types = _divided(found["types"] or "")

    def typed(number: int) -> str:
        return f"${number}::{types[number - 1]}" if number <= len(types) else f"${number}"

    (own, *others) = statements(substituted(found["query"], typed)) or [Text("", ())]
    if others or not own.sql:
        raise Refused(SYNTAX, "syntax error in PREPARE")
    return name, own


def executed(texts: Sequence[Text], known: PreparedStatements) -> Sequence[Text]:
    """The statements of a message, with what EXECUTE names in its place.

    Raises:
        Refused: there is none of the name, or it has not as many parameters.
    """
    if not any(text.first == "EXECUTE" for text in texts):
        return texts
    found, own = list[Text](), dict[str, Text]()
    for text in texts:
        if text.first == "PREPARE" and text.words[1] != "TRANSACTION":
            name, prepared = preparing(text)
            own[name] = prepared
        found.append(_executed(text, own, known) if text.first == "EXECUTE" else text)
    return found


def _executed(text: Text, own: Mapping[str, Text], known: PreparedStatements) -> Text:
    name, found = _matched(_EXECUTE, text)
    values = _divided(found["values"] or "")
    oids: Sequence[int] = ()
    if name in own:
        meant = own[name]
        wanted = max((number for _, _, number in numbered(meant.sql)), default=0)
    else:
        meant, oids = known.get(name).text, known.get(name).oids
        wanted = len(oids)
    if len(values) != wanted:
        message = f"`{name}` has {wanted} parameters, and {len(values)} values are given"
        raise Refused(SYNTAX, message)

    def value(number: int) -> str:
        kind = duckdb_name(oids[number - 1]) if oids else None
        return f"CAST({values[number - 1]} AS {kind})" if kind else f"({values[number - 1]})"

    return Text(substituted(meant.sql, value), meant.words, meant.dropped)


def _divided(text: str) -> Sequence[str]:
    tokens = list(scan(text))
    items = divided(tokens) if tokens else ()
    return [text[item[0].start : item[-1].end] for item in items if item]


def _matched(pattern: re.Pattern[str], text: Text) -> tuple[str, re.Match[str]]:
    found = pattern.fullmatch(text.sql.strip())
    if found is None:
        raise Refused(SYNTAX, f"syntax error in {text.first}")
    name = found["name"]
    return parts(name)[0] if name.startswith('"') else name.lower(), found
