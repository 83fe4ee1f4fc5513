"""Queries: what they read, the columns that they give, and where the database refuses them."""

import re

from sqlml.databases.database import QueryProblem
from sqlml.errors import Diagnostic
from sqlml.grammar.queries import analyse
from sqlml.planner.functions import Applied, apply_models
from sqlml.planner.other_dialects import dialect_hint
from sqlml.planner.plan import Read
from sqlml.planner.schema import UNKNOWN, WRONG, Schema, may_be_there
from sqlml.planner.scope import Scope
from sqlml.source import Span

_CODES = {
    "table": "E0301",
    "column": "E0302",
    "schema": "E0318",
    "file": "E0319",
    "exists": "E0317",
}
_QUOTED = re.compile(r"`([^`]+)`")


def read(scope: Scope, sql: str, span: Span) -> Read:
    """Look at a query whose text is `sql` and stands at `span`.

    What is wrong with it is told to the scope; its schema is unknown then.
    """
    facts, sources = scope.look_through(analyse(sql, scope.dialect))
    scope.mention(facts.reads)
    applied = apply_models(scope, sql, span, facts, sources)
    if applied is None:
        return Read(span, sql, facts, sources, WRONG)
    schema = _describe(scope, applied, sources, Text(sql, applied.rehearsed, span))
    return Read(span, applied.sql, facts, sources, schema, applied.models)


class Text:
    """SQL as it was written at a span, and as the database got it."""

    def __init__(self, written: str, executed: str, span: Span) -> None:
        self._written = written
        self._executed = executed
        self._span = span

    def locate(self, problem: QueryProblem) -> Span:
        """The characters at fault, or all of the text where nobody knows them."""
        offset = problem.offset
        if offset is None:
            return self._span
        length = problem.length
        if self._written != self._executed:
            fault = re.escape(self._executed[offset : offset + length].strip('"'))
            found = re.search(rf"(?<!\w){fault}(?!\w)", self._written, re.I) if fault else None
            if found is None:
                return self._span
            offset, length = found.start(), len(found[0])
        source = self._span.source
        begin = source.text.find(self._written, self._span.start, self._span.end)
        if begin < 0:  # a string literal with escapes
            return self._span
        start = min(begin + offset, self._span.end - 1)
        return Span(source, start, min(start + max(length, 1), self._span.end))

    def name_at_fault(self, problem: QueryProblem) -> str:
        """The table or column that the problem is about, as far as it says."""
        if problem.offset is not None and problem.length:
            name = self._executed[problem.offset : problem.offset + problem.length]
            return name.rpartition(".")[2].strip('"')
        named = _QUOTED.findall(str(problem))
        return named[-1] if named else ""


def diagnose(problem: QueryProblem, text: Text, hint: str = "") -> Diagnostic:
    """What the database refuses, at its place in the program. hint: for want of its own."""
    code = problem.code or _CODES.get(problem.kind, "E0303")
    return Diagnostic(code, str(problem), text.locate(problem), hint=problem.hint or hint)


def is_excused(problem: QueryProblem, text: Text, beginnings: tuple[str, ...]) -> bool:
    """Whether a problem may be none once the columns that only the run can tell are there."""
    if problem.kind == "syntax" or not beginnings:
        return False
    if "" in beginnings:
        return True
    return problem.kind == "column" and may_be_there(text.name_at_fault(problem), beginnings)


def _describe(scope: Scope, applied: Applied, sources: tuple[str, ...], text: Text) -> Schema:
    if scope.is_spoilt(sources):
        return WRONG
    beginnings = ("",) if applied.is_open else scope.open_columns(sources)
    try:
        columns = scope.catalog.describe(applied.rehearsed)
    except QueryProblem as problem:
        if is_excused(problem, text, beginnings):
            return UNKNOWN
        hint = dialect_hint(scope, applied.rehearsed, problem, scope.catalog.describe)
        scope.faults.append(diagnose(problem, text, hint))
        return WRONG
    return UNKNOWN if columns is None else Schema(columns, beginnings)
