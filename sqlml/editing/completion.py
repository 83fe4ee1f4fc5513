"""What may be written at a place of a program: one engine for the prompt and for editors."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlml.editing.candidate import Candidate, matching
from sqlml.editing.clauses import find_place, in_clause
from sqlml.editing.cursor import Cursor, find_cursor
from sqlml.editing.names import Names
from sqlml.editing.outline import with_made
from sqlml.editing.queries import in_query
from sqlml.grammar.keywords import QUERY_STARTS, VERBS
from sqlml.grammar.tokens import Token
from sqlml.quoting import identifier, parts
from sqlml.source import Source


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand instead of the characters [start, offset)."""

    start: int
    candidates: tuple[Candidate, ...]


def complete(text: str, offset: int, names: Names, dialect: str = "duckdb") -> Completion:
    """What may be written at an offset, the likeliest first."""
    source = Source("<text>", text)
    cursor = find_cursor(source, offset, dialect)
    names = with_made(names, source, cursor.start, dialect)
    if cursor.is_text and [token.text for token in cursor.before[-1:]] == ['"']:
        return _quoted(cursor, names)
    return Completion(cursor.start, tuple(_candidates(cursor, names)))


def _quoted(cursor: Cursor, names: Names) -> Completion:
    """Tables and columns behind a quote that is still open."""
    quote, text = cursor.before[-1], cursor.source.text
    word = text[quote.end : cursor.start]
    bare = replace(cursor, before=cursor.before[:-1], word=word, start=quote.start, is_text=False)
    named = [one for one in _candidates(bare, names) if one.kind in ("table", "column")]
    is_closed = text[cursor.start : cursor.start + 1] == '"'  # as editors do by themselves
    written = [(one, parts(one.text)) for one in named]
    return Completion(
        quote.start,
        tuple(
            replace(one, text=identifier(name)[: -1 if is_closed else None])
            for one, (*schema, name) in written
            if not schema
        ),
    )


def _candidates(cursor: Cursor, names: Names) -> Iterable[Candidate]:
    if cursor.is_text:
        return _in_string(cursor, names)
    border = find_border(cursor.before)
    if border is not None:
        return matching(cursor.word, in_clause(find_place(cursor, border), cursor, names))
    place = find_place(cursor, 0)
    ours = in_clause(place, cursor, names)
    if len(place.accepted) > 1 and place.expected:  # as DROP MODEL: no SQL begins like that
        return matching(cursor.word, ours)
    return matching(cursor.word, (*ours, *in_query(cursor, names)))


def find_border(tokens: list[Token]) -> int | None:
    """The index of the TO of the clause that is being written, if one is."""
    if not tokens or tokens[0].keyword not in QUERY_STARTS:
        return None
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token.text in "([") - (token.text in ")]") if token.kind == "symbol" else 0
        behind = tokens[index + 1].keyword if index + 1 < len(tokens) else ""
        is_last = index + 1 == len(tokens)
        if index and depth == 0 and token.keyword == "TO" and (is_last or behind in VERBS):
            return index
    return None


def _in_string(cursor: Cursor, names: Names) -> Iterable[Candidate]:
    """The models, in `PREDICT('`."""
    if [token.text.upper() for token in cursor.before[-3:]] != ["PREDICT", "(", "'"]:
        return ()
    found = cursor.source.text[cursor.before[-1].end : cursor.start]
    if found:
        return ()
    return (Candidate(name, "model", detail) for name, detail in names.models.items())
