"""A program into statements, and a statement into query and clause: decided on tokens alone."""

from collections.abc import Iterator

from sqlml.errors import Diagnostic, ProgramError, nearest
from sqlml.grammar.keywords import CLAUSES, INTERVAL_UNITS, QUERY_STARTS, TO_IS_SQL, VERBS, one_of
from sqlml.grammar.tokens import Token, scan
from sqlml.source import Source, Span

MAX_NESTING = 100
"""How deep brackets may be nested in a clause. Trees are walked recursively."""

_OPENING = {")": "(", "]": "[", "}": "{"}
_BRACKETS = frozenset("()[]{}")


def divide(source: Source, dialect: str = "duckdb") -> Iterator[list[Token]]:
    """The tokens of each statement, without its `;`. Empty statements are left out."""
    statement: list[Token] = []
    for token in scan(source.text, dialect):
        if token.text == ";":
            if statement:
                yield statement
            statement = []
        else:
            statement.append(token)
    if statement:
        yield statement


def is_complete(text: str, dialect: str = "duckdb") -> bool:
    """Whether a text typed so far ends with a statement's `;`, outside strings and comments."""
    last = None
    for token in scan(text, dialect):
        last = token
    return last is None or last.text == ";"


def find_border(source: Source, tokens: list[Token]) -> int | None:
    """The index of the `TO` that begins the clause; None for a statement that is SQL all through.

    0 for SHOW TRAIN, SHOW MODELS, DESCRIBE MODEL and DROP MODEL, which are ours from their first word on.

    Raises:
        ProgramError: an unterminated string or comment, unbalanced brackets, or a TO clause where none can be.
    """
    if tokens[-1].kind == "unterminated":
        raise ProgramError(_unterminated(source, tokens[-1]))
    depths = _depths(source, tokens)
    first = tokens[0].keyword
    if _is_command(tokens):
        return 0
    if first in TO_IS_SQL:
        return None
    border = nested = None
    for index, token in enumerate(tokens):
        if len(token.text) != 2 or token.keyword != "TO" or not _begins_clause(tokens, index):
            continue
        if depths is None or depths[index] == 0:
            border = index
            break
        if nested is None and tokens[index + 1].keyword in VERBS:
            nested = index
    if nested is not None and (border is None or nested < border):
        raise ProgramError(_nested(source, tokens, nested))
    if border is None:
        if first in QUERY_STARTS:
            _check_for_a_missing_semicolon(source, tokens)
        return None
    if tokens[border + 1].keyword not in VERBS:
        if first in QUERY_STARTS or first == "TO":
            raise ProgramError(_unknown_verb(source, tokens, border))
        return None
    if first not in QUERY_STARTS:
        if first != "TO" and not _needs_a_query(tokens, border):
            return None
        raise ProgramError(_without_query(source, tokens, border))
    _check_for_a_missing_semicolon(source, tokens[:border])
    _check_nesting(source, tokens[border:])
    return border


def _is_command(tokens: list[Token]) -> bool:
    """Whether a statement is about models, not about a table that is called `train` or `model`."""
    words = tuple([token.keyword for token in tokens[:3]])
    match words:
        case ("SHOW", "MODELS") | ("DROP", "MODEL"):
            return True
        case ("SHOW", "TRAIN" | "MODELS", third) | ("DESCRIBE" | "DESC" | "DROP", "MODEL", third):
            return third != "."
        case _:
            return False


def _depths(source: Source, tokens: list[Token]) -> list[int] | None:
    """How many brackets are open at each token; None when there are no brackets at all."""
    if not any(token.text in _BRACKETS for token in tokens):
        return None
    depths = []
    opened: list[Token] = []
    for token in tokens:
        depths.append(len(opened))
        if token.text not in _BRACKETS or token.kind != "symbol":
            continue
        if token.text not in _OPENING:
            opened.append(token)
        elif opened and opened[-1].text == _OPENING[token.text]:
            opened.pop()
        else:
            raise ProgramError(_unbalanced(source, token, opened))
    if opened:
        raise ProgramError(_unbalanced(source, opened[-1], opened))
    return depths


def _begins_clause(tokens: list[Token], index: int) -> bool:
    """Whether the TO at `index` is a keyword in front of a word, not a name and not an interval's."""
    before = tokens[index - 1].keyword if index else ""
    if before in {"AS", "."}:
        return False
    if index + 1 == len(tokens):
        return False
    after = tokens[index + 1]
    if after.kind != "word":
        return False
    return not (before in INTERVAL_UNITS and after.keyword in INTERVAL_UNITS)


def _needs_a_query(tokens: list[Token], border: int) -> bool:
    """Whether the TO after a statement that is no query is surely meant as ours."""
    if border + 2 >= len(tokens):
        return False
    after = tokens[border + 2]
    return after.kind in {"word", "quoted", "backquoted"} and after.keyword != "AS"


def _check_for_a_missing_semicolon(source: Source, tokens: list[Token]) -> None:
    for index in range(1, len(tokens) - 1):
        token = tokens[index]
        if (
            len(token.text) == 4
            and token.keyword == "SHOW"
            and tokens[index + 1].keyword in {"TRAIN", "MODELS"}
            and tokens[index - 1].keyword not in {"AS", ".", ","}
            and (tokens[index + 1].keyword == "MODELS" or index + 2 < len(tokens))
        ):
            raise ProgramError(
                Diagnostic(
                    "E0113",
                    f"`SHOW {tokens[index + 1].keyword}` cannot stand behind a query",
                    Span(source, token.start, tokens[index + 1].end),
                    "a new statement begins here",
                    "put a `;` in front of it",
                )
            )


def _check_nesting(source: Source, tokens: list[Token]) -> None:
    depth = 0
    for token in tokens:
        if token.kind != "symbol" or token.text not in _BRACKETS:
            continue
        depth += -1 if token.text in _OPENING else 1
        if depth > MAX_NESTING:
            raise ProgramError(
                Diagnostic(
                    "E0103",
                    f"brackets are nested more than {MAX_NESTING} deep",
                    Span(source, token.start, token.end),
                    "one too many",
                )
            )


# --- what is said about mistakes ----------------------------------------------------------


def _unterminated(source: Source, token: Token) -> Diagnostic:
    what, close, hint = {
        "/*": ("comment", "*/", "comments nest: each `/*` needs its own `*/`"),
        '"': ("quoted name or string", '"', 'a `"` inside is written twice; `\\"` does not end it'),
        "'": ("string", "'", "a quote inside is written twice: 'it''s'; in a TO clause `\\'` is one too"),
        "`": ("quoted name", "`", ""),
    }.get(token.text, ("string", token.text.lstrip("eE"), ""))
    return Diagnostic(
        "E0101",
        f"the {what} that begins here never ends",
        Span(source, token.start, token.end),
        f"no closing {close}",
        hint,
    )


def _unbalanced(source: Source, token: Token, opened: list[Token]) -> Diagnostic:
    span = Span(source, token.start, token.end)
    if token.text not in _OPENING:
        return Diagnostic("E0102", f"this `{token.text}` is never closed", span, "opened here")
    if not opened:
        return Diagnostic("E0102", f"this `{token.text}` closes nothing", span, "nothing is open")
    line, column = source.position(opened[-1].start)
    return Diagnostic(
        "E0102",
        f"`{token.text}` cannot close the `{opened[-1].text}` of line {line}, column {column}",
        span,
        "does not match",
    )


def _nested(source: Source, tokens: list[Token], index: int) -> Diagnostic:
    verb = tokens[index + 1]
    return Diagnostic(
        "E0111",
        f"`TO {verb.keyword}` cannot be nested",
        Span(source, tokens[index].start, verb.end),
        "inside brackets",
        "write its result into a table with a statement of its own, and read that table here",
    )


def _unknown_verb(source: Source, tokens: list[Token], border: int) -> Diagnostic:
    verb = tokens[border + 1]
    found = nearest(verb.text, VERBS)
    return Diagnostic(
        "E0109",
        f"`TO {verb.text}` is not something that can be done with a query",
        Span(source, verb.start, verb.end),
        hint=f"did you mean `TO {found}`?" if found else f"after TO stands {one_of(CLAUSES)}",
    )


def _without_query(source: Source, tokens: list[Token], border: int) -> Diagnostic:
    verb, first = tokens[border + 1], tokens[0].keyword or tokens[0].text
    span = Span(source, tokens[border].start, verb.end)
    clause = f"TO {verb.keyword}"
    if first == "CREATE" and verb.keyword == "PREDICT":
        table = _created_table(tokens)
        return Diagnostic(
            "E0112",
            "CREATE TABLE … AS cannot hold a prediction",
            span,
            hint=f"write `SELECT … TO PREDICT {table} USING model`: it creates {table} itself",
        )
    if first == "TO":
        return Diagnostic(
            "E0110",
            f"`{clause}` has no query in front",
            span,
            "which rows?",
            f"write `SELECT … FROM … {clause} …`",
        )
    return Diagnostic(
        "E0110",
        f"`{clause}` needs a query in front, not {first}",
        span,
        hint="begin the statement with SELECT, WITH, FROM or VALUES",
    )


def _created_table(tokens: list[Token]) -> str:
    """The name that CREATE TABLE name AS … gives."""
    end = next((index for index, token in enumerate(tokens) if token.keyword == "AS"), 0)
    start = end - 1
    while start >= 2 and tokens[start - 1].text == ".":
        start -= 2
    return "".join(token.text for token in tokens[start:end]) or "table_name"
