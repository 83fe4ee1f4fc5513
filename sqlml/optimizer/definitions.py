"""The macros and types that a text of SQL uses, and whether they depend on anything else."""

import re
from collections.abc import Sequence

from sqlml.databases.database import Definition
from sqlml.grammar.queries import analyse
from sqlml.workflow.hashing import digest

_WORD = re.compile(r"\w+")
_QUERY = re.compile(r"\s*(FROM|SELECT|VALUES|WITH)\b", re.IGNORECASE)


def digest_of_used(text: str, definitions: Sequence[Definition]) -> str | None:
    """A digest of the definitions whose names stand in the text, and of those that they use.

    Empty without any. None: one of them reads tables or files, or gives other values each time.
    """
    if not definitions:
        return ""
    words = _words(text)
    used: list[Definition] = []
    left = [*definitions]
    while found := [one for one in left if one.name.casefold() in words]:
        used += found
        left = [one for one in left if one not in found]
        words |= _words(" ".join(one.query for one in found))
    if not all(map(_is_pure, used)):
        return None
    return digest(sorted([one.name, one.query, one.about] for one in used)) if used else ""


def _is_pure(definition: Definition) -> bool:
    query = definition.query
    if not query:
        return True
    facts = analyse(query if _QUERY.match(query) else f"SELECT {query}")
    return facts.parsed and facts.deterministic and not (facts.reads or facts.files)


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}
