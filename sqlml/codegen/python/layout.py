"""How lines of Python are written: in quotes, and over several where one is too long."""

import io
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 100
_INDENT = " " * 4


@dataclass(frozen=True, slots=True)
class Code:
    """A value that is known only when the script runs, as Python."""

    text: str


def quoted(text: str) -> str:
    """A text as Python, over lines where it has some."""
    if "\n" in text or ("'" in text and '"' in text):
        raw = "r" if "\\" in text else ""
        for mark in ('"""', "'''"):
            if "\r" not in text and mark not in text and not text.endswith((mark[0], "\\")):
                return f"{raw}{mark}{text}{mark}"
    told = repr(text)
    return f'"{told[1:-1]}"' if told[0] == "'" and '"' not in told and "\\'" not in told else told


def literal(value: Any) -> str:
    """A value as Python."""
    match value:
        case Code(text):
            return text
        case str():
            return quoted(value)
        case Mapping():
            return f"{{{', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items())}}}"
        case Sequence():
            return f"[{', '.join(map(literal, value))}]"
        case _:
            return repr(value)


def call(function: str, *arguments: str, **named: str) -> str:
    """A call; the arguments are Python already."""
    every = [*arguments, *(f"{name}={value}" for name, value in named.items())]
    return f"{function}({', '.join(every)})"


def laid_out(line: str) -> Iterator[str]:
    """A statement of one line, over several where it is too long.

    What its last brackets hold is indented, one part a line where all do not fit in one.
    """
    if len(line) <= WIDTH or "\n" in line:
        yield line
        return
    indent = line[: len(line) - len(line.lstrip())]
    pair = _last_pair(line)
    if pair is None:
        yield line
        return
    opened, closed = pair
    head, body, tail = line[: opened + 1], line[opened + 1 : closed], line[closed:]
    inner = indent + _INDENT
    yield head
    if len(inner + body) <= WIDTH:
        yield inner + body
    else:
        parts = _parts(body)
        for part in parts:
            *lines, last = laid_out(f"{inner}{part}")
            yield from lines
            yield f"{last}," if len(parts) > 1 else last
    yield indent + tail


def _last_pair(line: str) -> tuple[int, int] | None:
    """Where the last outermost brackets open and close."""
    pairs: list[tuple[int, int]] = []
    opened: list[int] = []
    for token in _operators(line):
        if token.string in "([{":
            opened.append(token.start[1])
        elif token.string in ")]}":
            start = opened.pop()
            if not opened and token.start[1] > start + 1:
                pairs.append((start, token.start[1]))
    return pairs[-1] if pairs else None


def _parts(body: str) -> list[str]:
    """What commas outside of brackets separate."""
    depth, start, parts = 0, 0, []
    for token in _operators(body):
        depth += (token.string in "([{") - (token.string in ")]}")
        if token.string == "," and depth == 0:
            parts.append(body[start : token.start[1]].strip())
            start = token.end[1]
    rest = body[start:].strip()
    return [*parts, rest] if rest else parts


def _operators(text: str) -> Iterator[tokenize.TokenInfo]:
    tokens = tokenize.generate_tokens(io.StringIO(f"{text.lstrip()}\n").readline)
    shift = len(text) - len(text.lstrip())
    for token in tokens:
        if token.type == tokenize.OP:
            yield token._replace(
                start=(token.start[0], token.start[1] + shift),
                end=(token.end[0], token.end[1] + shift),
            )
