"""Where the grammar stopped, in the user's words: what is missing, misspelled or misplaced."""

from typing import NamedTuple

from sqlml.errors import Diagnostic, nearest
from sqlml.grammar.keywords import CLAUSE_WORDS, CLAUSES, STATEMENT_STARTS, VERBS, one_of
from sqlml.grammar.lexer import END, Lexeme
from sqlml.grammar.literals import CURLY_QUOTES
from sqlml.grammar.strange_clauses import instead_of_clause
from sqlml.grammar.tokens import Token
from sqlml.source import Span


class Mistake(NamedTuple):
    """What was accepted, what was found then, the token behind it, and what could have stood there.

    `expected` holds keywords and symbols as they are spelled, and NAME, PATH, STRING, NUMBER, $END.
    """

    accepted: list[Lexeme]
    found: Lexeme
    following: Token | None
    expected: frozenset[str]

    @property
    def verb(self) -> str:
        """The word behind TO; empty for SHOW, DESCRIBE, ALTER and DROP."""
        head = self.accepted[2].type if len(self.accepted) > 2 else ""
        return head if head in VERBS else ""

    @property
    def statement(self) -> str:
        """How the statement is called: `TO TRAIN`, `DROP MODEL`."""
        if self.verb:
            return f"TO {self.verb}"
        words = [x.text.upper() for x in self.accepted]
        return " ".join(words[:4:3] if words[1:2] == ["OR"] else words[:2])


def diagnose(mistake: Mistake) -> Diagnostic:
    """The most helpful thing that can be said about a mistake."""
    return (
        _nothing_follows(mistake)
        or _attribute_without_value(mistake)
        or _misplaced_version(mistake)
        or _unexpected_word(mistake)
        or _unexpected(mistake)
    )


# --- something is missing -----------------------------------------------------------------

_SLOTS = {
    "TRAIN": "the name of a model, such as `xgboost.gbtree`",
    "EVALUATE": "the name of a trained model",
    "EXPLAIN": "the name of a trained model",
    "CHECK": "the name of a trained model",
    "RUN": "an image or program",
    "MAXIMIZE": "an expression",
    "MINIMIZE": "an expression",
    "MODEL": "the name of a trained model",
    "WITH": "an attribute, `name = value`",
    "COLUMN": "a column",
    "LABEL": "a column",
    "FOR": "the input that these columns feed",
    "USING": "the name of a trained model",
    "INTO": "a name for the result",
    "CMD": "a string",
    "CONSTRAINT": "an expression",
    "BY": "a column",
    "GROUP": "`BY` and a column",
    "AT": "the number or alias of a version",
    "ALIAS": "the name of an alias",
    "TAG": "the name of a tag",
    "JOB": "the name of a job",
    "SCHEDULE": "a time such as `'0 3 * * *'`: minute, hour, day, month, day of the week",
    "TIMEZONE": "the name of a time zone, such as `'Europe/Berlin'`",
    "IF": "a query",
    "AS": "a program: a statement, or several between BEGIN and END",
}


def _nothing_follows(mistake: Mistake) -> Diagnostic | None:
    """A keyword, comma or operator with nothing behind it: `COLUMN LABEL y`, `WITH a =`, `INTO`."""
    accepted, found = mistake.accepted, mistake.found
    last = accepted[-1]
    next_clause = ""
    if found.type != END and _reads_like_a_clause(last, mistake.verb):
        # `COLUMN LABEL y`: the grammar took LABEL for a column and stumbled over `y`.
        next_clause, last = last.text.upper(), accepted[-2]
        if next_clause == last.type:
            return None
    elif found.type != END and found.tokens[0].keyword not in CLAUSE_WORDS | {","}:
        return None
    if last.type in {"QUERY", "NAME", "PATH", "STRING", "NUMBER", "RPAR", "RSQB"}:
        return None
    label = f"`{next_clause}` begins the next clause" if next_clause else "nothing follows"
    if last.type == "EQUAL" and _clause_of(accepted) == "WITH":
        name = accepted[accepted.index(last) - 1].text
        return Diagnostic("E0108", f"the attribute `{name}` has no value", last.span, label)
    if last.type not in _SLOTS:
        return Diagnostic("E0108", f"nothing follows this `{last.text}`", last.span, label)
    keyword = mistake.statement if last.type in VERBS | {"MODEL", "JOB"} else last.text.upper()
    return Diagnostic("E0108", f"`{keyword}` needs {_SLOTS[last.type]}", last.span, label)


def _reads_like_a_clause(lexeme: Lexeme, verb: str) -> bool:
    return (
        lexeme.type in {"NAME", "PATH"}
        and len(lexeme.tokens) == 1
        and lexeme.tokens[0].keyword in CLAUSES.get(verb, ())
    )


def _clause_of(accepted: list[Lexeme]) -> str:
    return next((x.type for x in reversed(accepted) if x.type in CLAUSE_WORDS | VERBS), "")


def _attribute_without_value(mistake: Mistake) -> Diagnostic | None:
    if mistake.expected != {"="}:
        return None
    name = mistake.accepted[-1]
    what = "attribute" if mistake.verb else "tag"
    hint = f"write `{name.text} = …`"
    return Diagnostic("E0108", f"the {what} `{name.text}` has no value", name.span, "", hint)


# --- something is wrong -------------------------------------------------------------------


def _misplaced_version(mistake: Mistake) -> Diagnostic | None:
    if mistake.found.text != "@" or mistake.accepted[-1].type != "NAME":
        return None
    hint = "every TO TRAIN makes the next version by itself" if mistake.verb == "TRAIN" else ""
    return Diagnostic("E0118", "no version can be given here", mistake.found.span, "", hint)


_OF_QUERIES = frozenset({
    "EXCEPT", "GROUP", "HAVING", "INTERSECT", "LIMIT", "OFFSET", "ORDER", "QUALIFY", "UNION",
    "WHERE",
})  # fmt: skip


def _unexpected_word(mistake: Mistake) -> Diagnostic | None:
    """A word where only the next clause, or the end of the statement, could stand."""
    found, verb = mistake.found, mistake.verb
    if found.type == END or found.tokens[0].kind != "word" or END not in mistake.expected:
        return None
    if _has_curly_quotes(mistake):
        return None
    word = found.tokens[0].keyword
    shown = found.tokens[0].text
    span = found.span
    if word in STATEMENT_STARTS:
        return Diagnostic(
            "E0113",
            f"`{shown}` cannot stand behind a clause of `{mistake.statement}`",
            span,
            "a new statement begins here",
            "put a `;` in front of it",
        )
    if word == "TO" and mistake.following and mistake.following.keyword in VERBS:
        hint = "put each in a statement of its own"
        return Diagnostic("E0117", "a statement can have one TO clause only", span, "", hint)
    clauses = CLAUSES.get(verb, ())
    takes = f"`{mistake.statement}` takes {one_of(clauses)}" if clauses else ""
    if word in CLAUSE_WORDS or _is_into(mistake):
        clause = mistake.accepted[-1] if _is_into(mistake) else found
        hint = instead_of_clause(verb, mistake.accepted, clause) or takes
        message = f"`{clause.text.upper()}` does not belong to `{mistake.statement}`"
        return Diagnostic("E0117", message, clause.span, "", hint)
    meant = nearest(shown, [text for text in mistake.expected if text.isalpha()])
    if word in _OF_QUERIES:
        hint = f"`{shown}` belongs to the query: it stands in front of `{mistake.statement}`"
    elif meant:
        hint = f"did you mean `{meant}`?"
    elif "," in mistake.expected:
        hint = f"put a `,` in front of it if the list goes on; {takes}"
    else:
        hint = takes
    message = f"`{shown}` begins no clause of `{mistake.statement}`"
    if not clauses:
        message = f"`{shown}` is too much: `{mistake.statement}` ends before it"
    return Diagnostic("E0105", message, span, "", hint)


def _is_into(mistake: Mistake) -> bool:
    """`TO PREDICT INTO t`: the grammar took INTO for a table and stumbled over `t`."""
    return mistake.verb == "PREDICT" and mistake.accepted[-1].text.upper() == "INTO"


_KINDS = {
    "NAME": "a name",
    "PATH": "a name",
    "STRING": "a string",
    "QUERY": "a query",
    "NUMBER": "a number",
    END: "the end of the statement",
}
_OPERATORS = frozenset({"+", "-", "*", "/", "**", "=", "==", "<=", ">=", "<", ">", "<>", "!="})


def _unexpected(mistake: Mistake) -> Diagnostic:
    found = mistake.found
    what = "the end of the statement" if found.type == END else f"`{_shortened(found.text)}`"
    span = found.span
    if found.type == END:
        last = mistake.accepted[-1].span
        span = Span(last.source, max(last.start, last.end - 1), last.end)
    return Diagnostic(
        "E0104",
        f"{what} is unexpected here",
        span,
        f"expected {one_of(_spelled(mistake.expected))}",
        _hint(mistake),
    )


def _spelled(expected: frozenset[str]) -> list[str]:
    kinds = dict.fromkeys(text for name, text in _KINDS.items() if name in expected)
    words = sorted(text for text in expected if text.isalpha() and text not in _KINDS)
    symbols = expected - set(words) - set(_KINDS)
    if "NUMBER" in expected:
        symbols -= {"+", "-"}
    operators = symbols & _OPERATORS
    if len(operators) > 3:
        kinds["an operator"] = None
        symbols -= operators
    return [*kinds, *(f"`{text}`" for text in (*words, *sorted(symbols)))]


_NO_NAMES = {
    "=": "arguments of COLUMN functions have no names: write the value alone",
    "AS": "what COLUMN functions give has no name: leave it out",
}


def _hint(mistake: Mistake) -> str:
    found, last = mistake.found, mistake.accepted[-1]
    if _clause_of(mistake.accepted) == "COLUMN" and found.text.upper() in _NO_NAMES:
        return _NO_NAMES[found.text.upper()]
    wants_name = bool(mistake.expected & {"NAME", "PATH"})
    after = mistake.following
    if _has_curly_quotes(mistake):
        return "write straight quotes, \" or '"
    if found.type == "STRING" and wants_name:
        return "a name stands without quotes, or in double quotes"
    if found.type == "NUMBER" and wants_name:
        return "a name that begins with a digit stands in double quotes"
    if (
        found.text in "-/:"
        and found.text
        and last.type == "NAME"
        and last.span.end == found.span.start
    ):
        whole = last.text + found.text + (after.text if after else "")
        return f'a name with `{found.text}` in it stands in double quotes: "{whole}"'
    return ""


def _has_curly_quotes(mistake: Mistake) -> bool:
    return any(mark in mistake.found.text + mistake.accepted[-1].text for mark in CURLY_QUOTES)


def _shortened(text: str, length: int = 40) -> str:
    line = text.splitlines()[0] if text.splitlines() else text
    return line if len(line) <= length else line[: length - 1] + "…"
