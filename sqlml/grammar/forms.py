"""What statements have in common that differ in numbers alone."""

from sqlml.grammar.tokens import Token, scan

_NUMBERS_ARE_NAMES = frozenset({"bigquery"})
_COMPARES = frozenset({"<", ">", "<=", ">=", "=", "<>", "!="})
_DIGITS = 9  # as many as any INTEGER may have
_ENDS_WHERE = frozenset({
    "EXCEPT", "FROM", "GROUP", "HAVING", "INTERSECT", "LIMIT", "ORDER", "QUALIFY", "SELECT",
    "UNION", "WINDOW",
})  # fmt: skip
_BEFORE_NUMBER = frozenset(" \t\r\n(,<>=")
_AFTER_NUMBER = frozenset({*" \t\r\n),", ""})


def without_numbers(sql: str, dialect: str) -> str:
    """The statement with 1 for its numbers: statements that differ in these alone do the same.

    What is part of a name, as in MySQL's `FROM 2024_sales`, stays.
    """
    if dialect in _NUMBERS_ARE_NAMES:
        return sql
    parts, done = [], 0
    for token in scan(sql, dialect):
        if token.kind == "number" and _is_alone(sql, token):
            parts += [sql[done : token.start], "1"]
            done = token.end
    return "".join(parts) + sql[done:]


def without_compared(sql: str) -> str:
    """DuckDB's SQL with 1 for the whole numbers that the last WHERE compares with.

    Queries that differ in these alone have the same columns, of the same types.
    """
    parts, done = [], 0
    before, depth, in_where = "", 0, False
    for token in scan(sql):
        word = token.keyword
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif word == "WHERE":
            in_where |= depth == 0
        elif word in _ENDS_WHERE:
            in_where &= depth > 0
        elif in_where and depth == 0 and before in _COMPARES and _is_integer(token):
            parts += [sql[done : token.start], "1"]
            done = token.end
        before = token.text
    return "".join(parts) + sql[done:]


def united(sql: str) -> tuple[str, ...]:
    """The queries that UNION ALL joins; only the text itself where some may mean more in it."""
    members, done, depth = [], 0, 0
    before, start = "", 0
    for token in scan(sql):
        word = token.keyword
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "WITH":
            return (sql,)
        if depth == 0 and (before, word) == ("UNION", "ALL"):
            members.append(sql[done:start])
            done = token.end
        before, start = word, token.start
    return (*members, sql[done:])


def _is_integer(token: Token) -> bool:
    """Whether it is a literal of type INTEGER for sure."""
    return token.kind == "number" and token.text.isdigit() and len(token.text) <= _DIGITS


def _is_alone(sql: str, number: Token) -> bool:
    before, after = sql[number.start - 1 : number.start], sql[number.end : number.end + 1]
    return before in _BEFORE_NUMBER and after in _AFTER_NUMBER
