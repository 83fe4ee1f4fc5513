"""PostgreSQL's text of arrays: `{1,NULL,"a b"}`, and arrays in arrays."""

import re
from collections.abc import Callable, Sequence
from typing import Any

Nested = list[Any]
"""Texts, None for NULL, and lists of these."""

_PIECE = re.compile(
    r'\s*(?:(?P<sign>[{},])|"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<bare>[^{},"\\]+?(?=\s*[{},])))\s*',
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parsed(text: str) -> Nested:
    """The elements of an array.

    Raises:
        ValueError: it is none.
    """
    opened, position, is_awaited = [Nested()], 0, True
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            raise ValueError(f"no array: {text}")
        position = piece.end()
        sign, own = piece["sign"], opened[-1]
        is_first = is_awaited and not own
        if is_awaited != (sign in (None, "{")) and not (sign == "}" and is_first):
            raise ValueError(f"no array: {text}")
        if sign == "{":
            opened.append(Nested())
        elif sign == "}" and len(opened) > 1:
            opened[-2].append(opened.pop())
        elif len(opened) == 1:
            raise ValueError(f"no array: {text}")
        elif sign is None:
            own.append(_value(piece))
        is_awaited = sign in ("{", ",")
    if len(opened) != 1 or not opened[0]:
        raise ValueError(f"no array: {text}")
    return list(opened[0][0])


def _value(piece: re.Match[str]) -> str | None:
    if piece["quoted"] is not None:
        return _ESCAPED.sub(r"\1", piece["quoted"])
    return None if piece["bare"].upper() == "NULL" else piece["bare"]


def depth(values: Sequence[object]) -> int:
    """How many dimensions there are."""
    return 1 + max((depth(each) for each in values if isinstance(each, list)), default=0)


def mapped(values: Nested, read: Callable[[str], object]) -> list[object]:
    """The elements, read one by one."""
    return [
        None if each is None else mapped(each, read) if isinstance(each, list) else read(each)
        for each in values
    ]
