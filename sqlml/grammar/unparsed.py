"""The tables that SQL reads which sqlglot cannot parse: a careful guess from its tokens."""

from sqlml.grammar.literals import string_value
from sqlml.grammar.tokens import Token

_NAMES = frozenset({"word", "quoted", "backquoted"})
_LIST_ENDS = frozenset({
    "EXCEPT", "GROUP", "HAVING", "INTERSECT", "LIMIT", "ON", "ORDER", "QUALIFY", "SELECT", "SET",
    "UNION", "USING", "WHERE", "WINDOW",
})  # fmt: skip


def guess_reads(tokens: list[Token]) -> tuple[str, ...]:
    """The names behind FROM and JOIN and in the list after FROM, without those of CTEs."""
    found: dict[str, None] = {}
    in_list = [False]
    for index, token in enumerate(tokens):
        keyword = token.keyword
        if keyword in {"(", ")"}:
            in_list = [*in_list, False] if keyword == "(" else in_list[:-1] or [False]
        elif keyword in _LIST_ENDS:
            in_list[-1] = False
        elif keyword in {"FROM", "JOIN"} or (keyword == "," and in_list[-1]):
            in_list[-1] = in_list[-1] or keyword == "FROM"
            name, end = _name(tokens, index + 1)
            if name and (end == len(tokens) or tokens[end].text != "("):
                found[name] = None
    hidden = {
        token.text.casefold()
        for token, after, bracket in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if after.keyword == "AS" and bracket.text == "("
    }
    return tuple(name for name in found if name.casefold() not in hidden)


def _name(tokens: list[Token], index: int) -> tuple[str, int]:
    """The dotted name that begins at a token, and where it ends; an empty name if there is none."""
    parts: list[str] = []
    while index < len(tokens) and tokens[index].kind in _NAMES:
        token = tokens[index]
        parts.append(token.text if token.kind == "word" else string_value(token.text))
        index += 1
        if index >= len(tokens) or tokens[index].text != ".":
            break
        index += 1
    return ".".join(parts), index
