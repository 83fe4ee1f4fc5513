"""CREATE JOB: where its query and its program stand, decided on tokens alone."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.brackets import bracket_depths
from sqlml.grammar.keywords import QUERY_STARTS, STATEMENT_STARTS
from sqlml.grammar.tokens import Token
from sqlml.source import Source, Span

_BODY_STARTS = (QUERY_STARTS | STATEMENT_STARTS) - {"("}


class JobParts(NamedTuple):
    """The parts of a job that are no keywords and names of ours.

    wholes: its query and its program, as `parse_clause` takes them. program: its characters.
    statements: the tokens of each statement of the program.
    """

    wholes: dict[int, tuple[str, int]]
    program: Span
    statements: tuple[list[Token], ...]


def is_job(tokens: list[Token]) -> bool:
    """Whether a statement begins with CREATE [OR REPLACE] JOB."""
    return _name_index(tokens) > 0


def is_open(tokens: list[Token]) -> bool:
    """Whether a `;` behind these tokens is part of a job: its BEGIN has no END yet."""
    if not is_job(tokens):
        return False
    begin = _block_index(tokens)
    return begin > 0 and not _is_closed(tokens, begin)


def job_parts(source: Source, tokens: list[Token]) -> JobParts:
    """Where the parts of a job are.

    Raises:
        ProgramError: E0813, its program has no statement, no end, or is a string; E0815, behind IF
            is no query.
    """
    as_ = _as_index(tokens, bracket_depths(source, tokens))
    wholes = {}
    condition = _find(tokens, "IF", as_)
    if condition is not None and condition + 1 < as_:
        wholes[condition + 1] = ("QUERY", as_)
        if tokens[condition + 1].keyword not in QUERY_STARTS:
            raise ProgramError(_no_query(source, tokens[condition + 1]))
    body = as_ + 1
    if body >= len(tokens):
        return JobParts(wholes, Span(source, tokens[-1].end, tokens[-1].end), ())
    wholes[body] = ("PROGRAM", len(tokens))
    if tokens[body].kind == "string":
        raise ProgramError(_in_quotes(source, tokens[body]))
    inner, program = tokens[body:], Span(source, tokens[body].start, tokens[-1].end)
    if inner[0].keyword == "BEGIN":
        if not _is_closed(tokens, body):
            raise ProgramError(_endless(source, inner[0]))
        inner, program = inner[1:-1], _between(source, inner[0], inner[-1])
    statements = tuple(_statements(inner))
    if not statements:
        raise ProgramError(_empty(source, tokens[body], tokens[-1]))
    return JobParts(wholes, program, statements)


def nested_job(source: Source, tokens: list[Token]) -> Diagnostic:
    """CREATE JOB in the program of a job."""
    span = Span(source, tokens[0].start, tokens[_name_index(tokens) - 1].end)
    hint = "end the outer job before it: a statement of its own makes each job"
    return Diagnostic("E0814", "a job cannot make a job", span, hint=hint)


def _name_index(tokens: list[Token]) -> int:
    """The index of what stands behind CREATE [OR REPLACE] JOB; 0 where that does not begin it."""
    if not tokens or tokens[0].keyword != "CREATE":  # as most do: this is asked of each statement
        return 0
    match [token.keyword for token in tokens[1:4]]:
        case ["JOB", *_]:
            return 2
        case ["OR", "REPLACE", "JOB"]:
            return 4
        case _:
            return 0


def _as_index(tokens: list[Token], depths: list[int]) -> int:
    """The index of the AS in front of the program; an alias of the query is none."""
    has_query = _find(tokens, "IF", len(tokens)) is not None
    for index in range(_name_index(tokens), len(tokens)):
        if tokens[index].keyword == "AS" and depths[index] == 0:
            following = tokens[index + 1].keyword if index + 1 < len(tokens) else "BEGIN"
            if not has_query or following in _BODY_STARTS:
                return index
    return len(tokens)


def _find(tokens: list[Token], keyword: str, end: int) -> int | None:
    start = _name_index(tokens) + 1
    return next((i for i in range(start, end) if tokens[i].keyword == keyword), None)


def _block_index(tokens: list[Token]) -> int:
    """The index of the BEGIN behind AS; 0 where there is none."""
    for index, (token, following) in enumerate(pairwise(tokens), 1):
        if token.keyword == "AS" and following.keyword in _BODY_STARTS:
            return index if following.keyword == "BEGIN" else 0
    return 0


def _is_closed(tokens: list[Token], begin: int) -> bool:
    """Whether the last token is an END that begins a statement of the block."""
    if len(tokens) < begin + 2 or tokens[-1].keyword != "END":
        return False
    return tokens[-2].text == ";" or len(tokens) == begin + 2


def _between(source: Source, begin: Token, end: Token) -> Span:
    """All that stands between two tokens, comments too, without blanks around it."""
    text = source.text[begin.end : end.start]
    blanks = len(text) - len(text.lstrip())
    return Span(source, begin.end + blanks, begin.end + max(blanks, len(text.rstrip())))


def _statements(tokens: list[Token]) -> Iterator[list[Token]]:
    statement: list[Token] = []
    for token in tokens:
        if token.text != ";":
            statement.append(token)
        elif statement:
            yield statement
            statement = []
    if statement:
        yield statement


def _no_query(source: Source, first: Token) -> Diagnostic:
    span = Span(source, first.start, first.end)
    hint = "such as `IF SELECT 1 FROM orders WHERE day = today()`"
    return Diagnostic("E0815", "IF takes a query", span, hint=hint)


def _endless(source: Source, begin: Token) -> Diagnostic:
    span = Span(source, begin.start, begin.end)
    hint = "each statement ends with a `;`, and END stands behind the last one"
    return Diagnostic("E0813", "the BEGIN that begins here has no END", span, hint=hint)


def _in_quotes(source: Source, text: Token) -> Diagnostic:
    span = Span(source, text.start, text.end)
    hint = "write `AS BEGIN …; …; END`, without quotes"
    return Diagnostic("E0813", "a job's program stands between BEGIN and END", span, hint=hint)


def _empty(source: Source, first: Token, last: Token) -> Diagnostic:
    span = Span(source, first.start, last.end)
    return Diagnostic("E0813", "the job has no statement", span, hint="write what it is to do")
