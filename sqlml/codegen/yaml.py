"""YAML that every reader understands alike, Go's included: small, deterministic, linear.

A string is written plain only where nothing can take it for anything else; what looks like a
number to some reader (`1e3`, `0o14`, a commit hash such as `12345e7`) is quoted.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

_KEYWORDS = "y|n|yes|no|on|off|true|false|null|nan|inf"  # in any case
_is_plain = re.compile(
    rf"(?!(?=[YyNnOoTtFfIi])(?i:{_KEYWORDS})\Z)[A-Za-z_/][A-Za-z0-9_./-]*"  # most do not begin so
).fullmatch
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STEP = "  "
_LISTS = (list, tuple)
_MAPPINGS = (dict, Mapping)  # most are the former, which is told at once


def dump(value: Any) -> str:
    """A value made of mappings, lists, tuples, text, numbers, truth values and None as YAML.

    Raises:
        ValueError: a number that is not finite, or half a character.
        TypeError: a value of another type.
    """
    pieces: list[str] = []
    _block(value, "", pieces.append)
    return "".join(pieces)


def dump_all(values: Iterable[Any]) -> str:
    """Several documents in one file."""
    return "---\n".join(map(dump, values))


Write = Callable[[str], None]


def _block(value: Any, indent: str, write: Write) -> None:
    """Whole lines, all but the first of them indented."""
    if isinstance(value, str):
        write(f"{_text(value, indent or _STEP)}\n")
    elif isinstance(value, _LISTS) and value:
        before, inner = "- ", indent + _STEP
        for content in value:
            write(before)
            _block(content, inner, write)
            before = f"{indent}- "
    elif isinstance(value, _MAPPINGS) and value:
        before, inner = "", indent + _STEP
        for key, content in value.items():
            if isinstance(content, str):
                write(f"{before}{_key(key)}: {_text(content, inner)}\n")
            elif isinstance(content, _LISTS) and content:
                write(f"{before}{_key(key)}:\n{indent}")
                _block(content, indent, write)
            elif isinstance(content, _MAPPINGS) and content:
                write(f"{before}{_key(key)}:\n{inner}")
                _block(content, inner, write)
            else:
                write(f"{before}{_key(key)}: {_scalar(content)}\n")
            before = indent
    else:
        write(f"{_scalar(value)}\n")


@lru_cache(maxsize=1024, typed=True)
def _key(key: Any) -> str:
    return _scalar(key)


def _scalar(value: Any) -> str:
    match value:
        case str():
            return value if _is_plain(value) else _quoted(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            digits, e, exponent = repr(value).partition("e")
            return digits + ("" if "." in digits else ".0") + e + exponent
        case float():
            raise ValueError(f"{value} cannot be written")
        case Mapping():
            return "{}"
        case list() | tuple():
            return "[]"
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be written")


def _text(value: str, indent: str) -> str:
    """A string behind a key or a dash: several plain lines as a block, else as `_quoted`."""
    if _is_plain(value):
        return value
    if "\n" not in value or not _is_block(value):
        return _quoted(value)
    body = value.rstrip("\n")
    ends = len(value) - len(body)
    chomping = "-" if ends == 0 else "" if ends == 1 else "+"
    lines = (indent + line if line else "" for line in body.split("\n"))
    return f"|{chomping}\n" + "\n".join(lines) + "\n" * max(0, ends - 1)


def _is_block(value: str) -> bool:
    """Whether a block can hold it: its first line shows the indentation, and all can be seen."""
    first, line_end, rest = value.partition("\n")
    return (
        bool(line_end and first)
        and not first[0].isspace()
        and first.isprintable()
        and rest.replace("\n", "").isprintable()
    )


def _quoted(value: str) -> str:
    written = encode_basestring(value)
    if value.isprintable():
        return written
    if _SURROGATE.search(value):
        raise ValueError("half a character (a lone surrogate) cannot be written")
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", written)
