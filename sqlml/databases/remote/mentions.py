"""Which remote tables a text of SQL names, and which of their columns: too many before too few."""

import re
from collections.abc import Iterable, Iterator, Mapping

_PART = r'(?:"(?:[^"]|"")+"|\w+)'
_WORD = re.compile(r"\w+")
_ALL_COLUMNS = re.compile(
    r"(?:\bSELECT|\bDISTINCT|\bALL|[,.(])\s*\*(?!\s*\))|\w\s*\(\s*\*\s*(?:EXCLUDE|REPLACE|RENAME)"
    r"|\bCOLUMNS\b|\bNATURAL\b|\bPIVOT\b|\bUNPIVOT\b|\bSUMMARIZE\b|\bTABLE\s+\S+\s*$",
    re.IGNORECASE,
)
_QUERY = re.compile(r"\bSELECT\b", re.IGNORECASE)
_FROM_FIRST = re.compile(
    r"(?:^|[(;]|\bAS|\bUNION|\bALL|\bEXCEPT|\bINTERSECT)\s*FROM\b", re.IGNORECASE
)
# Stars that ask for no column of a table: of what is counted, or of a query in brackets.
_EMPTY = re.compile(r"\bcount\s*\(\s*\*\s*\)|\*\s*(?=FROM\s*\(\s*(?:SELECT|WITH)\b)", re.IGNORECASE)
_CHANGE = (
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|MERGE\s+INTO"
    r"|(?:ALTER|DROP|COMMENT\s+ON)\s+\w+(?:\s+IF\s+EXISTS)?"
    r"|CREATE(?:\s+OR\s+REPLACE)?(?:\s+(?:UNIQUE|PERSISTENT))?\s+\w+(?:\s+IF\s+NOT\s+EXISTS)?)\s+"
)


class Names:
    """Finds the names of tables of attached databases."""

    def __init__(self, databases: Iterable[str]) -> None:
        listed = "|".join(rf'{re.escape(name)}|"{re.escape(name)}"' for name in databases)
        name = rf'(?<![\w."])(?:{listed})\s*(?:\.\s*{_PART}\s*){{1,2}}' if listed else r"(?!)"
        self._found = re.compile(name, re.IGNORECASE)
        self._changed = re.compile(rf"{_CHANGE}(?P<name>{name})" if listed else r"(?!)", re.I)

    def in_text(self, text: str) -> Iterator[str]:
        """What may be names, as written."""
        yield from (found[0].strip() for found in self._found.finditer(text))

    def changed(self, text: str) -> re.Match[str] | None:
        """Where a statement would write to a table; its group `name` is the table's name."""
        return self._changed.search(text)


def columns(text: str, names: Iterable[str]) -> frozenset[str]:
    """The columns, of those of a table, that a text may read."""
    text = _EMPTY.sub(" ", text)
    all_of_them = _ALL_COLUMNS.search(text) or _FROM_FIRST.search(text) or not _QUERY.search(text)
    if all_of_them:
        return frozenset(names)
    words = {word.casefold() for word in _WORD.findall(text)}
    return frozenset(
        name for name in names if name.casefold() in words or not _WORD.fullmatch(name)
    )


def with_views(text: str, views: Mapping[str, str]) -> str:
    """A text, and those of the views that it reads, by their names without schemas."""
    if not views:
        return text
    left, texts, words = dict(views), [text], _folded(text)
    while read := [name for name in left if name.casefold() in words]:
        for name in read:
            texts.append(left.pop(name))
            words |= _folded(texts[-1])
    return "\n".join(texts)


def _folded(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}
