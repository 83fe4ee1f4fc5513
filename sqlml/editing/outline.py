"""What the statements of a program make: the program's outline, and where each name comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from sqlml.editing.names import Names
from sqlml.grammar.keywords import QUERY_STARTS, VERBS
from sqlml.grammar.statements import divide
from sqlml.grammar.tokens import Token
from sqlml.source import Source, Span

Kind = Literal["model", "table", "job", "statement"]

_NAMES = frozenset({"word", "quoted", "backquoted"})
_MADE: Mapping[str, Kind] = {"TABLE": "table", "VIEW": "table", "JOB": "job"}
_BETWEEN = frozenset({"OR", "REPLACE", "TEMP", "TEMPORARY", "IF", "NOT", "EXISTS"})
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a statement makes, or the statement itself where that is nothing with a name.

    span: of the statement. name_span: of the name in it.
    """

    name: str
    kind: Kind
    detail: str
    span: Span
    name_span: Span


def symbols(source: Source, dialect: str = "duckdb") -> Iterator[Symbol]:
    """One for each statement, in their order; statements may be wrong, or unfinished."""
    for tokens in divide(source, dialect):
        yield _created(source, tokens) or _made(source, tokens) or _plain(source, tokens)


def origin(source: Source, name: str, dialect: str = "duckdb") -> Symbol | None:
    """The last statement that makes what is called `name`, in any case: a model before a table."""
    found = [
        symbol
        for symbol in symbols(source, dialect)
        if symbol.kind != "statement" and symbol.name.casefold() == name.casefold()
    ]
    return max(found, key=lambda one: (one.kind == "model", one.span.start), default=None)


def with_made(names: Names, source: Source, offset: int, dialect: str = "duckdb") -> Names:
    """The names, and those of the tables and models that a program makes.

    The statement at the offset makes none yet: it is being written.
    """
    found = symbols(source, dialect)
    made = [one for one in found if not one.span.start <= offset <= one.span.end]
    models = {one.name: one.detail for one in made if one.kind == "model"}
    return names.with_more([one.name for one in made if one.kind == "table"], models)


def _created(source: Source, tokens: list[Token]) -> Symbol | None:
    """What CREATE TABLE, VIEW or JOB makes."""
    if tokens[0].keyword != "CREATE":
        return None
    words = [(i, t.keyword) for i, t in enumerate(tokens[:8]) if t.keyword not in _BETWEEN]
    if len(words) < 3 or words[1][1] not in _MADE:
        return None
    what = words[1][1]
    name = _name_at(source, tokens, words[2][0])
    if name is None:
        return None
    return Symbol(name.text, _MADE[what], what.lower(), _whole(source, tokens), name)


def _made(source: Source, tokens: list[Token]) -> Symbol | None:
    """What a statement with a TO clause makes."""
    if tokens[0].keyword not in QUERY_STARTS:
        return None
    for index, (to, verb) in enumerate(pairwise(tokens)):
        if to.keyword == "TO" and verb.keyword in VERBS:
            clause = tokens[index:]
            break
    else:
        return None
    what = f"TO {verb.keyword}"
    if len(clause) > 2 and verb.keyword == "TRAIN":
        end = next((t.start for t in clause[2:] if t.keyword in _CLAUSES), clause[-1].end)
        what = f"{what} {source.text[clause[2].start : end].strip()}"
    name = _target(source, clause)
    if name is None:
        return None
    kind: Kind = "model" if verb.keyword == "TRAIN" else "table"
    return Symbol(name.text.strip('"`'), kind, what, _whole(source, tokens), name)


_CLAUSES = frozenset({"WITH", "COLUMN", "LABEL", "USING", "INTO"})


def _target(source: Source, clause: list[Token]) -> Span | None:
    """The name that INTO gives, or what TO PREDICT writes to, without the column."""
    intos = [i for i, token in enumerate(clause) if token.keyword == "INTO"]
    if intos:
        return _name_at(source, clause, intos[-1] + 1)
    if clause[1].keyword != "PREDICT":
        return None
    target = _name_at(source, clause, 2)
    if target is None or clause[2].keyword in _CLAUSES:
        return None
    table = target.text.rpartition(".")[0] or target.text
    return Span(source, target.start, target.start + len(table))


def _plain(source: Source, tokens: list[Token]) -> Symbol:
    span = _whole(source, tokens)
    text = " ".join(span.text[: 2 * _LONGEST].split())
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    first = Span(source, tokens[0].start, tokens[0].end)
    return Symbol(shown, "statement", "", span, first)


def _whole(source: Source, tokens: list[Token]) -> Span:
    return Span(source, tokens[0].start, tokens[-1].end)


def _name_at(source: Source, tokens: list[Token], index: int) -> Span | None:
    """The dotted name whose first part is the token at an index."""
    if index >= len(tokens) or tokens[index].kind not in _NAMES:
        return None
    end = index
    while end + 2 < len(tokens) and tokens[end + 1].text == "." and tokens[end + 2].kind in _NAMES:
        end += 2
    return Span(source, tokens[index].start, tokens[end].end)
