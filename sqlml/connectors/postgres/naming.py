"""PostgreSQL's names for columns without one: `count`, where DuckDB says `count_star()`.

The rules are those of FigureColname in PostgreSQL's parse_target.c; names of plain columns stay.
"""

import re
from collections.abc import Iterator, Sequence

from sqlml.grammar.tokens import Token
from sqlml.quoting import identifier, parts

Change = tuple[int, int, str]
"""Where a piece of the text begins and ends, and what stands there instead."""

_UNNAMED = "?column?"
_OPENING, _CLOSING = frozenset({"(", "[", "{", "CASE"}), frozenset({")", "]", "}", "END"})
ENDS = frozenset({
    "FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "QUALIFY", "ORDER", "LIMIT", "OFFSET", "FETCH",
    "UNION", "EXCEPT", "INTERSECT", "INTO", "FOR", "USING", "TO", ";",
})  # fmt: skip
"""What ends a list of columns."""
_WITHIN = frozenset({("DISTINCT", "FROM"), ("WITHIN", "GROUP"), ("SIMILAR", "TO")})
_OPERATORS = frozenset({
    "AND", "OR", "NOT", "IS", "LIKE", "ILIKE", "IN", "BETWEEN", "SIMILAR", "COLLATE", "AT", "GLOB",
    "ESCAPE", "DISTINCT", "FROM", "OVERLAPS", "ISNULL", "NOTNULL", "TO",
})  # fmt: skip
_LETTERS = {
    ".": "d", "(": "p", "[": "b", "{": "x", "CASE": "c", "FILTER": "f", "OVER": "f", "WITHIN": "f",
    "GROUP": "k", "PRECISION": "y", "VARYING": "y", "WITH": "y", "WITHOUT": "y", "ZONE": "y",
    "AS": "a",
    **dict.fromkeys(_OPERATORS, "k"),
}  # fmt: skip
_VALUE = re.compile(
    r"(?P<core>(?:wd)*wp|p|c|w(?:dw)*|n|s|w[sb])(?P<window>(?:f[pw]|fkp)*)(?P<part>(?:dw)*)b*"
    r"(?P<casts>(?:t(?:wd)*wy*p?(?:yw?y)*b*)*)"
)
"""A value that has a name, or the name of its type. Each letter is a token, or all in brackets."""
_TYPES = {
    "int": "int4", "integer": "int4", "bigint": "int8", "smallint": "int2", "real": "float4",
    "double": "float8", "float": "float8", "decimal": "numeric", "boolean": "bool",
    "char": "bpchar", "character": "bpchar", "character varying": "varchar", "string": "text",
    "timestamp with": "timestamptz", "time with": "timetz", "bit varying": "varbit",
}  # fmt: skip
_CONSTANTS = frozenset({"null", "true", "false"})
_KEYWORDS = frozenset({"current_user", "current_role", "current_schema", "session_user", "user"})
_TRIMS = {"LEADING": "ltrim", "TRAILING": "rtrim"}
_WEAK = frozenset({_UNNAMED, "case"})

Tokens = Sequence[Token]


def named(tokens: Tokens) -> Iterator[Change]:
    """`AS name` behind each column that is selected or returned without one.

    Names that are there are in lower case unless they are quoted.
    """
    for i, token in enumerate(tokens):
        if token.keyword in ("SELECT", "RETURNING") and not _is_alias(tokens, i):
            for item in _items(tokens, i + 1):
                name = _label(item) if _is_bare(item) else ""
                if name:
                    yield item[-1].end, item[-1].end, f" AS {identifier(name)}"
                elif [token.keyword for token in item[-2:-1]] == ["AS"]:
                    yield item[-1].start, item[-1].end, _folded(item[-1])


def _is_alias(tokens: Tokens, at: int) -> bool:
    """`x AS select,`: any word may be a name there."""
    behind = [token.keyword for token in tokens[at + 1 : at + 2]]
    return at > 0 and tokens[at - 1].keyword == "AS" and behind in ([","], ["FROM"])


def _items(tokens: Tokens, at: int) -> Iterator[Tokens]:
    """The columns of the list that begins there."""
    if at < len(tokens) and tokens[at].keyword in ("DISTINCT", "ALL"):
        at += 1
        if at < len(tokens) and tokens[at].keyword == "ON":
            at = end_of(tokens, at + 1)
    first = at
    while at < len(tokens) and tokens[at].keyword not in _CLOSING:
        word = tokens[at].keyword
        if word in ENDS and (tokens[at - 1].keyword, word) not in _WITHIN:
            break
        if word == ",":
            yield tokens[first:at]
            first = at + 1
        at = end_of(tokens, at)
    yield tokens[first:at]


def is_selected(words: Sequence[str], at: int) -> bool:
    """Whether a whole column of SELECT begins here."""
    if words[at - 1] == "SELECT":
        return True
    depth_ = 0
    for word in reversed(words[:at] if words[at - 1] == "," else ()):
        depth_ += (word == ")") - (word == "(")
        if depth_ < 0 or (depth_ == 0 and word in ENDS):
            return False
        if depth_ == 0 and word == "SELECT":
            return True
    return False


def divided(tokens: Tokens) -> Iterator[Tokens]:
    """What commas divide, outside of brackets."""
    first = at = 0
    while at < len(tokens):
        if tokens[at].text == ",":
            yield tokens[first:at]
            first = at + 1
        at = end_of(tokens, at)
    yield tokens[first:]


def end_of(tokens: Tokens, at: int) -> int:
    """The place behind a token, or behind all that is in the brackets it opens."""
    depth = 0
    for i in range(at, len(tokens)):
        word = tokens[i].keyword
        depth += (word in _OPENING) - (word in _CLOSING)
        if depth <= 0:
            return i + 1
    return len(tokens)


def _units(item: Tokens) -> tuple[str, list[Tokens]]:
    """The item as letters, and the tokens of each."""
    letters, units, at = "", list[Tokens](), 0
    while at < len(item):
        end = end_of(item, at)
        letter = _letter(item, at)
        if letter == "t" or (item[at].text == "$" and end < len(item)):
            end += 1
        letters += letter
        units.append(item[at:end])
        at = end
    return letters, units


def _letter(item: Tokens, at: int) -> str:
    token, word = item[at], item[at].keyword
    if word == ":" and [each.text for each in item[at + 1 : at + 2]] == [":"]:
        return "t"
    if word == "TIME" and item[max(at - 1, 0)].keyword in ("WITH", "WITHOUT"):
        return "w"
    if word in _LETTERS:
        return _LETTERS[word]
    if token.kind in ("word", "quoted"):
        return "w"
    return {"number": "n", "string": "s"}.get(token.kind, "n" if word == "$" else "o")


def _is_bare(item: Tokens) -> bool:
    """Whether it is one column, to which nothing gives a name, not even itself."""
    letters, units = _units(item)
    is_in_front = letters[1:2] == "o" and item[1].text == ":"  # `name: value`, as DuckDB has it
    if not letters or "a" in letters or "x" in letters or is_in_front:
        return False
    if re.fullmatch("w(?:dw)*", letters):
        return letters == "w" and item[0].text.lower() in _CONSTANTS | _KEYWORDS
    words = [unit[0].keyword for unit in units]
    if "COLUMNS" in [token.keyword for token in item] or any(
        word == "*" and letters[i - 1 : i] in ("", "d") for i, word in enumerate(words)
    ):
        return False
    if _VALUE.fullmatch(letters):
        return True
    return letters[-1] != "w" or re.search("[oky]w(?:dw)*$", letters) is not None


def _label(item: Tokens) -> str:
    """The name of a column, its own or what PostgreSQL calls it."""
    letters, units = _units(item)
    if "a" in letters:
        return _plain(units[-1][0])
    found = _VALUE.fullmatch(letters)
    if found is None:
        is_name = letters[-1:] == "w" and re.search("[oky]w(?:dw)*$", letters) is None
        return _plain(item[-1]) if is_name else _UNNAMED
    name = _core(found["core"], units[: found.end("core")])
    if found["part"]:
        name = _plain(units[found.end("part") - 1][0])
    if found["casts"] and name in _WEAK:
        first = letters.rindex("t") + 1
        return _type([unit[0] for unit in units[first:]])
    return name


def _core(letters: str, units: Sequence[Tokens]) -> str:
    last = units[-1]
    match letters:
        case "p":
            return _bracketed(last[1:-1])
        case "c":
            return _case(last)
        case "n" | "s":
            return _UNNAMED
        case "ws":
            return _type([units[0][0]])
        case "wb":
            return "array" if units[0][0].keyword == "ARRAY" else _plain(units[0][0])
        case _ if letters.endswith("p"):
            return _called(units[-2][0], last[1:-1])
        case _:
            name = _plain(last[0])
            return _UNNAMED if name in _CONSTANTS else name


def _bracketed(inner: Tokens) -> str:
    """Of a query: the name of its column."""
    if inner and inner[0].keyword in ("SELECT", "WITH"):
        places = [i for i, token in enumerate(inner) if token.keyword == "SELECT"]
        chosen = [i for i in places if _depth(inner, i) == 0]
        return _label(next(_items(inner, chosen[0] + 1))) if chosen else _UNNAMED
    items = list(_items(inner, 0))
    return _label(items[0]) if len(items) == 1 else "row"


def _depth(tokens: Tokens, at: int) -> int:
    words = [token.keyword for token in tokens[:at]]
    return sum((word in _OPENING) - (word in _CLOSING) for word in words)


def _case(tokens: Tokens) -> str:
    """What its ELSE is called, or else itself."""
    places = [i for i, token in enumerate(tokens) if token.keyword == "ELSE"]
    last = next((i for i in reversed(places) if _depth(tokens, i) == 1), None)
    found = _units(tokens[last + 1 : -1])[0] if last else ""
    is_strong = re.fullmatch(r"w(?:dw)*|(?:wd)*wp", found)
    name = _label(tokens[last + 1 : -1]) if last and is_strong else "case"
    return name if name != _UNNAMED else "case"


def _called(name: Token, inner: Tokens) -> str:
    word = name.keyword
    at = max((i for i, token in enumerate(inner) if token.keyword == "AS"), default=0)
    if word in ("CAST", "TRY_CAST") and at:
        found = _label(inner[:at])
        return _type(inner[at + 1 :]) if found in _WEAK else found
    if word == "TRIM":
        return _TRIMS.get(inner[0].keyword if inner else "", "btrim")
    return _plain(name)


def _type(tokens: Tokens) -> str:
    """What the catalog calls a type."""
    words = [_plain(token) for token in tokens if token.text not in ("(", ")", "[", "]")]
    two = " ".join(word for word in words if not word.isdecimal())
    for name, written in _TYPES.items():
        if " " in name and two.startswith(f"{name}"):
            return written
    while len(words) > 2 and words[1] == ".":
        words = words[2:]
    return _TYPES.get(words[0], words[0]) if words else _UNNAMED


def _folded(name: Token) -> str:
    if name.keyword in ("SELECT", "NOT"):
        return identifier(name.text.lower())
    return name.text.lower() if name.kind == "word" else name.text


def _plain(token: Token) -> str:
    return parts(token.text)[0] if token.kind == "quoted" else token.text.lower()
