"""Whose rows a program will have changed by the time that one of its statements runs."""

import re
from collections.abc import Mapping

_WORD = re.compile(r"\w+")


class ChangedRows:
    """The words that name what earlier statements change; too many rather than too few."""

    def __init__(self) -> None:
        self._words: set[str] = set()

    def add(self, text: str) -> None:
        """text: the name of what is changed or, where nobody knows which that is, all of it."""
        self._words |= _words(text)

    def may_be_in(self, query: str, views: Mapping[str, str]) -> bool:
        """Whether a query reads something that has changed, or a view that does."""
        words, left = _words(query), {name: _words(name) for name in views}
        while read := [name for name, named in left.items() if named <= words]:
            for name in read:
                words |= _words(views[name])
                del left[name]
        return not words.isdisjoint(self._words)


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}
