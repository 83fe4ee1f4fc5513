"""What PostgreSQL's definitions say that DuckDB's do not, or in other words."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from sqlml.connectors.postgres.naming import Change, end_of
from sqlml.grammar.keywords import VERBS
from sqlml.grammar.tokens import Token, scan
from sqlml.quoting import identifier, literal, parts

Tokens = Sequence[Token]

_COUNTING = {
    "SERIAL": "INTEGER", "SERIAL4": "INTEGER", "BIGSERIAL": "BIGINT", "SERIAL8": "BIGINT",
    "SMALLSERIAL": "SMALLINT", "SERIAL2": "SMALLINT",
}  # fmt: skip
_DROPPED = re.compile(r"\bON\s+COMMIT\s+DROP\b", re.IGNORECASE)
_TEMPORARY = frozenset({"TEMP", "TEMPORARY"})
_SEVERAL = frozenset({"TABLE", "VIEW", "SEQUENCE", "INDEX", "SCHEMA", "TYPE"})
_WITHOUT = frozenset({
    ("CREATE", "UNLOGGED"), ("INDEX", "CONCURRENTLY"), ("EXPLAIN", "VERBOSE"), ("TABLE", "ONLY"),
    ("EXISTS", "ONLY"),
})  # fmt: skip
_LATER = (
    ["NOT", "DEFERRABLE"],
    ["DEFERRABLE"],
    ["INITIALLY", "DEFERRED"],
    ["INITIALLY", "IMMEDIATE"],
)
_IN_FRONT = frozenset({"ALTER", "TABLE", "IF", "EXISTS", "ONLY"})
_TARGETS = frozenset({"LOCAL", "GLOBAL", "TEMP", "TEMPORARY", "UNLOGGED", "TABLE"})
_EXPLAINED = frozenset({"ANALYZE", "FORMAT"})


def defined(tokens: Tokens) -> Iterator[Change]:
    """A statement that defines, or explains, something, as DuckDB reads it."""
    words = [token.keyword for token in tokens]
    match words[:1]:
        case ["SELECT" | "WITH"] if "INTO" in words:
            yield from _selected_into(tokens, words)
            return
        case ["CREATE"] if "TABLE" in words[:4]:
            yield from _counted(tokens, words)
            yield from _kept(tokens, words)
            yield from _checked_at_once(tokens, words)
        case ["CREATE"] if "INDEX" in words[:3]:
            yield from _indexed(tokens, words)
        case ["DROP"] if words[1:2] and words[1] in _SEVERAL:
            yield from _one_by_one(tokens, words)
        case ["ALTER"] if words[1:2] == ["TABLE"]:
            yield from _altered(tokens, words)
        case ["EXPLAIN"] if words[1:2] == ["("]:
            yield from _explained(tokens, words)
        case ["CREATE" | "DROP" | "ALTER" | "EXPLAIN"]:
            pass
        case _:
            return
    for i in range(1, len(words)):
        if (words[i - 1], words[i]) in _WITHOUT:
            yield tokens[i].start, tokens[i].end, ""


def dropped_at_end(sql: str) -> str:
    """The table of CREATE TEMP TABLE … ON COMMIT DROP; nothing for any other statement."""
    if not _DROPPED.search(sql):
        return ""
    tokens = list(scan(sql))
    words = [token.keyword for token in tokens]
    is_so = words[:1] == ["CREATE"] and not _TEMPORARY.isdisjoint(words[:3])
    return _created(tokens, words)[0] if is_so and any(_kept(tokens, words)) else ""


def _counted(tokens: Tokens, words: Sequence[str]) -> Iterator[Change]:
    """`id serial`, or `GENERATED … AS IDENTITY`: its sequence is made in front of the table.

    A new one with a new table.
    """
    table, end = _created(tokens, words)
    temporary = "TEMP " if not _TEMPORARY.isdisjoint(words[:3]) else ""
    once = ("", "IF NOT EXISTS ") if "EXISTS" in words[:end] else ("OR REPLACE ", "")
    *schema, own = parts(table)
    first = end + 1
    for i in range(end, len(tokens)):
        if words[i - 1] == "," and _depth(words[end:i]) == 1:
            first = i
        is_serial = words[i] in _COUNTING and tokens[i - 1].kind in ("word", "quoted")
        last, options = (i + 1, "") if is_serial else _identity(tokens, words, i)
        if not last:
            continue
        column = parts(tokens[i - 1 if is_serial else first].text)[-1]
        sequence = ".".join(map(identifier, [*schema, f"{own}_{column}_seq"]))
        yield 0, 0, f"CREATE {once[0]}{temporary}SEQUENCE {once[1]}{sequence}{options}; "
        kind = f"{_COUNTING[words[i]]} " if is_serial else ""
        yield tokens[i].start, tokens[last - 1].end, f"{kind}DEFAULT nextval({literal(sequence)})"


def _identity(tokens: Tokens, words: Sequence[str], at: int) -> tuple[int, str]:
    """The place behind GENERATED … AS IDENTITY (…), or 0, and what is in its brackets."""
    for said in (["ALWAYS"], ["BY", "DEFAULT"]):
        end = at + len(said) + 3
        if words[at:end] != ["GENERATED", *said, "AS", "IDENTITY"]:
            continue
        if words[end : end + 1] != ["("]:
            return end, ""
        last = end_of(tokens, end)
        return last, "".join(f" {token.text}" for token in tokens[end + 1 : last - 1])
    return 0, ""


def _depth(words: Sequence[str]) -> int:
    return words.count("(") - words.count(")")


def _created(tokens: Tokens, words: Sequence[str]) -> tuple[str, int]:
    """The name of the table that a statement makes, as written, and the token behind it."""
    at = words.index("TABLE") + 1
    if words[at : at + 3] == ["IF", "NOT", "EXISTS"]:
        at += 3
    return _name(tokens, words, at)


def _name(tokens: Tokens, words: Sequence[str], at: int) -> tuple[str, int]:
    end = at + 1
    while words[end : end + 1] == ["."]:
        end += 2
    return "".join(token.text for token in tokens[at:end]), end


def _kept(tokens: Tokens, words: Sequence[str]) -> Iterator[Change]:
    """ON COMMIT DROP, which is seen to when the transaction ends."""
    for i in range(len(tokens) - 2):
        if words[i : i + 3] == ["ON", "COMMIT", "DROP"]:
            yield tokens[i].start, tokens[i + 2].end, ""


def _checked_at_once(tokens: Tokens, words: Sequence[str]) -> Iterator[Change]:
    """`DEFERRABLE INITIALLY DEFERRED`: DuckDB checks each statement."""
    for i in range(1, len(words)):
        for said in _LATER:
            if words[i : i + len(said)] == said:
                yield tokens[i].start, tokens[i + len(said) - 1].end, ""


def _selected_into(tokens: Tokens, words: Sequence[str]) -> Iterator[Change]:
    """`SELECT … INTO TEMP TABLE t FROM …`, which is CREATE TABLE … AS."""
    at = next((i for i, word in enumerate(words) if word == "INTO" and not _depth(words[:i])), 0)
    if not at or any(word == "TO" and after in VERBS for word, after in pairwise(words)):
        return
    first = at + 1
    while words[first : first + 1] and words[first] in _TARGETS:
        first += 1
    if first >= len(words) or tokens[first].kind not in ("word", "quoted"):
        return
    name, end = _name(tokens, words, first)
    temporary = "TEMP " if not _TEMPORARY.isdisjoint(words[at + 1 : first]) else ""
    yield tokens[0].start, tokens[0].start, f"CREATE {temporary}TABLE {name} AS "
    yield tokens[at].start, tokens[end - 1].end, ""


def _one_by_one(tokens: Tokens, words: Sequence[str]) -> Iterator[Change]:
    """`DROP TABLE IF EXISTS a, b CASCADE`, of which DuckDB takes one at a time."""
    if_exists, how = _condition(words), words[-1] if words[-1] in ("CASCADE", "RESTRICT") else ""
    for i, word in enumerate(words):
        if word == ",":
            yield tokens[i].start, tokens[i].end, f" {how}; DROP {words[1]} {if_exists}"


def _altered(tokens: Tokens, words: Sequence[str]) -> Iterator[Change]:
    """Several changes of one table, of which DuckDB takes one at a time."""
    at = next((i for i, word in enumerate(words) if word not in _IN_FRONT), len(words))
    table, end = _name(tokens, words, at)
    for i in range(end, len(words)):
        if words[i] == "," and _depth(words[:i]) == 0:
            yield tokens[i].start, tokens[i].end, f"; ALTER TABLE {_condition(words)}{table}"


def _condition(words: Sequence[str]) -> str:
    return "IF EXISTS " if "EXISTS" in words[2:5] and "NOT" not in words[2:5] else ""


def _indexed(tokens: Tokens, words: Sequence[str]) -> Iterator[Change]:
    """`USING btree`, which is DuckDB's way; and a name for an index without one."""
    on = words.index("ON") if "ON" in words else 0
    for i in range(on, len(words) - 1):
        if words[i : i + 2] == ["USING", "BTREE"]:
            yield tokens[i].start, tokens[i + 1].end, ""
    if words[on - 1] in ("INDEX", "CONCURRENTLY") and "(" in words[on:]:
        opening = words.index("(", on)
        table = words.index("USING", on) if "USING" in words[on:opening] else opening
        listed = tokens[opening + 1 : end_of(tokens, opening) - 1]
        names = [tokens[table - 1], *(each for each in listed if each.kind in ("word", "quoted"))]
        name = "_".join(parts(each.text)[-1] for each in names)
        yield tokens[on].start, tokens[on].start, f"{identifier(f'{name}_idx')} "


def _explained(tokens: Tokens, words: Sequence[str]) -> Iterator[Change]:
    """`EXPLAIN (ANALYZE, VERBOSE, COSTS off)`, of which DuckDB has some."""
    end = end_of(tokens, 1)
    if words[2] in ("SELECT", "WITH", "VALUES", "FROM", "("):
        return
    inner, kept = list(range(2, end - 1)), list[str]()
    text = " ".join(tokens[i].text for i in inner)
    for option in text.split(","):
        name, *value = option.split() or [""]
        if name.upper() in _EXPLAINED and [each.upper() for each in value] not in (
            ["OFF"],
            ["FALSE"],
        ):
            kept.append(option.strip())
    yield tokens[1].start, tokens[end - 1].end, f"({', '.join(kept)})" if kept else ""
