"""What PostgreSQL's clients write otherwise than DuckDB reads it, at the same place of the text.

Names of types, bytes and arrays as text, keys that count by themselves, functions that give rows,
columns called `at` or `by`.
All else stays as it is written.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

from sqlml.connectors.postgres.arrays import Nested, depth, parsed
from sqlml.connectors.postgres.calls import called
from sqlml.connectors.postgres.defining import defined
from sqlml.connectors.postgres.naming import Change, is_selected, named
from sqlml.connectors.postgres.operators import operated
from sqlml.connectors.postgres.parameters import VAGUE
from sqlml.grammar.keywords import VERBS
from sqlml.grammar.tokens import Token, scan
from sqlml.quoting import identifier, literal

_TYPES = {"JSONB": "JSON", "NAME": "VARCHAR", "CSTRING": "VARCHAR", "UNKNOWN": "VARCHAR"}
_ROWS = "GENERATE_SERIES"
_MODELS = frozenset({"PREDICT", "PREDICT_PROBA"})
_OCTAL = re.compile(rb"\\(\\|[0-7]{3})")
_NUMBER = re.compile(r"\s*[+-]?(\d+)(?:\.(\d*))?\s*")
_MOST_DIGITS = 38
_BEFORE_NAMES = frozenset({
    ".", ",", "(", "=", "SELECT", "DISTINCT", "WHERE", "AND", "OR", "NOT", "ON", "AS", "SET", "BY",
    "ADD", "COLUMN",
})  # fmt: skip


def spelled(sql: str) -> str:
    """A statement as DuckDB reads it."""
    tokens = list(scan(sql))
    kept = list(_kept(tokens))
    if kept:
        sql = _changed(sql, kept)
        tokens = list(scan(sql))
    words = [token.keyword for token in tokens]
    found = [
        *_literals(tokens, words),
        *_numbers(tokens, words),
        *_type_names(tokens, words),
        *_series(tokens, words),
        *called(sql, tokens),
        *operated(sql, tokens),
        *([] if _has_features(words) else named(tokens)),
    ]
    found += defined(tokens)
    return _changed(sql, found)


def _has_features(words: Sequence[str]) -> bool:
    """Whether columns go to a model, which knows them by their names."""
    return any(
        (word == "TO" and after in VERBS) or (word in _MODELS and after == "(")
        for word, after in pairwise(words)
    )


def _changed(sql: str, changes: Sequence[Change]) -> str:
    done, position = list[str](), 0
    for start, end, text in sorted(changes, key=lambda change: change[:2]):
        if start >= position:
            done += [sql[position:start], text]
            position = end
    return "".join([*done, sql[position:]])


def _kept(tokens: Sequence[Token]) -> Iterator[Change]:
    """`at` and `by` as names, which DuckDB keeps for `AT TIME ZONE`, `GROUP BY` and the like."""
    words = [token.keyword for token in tokens]
    for i, word in enumerate(words):
        is_name = (word == "AT" and words[i + 1 : i + 2] not in (["TIME"], ["LOCAL"], ["("])) or (
            word == "BY" and i > 0 and words[i - 1] in _BEFORE_NAMES
        )
        if is_name:
            yield tokens[i].start, tokens[i].end, identifier(word.lower())


# --- values ---


def _literals(tokens: Sequence[Token], words: Sequence[str]) -> Iterator[Change]:
    """`'\\x00'::bytea` and `'{1,2}'::int[]`, also with CAST and with the type in front."""
    for i, token in enumerate(tokens):
        if token.kind != "string":
            continue
        at = _type_place(words, i)
        if at < 0:
            continue
        is_bytes = words[at : at + 1] == ["BYTEA"]
        yield from _bytes(token) if is_bytes else _list(tokens, words, i, at)
        if at < i and is_bytes:
            yield tokens[at].start, tokens[at].end, ""


def _type_place(words: Sequence[str], i: int) -> int:
    """Where the type of the string at `i` is named; -1 for nowhere."""
    if words[i + 1 : i + 3] == [":", ":"]:
        return i + 3
    if words[i + 1 : i + 2] == ["AS"]:
        return i + 2
    return i - 1 if i and words[i - 1] == "BYTEA" else -1


def _bytes(token: Token) -> Iterator[Change]:
    text = _text(token)
    with suppress(ValueError):  # DuckDB will tell
        raw = bytes.fromhex(text[2:]) if text.startswith("\\x") else _escaped(text.encode())
        yield token.start, token.end, f"unhex('{raw.hex()}')"


def _escaped(text: bytes) -> bytes:
    return _OCTAL.sub(lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1], 8) & 255]), text)


def _list(tokens: Sequence[Token], words: Sequence[str], i: int, at: int) -> Iterator[Change]:
    """One `[]` behind a type is for any depth."""
    text, end = _text(tokens[i]).strip(), _type_end(words, at)
    if not text.startswith("{") or words[end : end + 1] != ["["]:
        return
    with suppress(ValueError):  # DuckDB will tell
        values = parsed(text)
        yield tokens[i].start, tokens[i].end, _written(values)
        if words[end + 2 : end + 3] != ["["]:
            yield tokens[end].start, tokens[end].start, "[]" * (depth(values) - 1)


def _written(values: Nested) -> str:
    items = (
        "NULL" if each is None else literal(each) if isinstance(each, str) else _written(each)
        for each in values
    )
    return f"[{', '.join(items)}]"


def _type_end(words: Sequence[str], at: int) -> int:
    """Where the name of a type ends, in front of its `[]`."""
    while at < len(words) and (words[at].isidentifier() or words[at] == "."):
        at += 1
    if words[at : at + 1] == ["("] and ")" in words[at:]:
        at = words.index(")", at) + 1
    return at


def _text(token: Token) -> str:
    written = token.text
    if written[0] in "eE":
        plain = written[2:-1].replace("''", "'")
        return re.sub(r"\\(.)", r"\1", plain, flags=re.DOTALL)
    return written[1:-1].replace("''", "'")


def _numbers(tokens: Sequence[Token], words: Sequence[str]) -> Iterator[Change]:
    """`1.2345::numeric`, of which DuckDB would keep three places; of a parameter, ten."""
    for i, token in enumerate(tokens):
        at = _type_place(words, i) if token.kind in ("string", "number") else -1
        if at < i or words[at : at + 1] not in (["NUMERIC"], ["DECIMAL"]):
            continue
        if words[at + 1 : at + 2] in (["("], ["["]):
            continue
        if i and words[i - 1] == "$":
            yield tokens[at].start, tokens[at].end, VAGUE
        elif found := _NUMBER.fullmatch(_text(token) if token.kind == "string" else token.text):
            scale = len(found[2] or "")
            digits = max(len(found[1].lstrip("0")) + scale, 1)
            if digits <= _MOST_DIGITS:
                yield tokens[at].start, tokens[at].end, f"DECIMAL({digits}, {scale})"


# --- types ---


def _type_names(tokens: Sequence[Token], words: Sequence[str]) -> Iterator[Change]:
    in_table = "TABLE" in words[:4] and words[:1] in (["CREATE"], ["ALTER"])
    for i, word in enumerate(words):
        if word not in _TYPES or i == 0:
            continue
        is_cast = words[i - 2 : i] == [":", ":"] or (words[i - 1] == "AS" and _in_cast(words, i))
        is_column = in_table and word == "JSONB" and words[i - 1] not in ("(", ",", "COLUMN")
        is_typed = i + 1 < len(tokens) and tokens[i + 1].kind == "string" and word == "JSONB"
        if is_cast or is_column or is_typed:
            yield tokens[i].start, tokens[i].end, _TYPES[word]


def _in_cast(words: Sequence[str], at: int) -> bool:
    """Whether the brackets around a word are those of CAST."""
    depth_ = 0
    for i in range(at - 1, 0, -1):
        depth_ += (words[i] == ")") - (words[i] == "(")
        if depth_ < 0:
            return words[i - 1] in ("CAST", "TRY_CAST")
    return False


# --- rows ---


def _series(tokens: Sequence[Token], words: Sequence[str]) -> Iterator[Change]:
    """`SELECT generate_series(…)`, which DuckDB gives as one list."""
    for i, word in enumerate(words[:-1]):
        if word != _ROWS or words[i + 1] != "(" or not is_selected(words, i):
            continue
        end = _closing(words, i + 1)
        if end is None:
            return
        yield tokens[i].start, tokens[i].start, "unnest("
        yield tokens[end].end, tokens[end].end, ")"


def _closing(words: Sequence[str], opening: int) -> int | None:
    depth_ = 0
    for i in range(opening, len(words)):
        depth_ += (words[i] == "(") - (words[i] == ")")
        if depth_ == 0:
            return i
    return None
