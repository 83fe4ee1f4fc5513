"""Text to syntax tree: the whole program, or up to ten located errors."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlml.errors import MAX_SHOWN, Diagnostic, ProgramError
from sqlml.grammar import ast
from sqlml.grammar.called import uncalled
from sqlml.grammar.jobs import is_job, job_parts, nested_job
from sqlml.grammar.statements import check_ends, divide, find_border
from sqlml.grammar.tokens import Token
from sqlml.grammar.tool_spellings import without_tool_spellings
from sqlml.source import Source, Span


def parse(source: Source, *, dialect: str = "duckdb") -> ast.Program:
    """The syntax tree of a program.

    Raises:
        ProgramError: with the first ten mistakes, one per statement at most.
    """
    return parse_files([source], dialect=dialect)


def parse_files(sources: Sequence[Source], *, dialect: str = "duckdb") -> ast.Program:
    """One program out of one or more files, in their order. No statement goes on in the next file.

    The program's span is that of the first file; every statement's span points into its own.

    Raises:
        ProgramError: with the first ten mistakes, one per statement at most.
    """
    statements: list[ast.Statement] = []
    mistakes: list[Diagnostic] = []
    for source in sources:
        if "\0" in source.text:
            mistakes.append(_nul(source))
            continue
        try:
            own = without_tool_spellings(uncalled(source, dialect), dialect)
        except ProgramError as error:
            mistakes += error.diagnostics
            continue
        statements += _statements(own, divide(own, dialect), mistakes)
        if len(mistakes) >= MAX_SHOWN:
            break
    if mistakes:
        raise ProgramError(*mistakes)
    first = sources[0]
    return ast.Program(span=Span(first, 0, len(first.text)), statements=tuple(statements))


def _statements(
    source: Source, divided: Iterable[list[Token]], mistakes: list[Diagnostic]
) -> list[ast.Statement]:
    """The statements of these tokens, up to the tenth mistake. What is wrong goes to `mistakes`."""
    statements = []
    for tokens in divided:
        try:
            statements.append(_statement(source, tokens))
        except ProgramError as error:
            mistakes.extend(error.diagnostics)
            if len(mistakes) >= MAX_SHOWN:
                break
    return statements


def _statement(source: Source, tokens: list[Token]) -> ast.Statement:
    check_ends(source, tokens)
    if is_job(tokens):
        return _job(source, tokens)
    border = find_border(source, tokens)
    if border is None:
        span = Span(source, tokens[0].start, tokens[-1].end)
        return ast.Plain(span=span, sql=span.text)
    # Lark is loaded by the first statement that is not plain SQL.
    from sqlml.grammar.clauses import parse_clause

    return parse_clause(source, tokens, {0: ("QUERY", border)} if border else {})


def _job(source: Source, tokens: list[Token]) -> ast.CreateJob:
    from sqlml.grammar.clauses import parse_clause

    parts = job_parts(source, tokens)
    job = parse_clause(source, tokens, parts.wholes)
    assert isinstance(job, ast.CreateJob)
    mistakes = [nested_job(source, inner) for inner in parts.statements if is_job(inner)]
    statements = _statements(source, parts.statements, mistakes)
    if mistakes:
        raise ProgramError(*mistakes)
    return replace(job, program=ast.Program(span=parts.program, statements=tuple(statements)))


def _nul(source: Source) -> Diagnostic:
    at = source.text.index("\0")
    return Diagnostic(
        "E0116",
        "the text holds a NUL character",
        Span(source, at, at + 1),
        hint="is the file saved as UTF-16? save it as UTF-8",
    )
