"""What was found out about texts, kept for those that come again and again."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
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
