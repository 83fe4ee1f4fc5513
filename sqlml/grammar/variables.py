"""`${name}` in a program's text, replaced by values given from outside (`--var name=value`)."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.source import Source, Span

_NO_VALUE = "E0190"
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")


def substitute(source: Source, variables: Mapping[str, str]) -> Source:
    """The source with every `${name}` replaced by its value, inside strings as well.

    Without any variable the text stays as it is.

    Raises:
        ProgramError: a name that has no value; the hint names the nearest one.
    """
    if not variables:
        return source
    faults = [
        Diagnostic(
            _NO_VALUE,
            f"variable `{match[1]}` has no value",
            Span(source, *match.span()),
            hint=did_you_mean(match[1], variables) or f"give it one: --var {match[1]}=VALUE",
        )
        for match in _VARIABLE.finditer(source.text)
        if match[1] not in variables
    ]
    if faults:
        raise ProgramError(*faults)
    return Source(source.name, _VARIABLE.sub(lambda match: variables[match[1]], source.text))


@contextmanager
def unfilled_told() -> Iterator[None]:
    """Mistakes of a program that are met at a `${name}` say how it is given a value."""
    try:
        yield
    except ProgramError as error:
        told = tuple(map(_with_hint, error.diagnostics))
        if told == error.diagnostics:
            raise
        raise ProgramError(*told) from error


def _with_hint(mistake: Diagnostic) -> Diagnostic:
    if mistake.span is None or mistake.code == _NO_VALUE:
        return mistake
    text, place = mistake.span.source.text, mistake.span.start
    first = text.rfind("$", 0, place + 1)
    found = _VARIABLE.match(text, first) if first >= 0 else None
    if found is None or place >= found.end():
        return mistake
    return replace(mistake, hint=f"give `{found[1]}` a value: --var {found[1]}=VALUE")
