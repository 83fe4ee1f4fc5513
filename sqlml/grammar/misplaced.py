"""What is said about a clause that stands where none can be, and about text that never ends."""

from sqlml.errors import Diagnostic, nearest
from sqlml.grammar.keywords import CLAUSES, QUERY_STARTS, STATEMENT_STARTS, VERBS, one_of
from sqlml.grammar.tokens import Token, scan
from sqlml.source import Source, Span


def unterminated(source: Source, token: Token) -> Diagnostic:
    """A string, quoted name or comment without an end, shown at its beginning."""
    what, close, hint = {
        "/*": ("comment", "*/", "comments nest: each `/*` needs its own `*/`"),
        '"': ("quoted name or string", '"', 'a `"` inside is written twice; `\\"` is one too'),
        "'": (
            "string",
            "'",
            "a quote inside is written twice: 'it''s'; in a TO clause `\\'` is one too",
        ),
        "`": ("quoted name", "`", ""),
    }.get(token.text, ("string", token.text.lstrip("eE"), ""))
    span = Span(source, token.start, token.end)
    message = f"the {what} that begins here never ends"
    return Diagnostic("E0101", message, span, f"no closing {close}", hint)


def nested(source: Source, tokens: list[Token], index: int) -> Diagnostic:
    """`(SELECT … TO TRAIN …)`; `index` is that of its TO."""
    verb = tokens[index + 1]
    return Diagnostic(
        "E0111",
        f"`TO {verb.keyword}` cannot be nested",
        Span(source, tokens[index].start, verb.end),
        "inside brackets",
        "write its result into a table with a statement of its own, and read that table here",
    )


def unknown_verb(source: Source, verb: Token) -> Diagnostic:
    """`SELECT … TO TRANE …`."""
    found = _OTHER_VERBS.get(verb.keyword) or nearest(verb.text, CLAUSES)
    return Diagnostic(
        "E0109",
        f"`TO {verb.text}` is not something that can be done with a query",
        Span(source, verb.start, verb.end),
        hint=f"did you mean `TO {found}`?" if found else f"after TO stands {one_of(CLAUSES)}",
    )


def without_query(source: Source, tokens: list[Token], border: int) -> Diagnostic:
    """A TO clause at the beginning of a statement, or behind one that is no query."""
    verb = tokens[border + 1].keyword
    span = Span(source, tokens[border].start, tokens[border + 1].end)
    first = tokens[0].keyword or tokens[0].text
    if first == "CREATE" and verb == "PREDICT":
        table = _created_table(tokens)
        hint = f"write `SELECT … TO PREDICT {table} USING model_name`: it creates {table} itself"
        return Diagnostic("E0112", "CREATE … AS cannot hold a prediction", span, "", hint)
    if first == "TO":
        hint = f"write `SELECT … FROM … TO {verb} …`"
        return Diagnostic("E0110", f"`TO {verb}` has no query in front", span, "which rows?", hint)
    message = f"`TO {verb}` needs a query in front, not `{tokens[0].text}`"
    hint = "begin the statement with SELECT, WITH, FROM or VALUES"
    if first == "INSERT" and verb == "PREDICT":
        hint = "write `TO PREDICT table USING model_name`, and insert from that table"
    elif first not in STATEMENT_STARTS and (meant := nearest(first, QUERY_STARTS)):
        hint = f"did you mean `{meant}`?"
    return Diagnostic("E0110", message, span, "", hint)


def missing_semicolon(source: Source, first: Token, last: Token) -> Diagnostic:
    """`SELECT … SHOW TRAIN m`: the tokens are the first and the last of what must stand alone."""
    return Diagnostic(
        "E0113",
        f"`{first.text} {last.text}` cannot stand behind a query",
        Span(source, first.start, last.end),
        "a new statement begins here",
        "put a `;` in front of it",
    )


_VERBS_WITHOUT_TO = {**{verb: verb for verb in VERBS}, "ANALYZE": "EXPLAIN"}
_OTHER_VERBS = {"ANALYZE": "EXPLAIN", "INFER": "PREDICT", "SCORE": "PREDICT", "TEST": "EVALUATE"}
_NAMES = frozenset({"word", "quoted", "backquoted", "string"})
_NAMES_FOLLOW = frozenset({
    "FROM", "JOIN", "AS", ",", ".", "(", "TO", "SELECT", "DISTINCT", "WITH", "TABLE", "WHERE",
    "AND", "OR", "NOT", "ON", "BY", "HAVING", "WHEN", "THEN", "ELSE",
})  # fmt: skip
_NAMES_PRECEDE = frozenset({
    "IN", "IS", "LIKE", "NOT", "BETWEEN", "AND", "OR", "ASC", "DESC", "FROM",
})  # fmt: skip


def without_to(span: Span, dialect: str) -> Diagnostic | None:
    """`SELECT … TRAIN model …`, as SQLFlow's first programs were; None where it is nothing such.

    For the text of a statement that the database does not take.
    """
    tokens = list(scan(span.text, dialect))
    if not tokens or tokens[0].keyword not in QUERY_STARTS:
        return None
    for before, word, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        verb = _VERBS_WITHOUT_TO.get(word.keyword)
        is_name = before.keyword in _NAMES_FOLLOW or before.text in _NAMES_FOLLOW
        is_name = is_name or after.keyword in _NAMES_PRECEDE
        if verb and not is_name and after.kind in _NAMES:
            place = Span(span.source, span.start + word.start, span.start + word.end)
            hint = f"write `TO {verb}`"
            return Diagnostic("E0670", f"`{word.text}` needs `TO` in front", place, "", hint)
    return None


def magic(source: Source, tokens: list[Token]) -> Diagnostic:
    """`%%sqlflow`, as in the cells of a notebook; the tokens are those of the statement."""
    end = next((token.start for token in tokens if token.keyword in QUERY_STARTS), tokens[-1].end)
    word = source.text[tokens[0].start : end].partition("\n")[0].strip()
    span = Span(source, tokens[0].start, tokens[0].start + len(word))
    return Diagnostic("E0671", f"`{word}` is for notebooks", span, "", "leave it out: here is SQL")


def _created_table(tokens: list[Token]) -> str:
    """The name in CREATE TABLE name AS …"""
    end = next((index for index, token in enumerate(tokens) if token.keyword == "AS"), 0)
    start = end - 1
    while start >= 2 and tokens[start - 1].text == ".":
        start -= 2
    return "".join(token.text for token in tokens[start:end]) or "table_name"
