"""`${name}` in a program's text, replaced by values given from outside (`--var name=value`)."""

import re
from collections.abc import Mapping

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.source import Source, Span

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
            "E0190",
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
