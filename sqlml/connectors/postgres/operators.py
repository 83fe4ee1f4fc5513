"""PostgreSQL's operators that DuckDB has not, or not of such operands."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from sqlml.connectors.postgres.arrays import parsed
from sqlml.connectors.postgres.naming import Change, end_of
from sqlml.grammar.tokens import Token
from sqlml.quoting import literal

Tokens = Sequence[Token]

_SIMILAR = {"%": ".*", "_": "."}
_LIKE = frozenset({"LIKE", "ILIKE"})
_NO_FUNCTIONS = frozenset({
    "WHERE", "AND", "OR", "NOT", "SELECT", "ON", "HAVING", "WHEN", "THEN", "ELSE", "CASE", "BY",
})  # fmt: skip


def operated(sql: str, tokens: Tokens) -> Iterator[Change]:
    """Each such operator in words that DuckDB knows."""
    words = [token.keyword for token in tokens]
    for i, word in enumerate(words):
        if word in ("ANY", "ALL", "SOME") and words[i + 1 : i + 2] == ["("] and i:
            end = end_of(tokens, i + 1)
            if words[i - 1] in _LIKE:
                yield from _like(sql, tokens, i, end)
            elif end == i + 4 and tokens[i + 2].kind == "string":
                yield from _among(tokens, i)
        elif words[i - 2 : i] == ["SIMILAR", "TO"] and tokens[i].kind == "string":
            yield tokens[i].start, tokens[i].end, _similar(tokens[i].text)
        elif word == "#" and words[i + 1 : i + 2] == [">"]:
            yield from _path(tokens, i)


def _among(tokens: Tokens, at: int) -> Iterator[Change]:
    """`x = ANY ('{1,2}')`, and `<> ALL`, of a text whose type is that of `x`."""
    is_any = tokens[at].keyword != "ALL"
    if tokens[at - 1].text not in (("=",) if is_any else ("<>", "!=")):
        return
    with suppress(ValueError):  # DuckDB will tell
        values = parsed(tokens[at + 2].text[1:-1].replace("''", "'"))
        texts = ["NULL" if each is None else literal(str(each)) for each in values]
        start = tokens[at - 1].start
        word = "IN" if is_any else "NOT IN"
        none = "(SELECT NULL WHERE false)"
        listed = f"({', '.join(texts)})" if texts else none
        yield start, tokens[at + 3].end, f"{word} {listed}"


def _like(sql: str, tokens: Tokens, at: int, end: int) -> Iterator[Change]:
    """`x ILIKE ANY (ARRAY['a%', 'b%'])`."""
    is_not = tokens[at - 2].keyword == "NOT"
    first = _operand(tokens, at - 3 if is_not else at - 2)
    value = sql[tokens[first].start : tokens[at - 3 if is_not else at - 2].end]
    patterns = sql[tokens[at + 1].start : tokens[end - 1].end]
    is_all = tokens[at].keyword == "ALL"
    negated = "" if is_not == is_all else "NOT "
    found = f"{value} {negated}{tokens[at - 1].text} own_pattern"
    count = f"len(list_filter({patterns}, lambda own_pattern: {found}))"
    yield tokens[first].start, tokens[end - 1].end, f"({count} {'=' if is_all else '>'} 0)"


def _operand(tokens: Tokens, at: int) -> int:
    """The place where an operand begins that ends there."""
    while True:
        if tokens[at].text in (")", "]"):
            opening = (i for i in range(at - 1, -1, -1) if tokens[i].text in ("(", "["))
            at = next((i for i in opening if end_of(tokens, i) == at + 1), at)
            before = tokens[at - 1] if at else tokens[at]
            is_called = before.kind in ("word", "quoted") and before.keyword not in _NO_FUNCTIONS
            at -= is_called
        signs = [token.text for token in tokens[max(at - 2, 0) : at]]
        if signs[-1:] == ["."] or signs == [":", ":"]:
            at -= 2 if signs[-1] == "." else 3
            continue
        return at


def _similar(pattern: str) -> str:
    """The standard's pattern as a regular expression for all of a text, which DuckDB takes."""
    return re.sub(r"[%_.^$]", lambda found: _SIMILAR.get(found[0], f"\\{found[0]}"), pattern)


def _path(tokens: Tokens, at: int) -> Iterator[Change]:
    """`json #>> '{a,0}'`: the text, or with `#>` the JSON, at a path."""
    is_text = [token.text for token in tokens[at : at + 3]] == ["#", ">", ">"]
    place = at + (3 if is_text else 2)
    if place >= len(tokens) or tokens[place].kind != "string":
        return
    with suppress(ValueError):  # DuckDB will tell
        keys = [str(key) for key in parsed(tokens[place].text[1:-1].replace("''", "'"))]
        pointer = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
        yield tokens[at].start, tokens[place].end, f"->{'>' * is_text} {literal(pointer)}"
