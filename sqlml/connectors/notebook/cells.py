"""What a cell says, with the notebook's variables in it."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.grammar.tokens import Token, scan
from sqlml.source import Source, Span

# In front of a `:name`. After a word it is a path (`binary:logistic`), after `[` a slice.
_BEFORE_NAME = frozenset(" \t\r\n(,=<>+-*/%|")


def bound(source: Source, variables: Mapping[str, Any]) -> Source:
    """The cell with `{{ … }}` filled in and every `:name` replaced by the variable's value, as SQL.

    Raises:
        ProgramError: E0890 a variable is not there; E0891 SQL has no such value; E0892 the template
            is wrong.
    """
    source = _filled(source, variables)
    names = list(_names(source.text))
    unknown = [name for name in names if name.text not in variables]
    if unknown:
        raise ProgramError(*(_missing(source, name, variables) for name in unknown))
    parts, done = [], 0
    for name in names:
        parts += [source.text[done : name.start - 1], _value(source, name, variables[name.text])]
        done = name.end
    return Source(source.name, "".join(parts) + source.text[done:])


def words(text: str) -> set[str]:
    """The names that stand in a program as they are, in lower case."""
    named = (token for token in scan(text) if token.kind in ("word", "quoted"))
    return {token.text.strip('"').casefold() for token in named}


def _names(text: str) -> Iterator[Token]:
    """The names that a `:` stands before; `::` is a cast."""
    colon: Token | None = None
    for token in scan(text):
        is_bound = colon is not None and token.kind == "word" and token.start == colon.end
        if is_bound and token.text.isidentifier():
            yield token
        before = text[token.start - 1 : token.start]
        is_first = token.text == ":" and (not before or before in _BEFORE_NAME)
        colon = token if is_first else None


def _value(source: Source, name: Token, value: Any) -> str:
    from sqlml.connectors.dbapi.literals import written

    if isinstance(value, float) and isfinite(value):  # as attributes in WITH are written, too
        return repr(value) if "e" in repr(value) else f"{value!r}e0"
    text = written(value)
    if text is None:
        message = f"`{name.text}` is of type {type(value).__name__}, which SQL has no literal for"
        hint = "numbers, text, bytes, dates and lists are values; a table is named: `FROM frame`"
        raise ProgramError(Diagnostic("E0891", message, _span(source, name), hint=hint))
    return text


def _missing(source: Source, name: Token, variables: Mapping[str, Any]) -> Diagnostic:
    known = [known for known in variables if not known.startswith("_")]
    hint = did_you_mean(name.text, known) or f"set it in a cell before: `{name.text} = …`"
    message = f"there is no variable `{name.text}`"
    return Diagnostic("E0890", message, _span(source, name), hint=hint)


def _span(source: Source, name: Token) -> Span:
    return Span(source, name.start - 1, name.end)


def _filled(source: Source, variables: Mapping[str, Any]) -> Source:
    if "{{" not in source.text and "{%" not in source.text:
        return source
    try:
        from jinja2 import Environment, StrictUndefined, TemplateError
    except ImportError as error:
        message, hint = "templates need Jinja, which is not here", 'pip install "sqlml[notebook]"'
        raise ProgramError(Diagnostic("E0706", message, hint=hint)) from error

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    try:
        text = environment.from_string(source.text).render(variables)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        start = sum(map(len, source.text.splitlines(keepends=True)[: (line or 1) - 1]))
        text = source.text[start:].split("\n", 1)[0]
        at = Span(source, start, start + len(text)) if line else None
        raise ProgramError(Diagnostic("E0892", f"the template is wrong: {error}", at)) from error
    return Source(source.name, text)
