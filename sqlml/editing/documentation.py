"""What a word of a program means: for the pointer that rests on it."""

import re
from dataclasses import dataclass

from sqlml.editing.attributes import known_to, takes
from sqlml.editing.clauses import Place, find_place
from sqlml.editing.completion import find_border
from sqlml.editing.cursor import Cursor, find_cursor
from sqlml.editing.names import Names
from sqlml.editing.outline import with_made
from sqlml.error_codes import sections
from sqlml.source import Source, Span
from sqlml.zoo.features import FEATURES
from sqlml.zoo.models import find_model

_WORD = re.compile(r"[\w.:@]+")
_CODE = re.compile(r"E\d{4}")


@dataclass(frozen=True, slots=True)
class Documentation:
    """Markdown about what stands at `span`."""

    text: str
    span: Span


def word_at(source: Source, offset: int) -> Span | None:
    """The word at an offset, with the dots, colons and `@` in it."""
    line, column = source.position(offset)
    start = offset - column + 1
    for found in _WORD.finditer(source.line(line)):
        if found.start() < column <= found.end() + 1:
            return Span(source, start + found.start(), start + found.end())
    return None


def documented(
    source: Source, offset: int, names: Names, dialect: str = "duckdb"
) -> Documentation | None:
    """What is known of the word at an offset; None where nothing is."""
    span = word_at(source, offset)
    if span is None:
        return None
    if _CODE.fullmatch(span.text):
        text = sections().get(span.text)
    else:
        cursor = find_cursor(source, span.end, dialect)
        text = _meaning(cursor, span.text, with_made(names, source, cursor.start, dialect))
    return None if text is None else Documentation(text, span)


def _meaning(cursor: Cursor, word: str, names: Names) -> str | None:
    if cursor.is_text:
        return None
    place = find_place(cursor, find_border(cursor.before) or 0)
    return (
        _attribute(place, word)
        or _estimator(place, word)
        or _function(place, word)
        or _named(word, names)
    )


def _attribute(place: Place, word: str) -> str | None:
    if place.clause != "WITH" or place.accepted[-1].text not in (",", "WITH", "with"):
        return None
    known = known_to(place.verb, place.estimator)
    found = known.find(word.lower()) if known is not None else None
    if found is None:
        return None
    namespace, attribute = found
    return f"**{namespace}.{attribute.name}**: {takes(attribute)}\n\n{attribute.doc}"


def _estimator(place: Place, word: str) -> str | None:
    model = find_model(word) if (place.verb, place.clause) == ("TRAIN", "TRAIN") else None
    if model is None:
        return None
    return f"**{model.name}** {model.task or ''}\n\n{model.doc}\n\n`sqlml help {model.name}`"


def _function(place: Place, word: str) -> str | None:
    if place.clause != "COLUMN" or word.upper() not in FEATURES:
        return None
    feature = FEATURES.load(word.upper())
    return f"`{feature.usage}`\n\n{feature.doc}"


def _named(word: str, names: Names) -> str | None:
    """A trained model, or a table."""
    for name, detail in names.models.items():
        if name.casefold() == word.casefold():
            return f"model **{name}**: {detail}"
    columns = names.columns(word)
    listed = "\n".join(f"- `{column.name}` {column.type}" for column in columns)
    return f"table **{word}**\n\n{listed}" if columns else None
