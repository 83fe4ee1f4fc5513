"""What was found out about texts, kept for those that come again and again."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K")
_Function = Callable[Concatenate[str, P], T]

_MOST, _LONGEST = 512, 4096  # texts, and their characters


def remembered(function: _Function[P, T]) -> _Function[P, T]:
    """As functools.cache, of so many texts; long ones would fill the memory, and seldom come twice.

    What the function gives must not be changed.
    """
    known = lru_cache(maxsize=_MOST)(function)

    @wraps(function)
    def find(text: str, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if len(text) > _LONGEST:
            return function(text, *args, **kwargs)
        return known(text, *args, **kwargs)  # type: ignore[arg-type]

    return find


class Kept(Generic[K, T]):
    """What was found out about texts, as long as names stand for the same. Threads may share it."""

    def __init__(self) -> None:
        self._found: dict[K, tuple[object, T]] = {}

    def known(self, version: object, key: K) -> T | None:
        """What is known already."""
        of, found = self._found.get(key, (None, None))
        return found if of == version else None

    def get(self, version: object, key: K, text: str, find: Callable[[], T]) -> T:
        """What is known under a key, or else what `find` gives, which is not None.

        version: another one once names may stand for something else. text: that it is about.
        """
        known = self.known(version, key)
        if known is not None:
            return known
        found = find()
        if len(text) <= _LONGEST:
            if len(self._found) >= _MOST:
                self._found.clear()
            self._found[key] = (version, found)
        return found
