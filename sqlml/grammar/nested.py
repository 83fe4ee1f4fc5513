"""`(SELECT … TO PREDICT USING m)` inside a query, as tools that wrap statements write it."""

import re
from collections.abc import Callable, Sequence

from sqlml.grammar.tokens import Token, scan
from sqlml.quoting import identifier, literal, parts, subquery

_PREDICTS = re.compile(r"\bTO\s+PREDICT\s+USING\b", re.IGNORECASE)
_OPEN, _CLOSE = "(", ")"


def may_nest(text: str) -> bool:
    """Whether a closer look at a program is worth it."""
    first, last = text.find(_OPEN), text.rfind(_CLOSE)
    return 0 <= first < last and _PREDICTS.search(text, first, last) is not None


def with_functions(text: str, dialect: str, result_of: Callable[[str], str | None]) -> str:
    """The program with calls of PREDICT in place of predictions in brackets.

    result_of: the name of the column that a model (`m`, `m@3`) predicts; None where it is unknown
    or there are several, and the prediction is left as it is. Only what has no WITH and writes to
    no table can be nested.
    """
    if not may_nest(text):
        return text
    tokens = list(scan(text, dialect))
    for index in range(len(tokens) - 3, 0, -1):  # inner ones stand behind outer ones' brackets
        if [token.keyword for token in tokens[index : index + 3]] != ["TO", "PREDICT", "USING"]:
            continue
        brackets = _around(tokens, index)
        if brackets is None:
            continue
        start, end = (tokens[place] for place in brackets)
        model = ".".join(parts(text[tokens[index + 2].end : end.start].strip()))
        result = result_of(model)
        if result is not None:
            query = text[start.end : tokens[index].start].rstrip()
            replaced = _call(query, model, result)
            text = f"{text[: start.end]}{replaced}{text[end.start :]}"
            return with_functions(text, dialect, result_of)
    return text


def _call(query: str, model: str, result: str) -> str:
    """All columns of the query but one of the result's name, and the result last."""
    others = f"COLUMNS(name -> lower(name) <> {literal(result.lower())})"
    called = f"PREDICT({literal(model)}, sqlml_rows) AS {identifier(result)}"
    return f"SELECT {others}, {called} FROM {subquery(query)}"


def _around(tokens: Sequence[Token], index: int) -> tuple[int, int] | None:
    """The brackets right around a token; None where there are none."""
    start = _matching(tokens, range(index - 1, -1, -1), _OPEN, _CLOSE)
    end = _matching(tokens, range(index, len(tokens)), _CLOSE, _OPEN)
    return None if start is None or end is None else (start, end)


def _matching(tokens: Sequence[Token], places: range, wanted: str, other: str) -> int | None:
    depth = 0
    for place in places:
        token = tokens[place].text
        if token == ";":
            return None
        if token == wanted:
            if depth == 0:
                return place
            depth -= 1
        elif token == other:
            depth += 1
    return None
