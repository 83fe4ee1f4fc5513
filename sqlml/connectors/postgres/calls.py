"""Calls of PostgreSQL's functions that DuckDB has by another name, or otherwise, or not at all."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sqlml.connectors.postgres import patterns
from sqlml.connectors.postgres.failures import UNSUPPORTED, Refused
from sqlml.connectors.postgres.naming import ENDS, Change, divided, end_of, is_selected
from sqlml.connectors.postgres.reserved import reserved
from sqlml.grammar.tokens import Token
from sqlml.quoting import literal

_OWN = re.findall(
    r"^CREATE MACRO (\w+)",
    (Path(__file__).parent / "system" / "scalars.sql").read_text("utf-8"),
    re.MULTILINE,
)
_RENAMED: Mapping[str, str] = {
    "BTRIM": "trim", "EVERY": "bool_and", "DATE_BIN": "time_bucket", "TO_JSONB": "to_json",
    "STATEMENT_TIMESTAMP": "now", "TRANSACTION_TIMESTAMP": "now",
    **{
        f"{of}_{name}": renamed
        for of in ("JSON", "JSONB")
        for name, renamed in (
            ("BUILD_OBJECT", "system.main.json_object"), ("BUILD_ARRAY", "system.main.json_array"),
            ("OBJECT_AGG", "json_group_object"), ("ARRAY_LENGTH", "json_array_length"),
        )
    },
    **{name.upper(): f"sqlml_pg.main.{name}" for name in (*_OWN, "current_schema")},
}  # fmt: skip
_CODED = {
    ("ENCODE", "hex"): "lower(hex({}))", ("ENCODE", "base64"): "to_base64({})",
    ("DECODE", "hex"): "unhex({})", ("DECODE", "base64"): "from_base64({})",
}  # fmt: skip
_USERS = frozenset({"CURRENT_USER", "SESSION_USER", "CURRENT_ROLE", "USER"})
_TIMES = frozenset({"CURRENT_TIMESTAMP", "CURRENT_TIME", "LOCALTIMESTAMP", "LOCALTIME"})
_JOINS = frozenset({"JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "FULL", "NATURAL", "ON"})
_PLACE = re.compile(r"%(.)")

Tokens = Sequence[Token]


class _Call:
    """A call as it stands in a text: of a name, at a place of its tokens."""

    def __init__(self, sql: str, tokens: Tokens, at: int) -> None:
        self.sql, self.name, self._place = sql, tokens[at], at
        self._end = end_of(tokens, at + 1)
        self._all = tokens
        self.tokens = tokens[at : self._end]
        self.arguments = list(divided(self.tokens[2:-1]))

    @property
    def end_with_clauses(self) -> int:
        """Behind FILTER and OVER."""
        end = self._end
        while end < len(self._all) and self._all[end].keyword in ("FILTER", "OVER"):
            end = end_of(self._all, end + 1)
        return self._all[end - 1].end

    @property
    def is_column(self) -> bool:
        return is_selected([token.keyword for token in self._all], self._place)

    @property
    def is_table(self) -> bool:
        """Whether it stands behind the FROM of a query: `extract(year FROM f(x))` has one, too."""
        words, depth = [token.keyword for token in self._all], 0
        if words[self._place - 2 : self._place - 1] == ["DISTINCT"]:
            return False
        for i in range(self._place - 1, -1, -1):
            depth += (words[i] == ")") - (words[i] == "(")
            if depth < 0:
                return words[i + 1] in ("SELECT", "WITH")
        return words[0] in ("SELECT", "WITH", "INSERT", "CREATE", "EXPLAIN")

    @property
    def alias(self) -> str:
        """What the rows of a call in FROM are called."""
        behind = self._all[self._end : self._end + 2]
        behind = behind[1:] if behind and behind[0].keyword == "AS" else behind[:1]
        is_name = bool(behind) and behind[0].kind in ("word", "quoted")
        return behind[0].text if is_name and behind[0].keyword not in ENDS | _JOINS else ""

    def text(self, number: int) -> str:
        """An argument as it is written."""
        own = self.arguments[number]
        return self.sql[own[0].start : own[-1].end] if own else ""

    @property
    def pattern(self) -> str | None:
        """The second argument, if it is a text."""
        if len(self.arguments) != 2 or not all(self.arguments):
            return None
        return _string(self.arguments[1])

    def known_pattern(self) -> str:
        """Raises:
        Refused: E1100 it is only known when the statement runs.
        """
        if self.pattern is None:
            message = f"the pattern of {self.name.text.lower()} must stand in the statement's text"
            raise Refused(UNSUPPORTED, message, hint="to_char(x, 'YYYY-MM-DD')", code="E1100")
        return self.pattern


def called(sql: str, tokens: Tokens) -> Iterator[Change]:
    """Each call in words that DuckDB knows."""
    words = [token.keyword for token in tokens]
    if words[:1] == ["CREATE"] and not {"MACRO", "FUNCTION"}.isdisjoint(words[:5]):
        return
    for i, word in enumerate(words):
        if words[i + 1 : i + 2] != ["("]:
            yield from _named(tokens, words, i)
            continue
        if i and words[i - 1] == "FROM" and word.lower() in reserved().scalars:
            yield from _as_row(_Call(sql, tokens, i))
            continue
        if word in _TIMES and words[i + 3 : i + 4] == [")"]:  # as precise as it is
            yield tokens[i + 1].start, tokens[i + 3].end, ""
        if word not in _RENAMED and word not in _REWRITTEN:
            continue
        is_theirs = words[i - 2 : i] == ["PG_CATALOG", "."]
        if i and words[i - 1] == "." and not is_theirs:
            continue
        start = tokens[i - 2 if is_theirs else i].start
        if word in _RENAMED:
            yield start, tokens[i].end, _RENAMED[word]
        else:
            yield from _REWRITTEN[word](_Call(sql, tokens, i))


def _named(tokens: Tokens, words: Sequence[str], at: int) -> Iterator[Change]:
    """`current_user` and its kin, which have no brackets."""
    if words[at] == "CURRENT_SCHEMA":
        yield tokens[at].start, tokens[at].end, "sqlml_pg.main.current_schema()"
    if words[at] not in _USERS or "." in words[max(at - 1, 0) : at + 2]:
        return
    if words[at] != "USER" or (words[0] == "SELECT" and "FROM" not in words):
        yield tokens[at].start, tokens[at].end, "sqlml_pg.main.user_name()"


def _as_row(call: _Call) -> Iterator[Change]:
    """`FROM upper('x') AS y`: a table of one value, which is called as the table is."""
    if not call.is_table:
        return
    name = call.alias or call.name.text
    made = next(iter(_REWRITTEN.get(call.name.keyword, _unchanged)(call)), None)
    written = made[2] if made else call.sql[call.tokens[0].start : call.tokens[-1].end]
    yield from _whole(call, f"(SELECT {written} AS {name})")


def _unchanged(_call: _Call) -> Iterator[Change]:
    return iter(())


def _string(tokens: Tokens) -> str | None:
    if len(tokens) > 1 and [token.text for token in tokens[1:3]] == [":", ":"]:
        tokens = tokens[:1]
    if len(tokens) != 1 or tokens[0].kind != "string" or tokens[0].text[0] != "'":
        return None
    return tokens[0].text[1:-1].replace("''", "'")


def _whole(call: _Call, written: str) -> Iterator[Change]:
    yield call.tokens[0].start, call.tokens[-1].end, written


def _to_char(call: _Call) -> Iterator[Change]:
    yield from _whole(call, patterns.to_char(_inner(call, 0), call.known_pattern()))


def _to_date(call: _Call) -> Iterator[Change]:
    yield from _whole(call, f"{patterns.to_time(_inner(call, 0), call.known_pattern())}::DATE")


def _to_timestamp(call: _Call) -> Iterator[Change]:
    if len(call.arguments) == 2:
        made = patterns.to_time(_inner(call, 0), call.known_pattern())
        yield from _whole(call, f"{made}::TIMESTAMPTZ")


def _to_number(call: _Call) -> Iterator[Change]:
    yield from _whole(call, patterns.to_number(_inner(call, 0), call.known_pattern()))


def _inner(call: _Call, number: int) -> str:
    """An argument, with the calls in it in DuckDB's words."""
    own = call.arguments[number]
    text = call.text(number)
    for start, end, written in sorted(called(call.sql, own), reverse=True):
        text = text[: start - own[0].start] + written + text[end - own[0].start :]
    return text


def _format(call: _Call) -> Iterator[Change]:
    """`format('%s of %I', a, b)`; with braces it is DuckDB's own."""
    pattern = _string(call.arguments[0])
    if pattern is None or "%" not in pattern or "{" in pattern:
        return
    pieces, signs = _PLACE.split(pattern)[::2], _PLACE.split(pattern)[1::2]
    written, given = [literal(pieces[0])], 1
    for sign, piece in zip(signs, pieces[1:], strict=True):
        if sign == "%":
            written.append(literal(f"%{piece}"))
            continue
        if sign not in "sIL" or given >= len(call.arguments):
            return
        value = _inner(call, given)
        quote = {"I": "quote_ident", "L": "quote_nullable"}.get(sign)
        written += [f"sqlml_pg.main.{quote}({value})" if quote else value, literal(piece)]
        given += 1
    yield from _whole(call, f"concat({', '.join(written)})")


def _json_agg(call: _Call) -> Iterator[Change]:
    """`json_agg(x ORDER BY y) FILTER (WHERE z)`: the JSON of a list."""
    yield call.name.start, call.name.end, "to_json(list"
    yield call.end_with_clauses, call.end_with_clauses, ")"


def _substring(call: _Call) -> Iterator[Change]:
    """`substring(x FROM 'a(b)c')`: what a pattern, or its first brackets, finds."""
    inner = call.tokens[2:-1]
    at = next((i for i, token in enumerate(inner) if token.keyword == "FROM"), len(inner))
    pattern = _string(inner[at + 1 :])
    if pattern is not None and at:
        value = call.sql[inner[0].start : inner[at - 1].end]
        group = int(re.search(r"(?<!\\)\((?!\?)", pattern) is not None)
        made = f"nullif(regexp_extract({value}, {literal(pattern)}, {group}), '')"
        yield from _whole(call, made)


def _coded(call: _Call) -> Iterator[Change]:
    """`encode(bytes, 'hex')` and `decode`; with one argument they are DuckDB's own."""
    found = _CODED.get((call.name.keyword, (call.pattern or "").lower()))
    if found is not None:
        yield from _whole(call, found.format(_inner(call, 0)))


def _elements(call: _Call) -> Iterator[Change]:
    """`FROM t, json_array_elements(t.j) AS e`, whose rows are called `e`, or `e.value`."""
    path = "json_extract_string" if call.name.keyword.endswith("_TEXT") else "json_extract"
    rows = f"unnest({path}({_inner(call, 0)}, '$[*]'))"
    if call.is_column:
        yield from _whole(call, rows)
        return
    alias = call.alias
    is_value = not alias or re.search(rf"\b{re.escape(alias)}\s*\.\s*value\b", call.sql, re.I)
    yield from _whole(call, f"(SELECT {rows} AS {'value' if is_value else alias})")


def _rows(function: str) -> Callable[[_Call], Iterator[Change]]:
    def rewritten(call: _Call) -> Iterator[Change]:
        yield call.name.start, call.name.end, f"unnest({function}"
        yield call.tokens[-1].end, call.tokens[-1].end, ")"

    return rewritten


_REWRITTEN: Mapping[str, Callable[[_Call], Iterator[Change]]] = {
    "TO_CHAR": _to_char, "TO_DATE": _to_date, "TO_TIMESTAMP": _to_timestamp,
    "TO_NUMBER": _to_number, "FORMAT": _format, "JSON_AGG": _json_agg, "JSONB_AGG": _json_agg,
    "SUBSTRING": _substring, "ENCODE": _coded, "DECODE": _coded,
    **{
        f"{of}_ARRAY_ELEMENTS{text}": _elements
        for of in ("JSON", "JSONB") for text in ("", "_TEXT")
    },
    "JSON_OBJECT_KEYS": _rows("json_keys"), "JSONB_OBJECT_KEYS": _rows("json_keys"),
    "REGEXP_SPLIT_TO_TABLE": _rows("regexp_split_to_array"),
    "STRING_TO_TABLE": _rows("string_to_array"),
}  # fmt: skip
