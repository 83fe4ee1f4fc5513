"""Literals between their spelling and their value, in both directions."""

import math
import re

MAX_INTEGER = 2**64 - 1
CURLY_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u201a"
"""What word processors make of quotes. To SQL they are letters."""


def string_value(text: str) -> str:
    """What a string or quoted name stands for: `'it''s'`, `"it's"`, `'it\\'s'`, `$$it's$$`.

    A backslash escapes a quote and itself; before anything else it is a backslash (`"c\\d+"`).
    """
    if text.startswith("$"):
        tag = text.index("$", 1) + 1
        return text[tag:-tag]
    if text.startswith("`"):
        return text[1:-1].replace("``", "`")
    text = text[2:] if text[0] in "eE" else text[1:]
    quote, text = text[-1], text[:-1]
    if "\\" not in text and quote not in text:
        return text
    return re.sub(rf"\\(['\"\\])|{quote}{quote}", lambda found: found[1] or quote, text)


def quoted_string(value: str) -> str:
    """A string literal for a TO clause."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """A quoted identifier for a TO clause."""
    return '"' + name.replace("\\", "\\\\").replace('"', '""') + '"'


def number_value(text: str) -> int | float:
    """The value of a number without a sign: an int when only digits are written.

    Raises:
        OverflowError: it fits neither a 64-bit integer nor a float.
    """
    if not text.isdigit():
        value = float(text)
        if value == math.inf:
            raise OverflowError(text)
        return value
    digits = text.lstrip("0") or "0"
    if len(digits) > 20 or int(digits) > MAX_INTEGER:
        raise OverflowError(text)
    return int(digits)
