"""Names and queries as parts of larger SQL."""

import re
from collections.abc import Iterable

_PART = re.compile(r'\s*(?:"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|([^."`]+))\s*(\.|$)')


def identifier(name: str) -> str:
    """One name in double quotes, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in single quotes, as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def as_written(name: str) -> str:
    """One name as a person would write it: in quotes only where it needs them."""
    return name if name.isidentifier() else identifier(name)


def unused(name: str, taken: Iterable[str]) -> str:
    """The name, or one like it that no column has."""
    folded = {column.casefold() for column in taken}
    while name in folded:
        name += "_"
    return name


def select_from(expressions: str, query: str) -> str:
    """A query over a query."""
    return f"SELECT {expressions} FROM {subquery(query)}"


def subquery(query: str) -> str:
    """A query as something to select from, called `sqlml_rows`."""
    # the line end keeps a comment at the query's end from eating the bracket
    return f"({query}\n) AS sqlml_rows"


def parts(name: str) -> tuple[str, ...]:
    """The parts of a dotted name without their quotes; a name that cannot be split is one part."""
    found: list[str] = []
    position, dot = 0, "."
    while dot:
        match = _PART.match(name, position)
        if match is None:
            return (name,)
        double, backtick, bare, dot = match.groups()
        if double is not None:
            found.append(double.replace('""', '"'))
        elif backtick is not None:
            found.append(backtick.replace("``", "`"))
        else:
            found.append(bare.strip())
        position = match.end()
    return tuple(found)
