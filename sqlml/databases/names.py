"""Table and column names as SQL text."""

import re

from sqlml.quoting import identifier

_PART = re.compile(r'\s*(?:"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|([^."`]+))\s*(\.|$)')


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


def quoted(name: str) -> str:
    """A table's name with every part in double quotes: `db.t` and `"db".t` become `"db"."t"`."""
    return ".".join(identifier(part) for part in parts(name))
