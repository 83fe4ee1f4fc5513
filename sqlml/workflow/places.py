"""Where in the user's program a call stands, and what the function around it is called."""

import contextlib
import linecache
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType

from sqlml.errors import Diagnostic, ProgramError
from sqlml.source import Source, Span
from sqlml.workflow.ir import Place

_OURS = (f"{Path(__file__).parents[1]}{os.sep}", contextlib.__file__)
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_LONGEST = 50

Position = tuple[int | None, int | None, int | None, int | None]  # lines and columns, as Python has
_KEPT = 64
_positions: dict[int, tuple[CodeType, list[Position]]] = {}  # by a code's id: to find one is slow


@dataclass(frozen=True, slots=True)
class Caller:
    """The call of this package that is running.

    function: the function that makes the call; empty in a module or a lambda.
    """

    place: Place
    end_column: int | None
    function: str

    @property
    def span(self) -> Span:
        """The call's text, as far as it stands on its first line."""
        path = self.place.file
        source = Source(path, "".join(linecache.getlines(path)))
        lines = source.text.splitlines(keepends=True)
        if len(lines) < self.place.line:
            return Span(Source(path, "\n" * (self.place.line - 1)), self.place.line - 1, 0)
        line = lines[self.place.line - 1].rstrip()
        start = sum(map(len, lines[: self.place.line - 1]))
        end = len(line) if self.end_column is None else min(len(line), self.end_column)
        return Span(source, start + self.place.column - 1, start + end)


def caller() -> Caller:
    """The innermost call from outside of this package."""
    frame = next(_outside())
    line, end_line, column, end_column = _position(frame)
    ends_here = end_line == line
    file = _shown(frame.f_code.co_filename)
    place = Place(file, line or frame.f_lineno, (column or 0) + 1)
    return Caller(place, end_column if ends_here else None, _function(frame))


def fault(code: str, message: str, hint: str = "") -> ProgramError:
    """A mistake in the user's call that is running."""
    return ProgramError(Diagnostic(code, message, caller().span, hint=hint))


def kebab(name: str) -> str:
    """A name as steps and templates have it: `trainModel_2` is `train-model-2`."""
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3-\2\4", name)
    text = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    if not text[:1].isalpha():
        text = f"step-{text}"
    return text[:_LONGEST].rstrip("-")


def _outside() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    last = frame
    while frame is not None:
        last = frame
        if not frame.f_code.co_filename.startswith(_OURS):
            yield frame
        frame = frame.f_back
    if last is not None:
        yield last


def _position(frame: FrameType) -> Position:
    code = frame.f_code
    known = _positions.get(id(code))
    if known is None or known[0] is not code:
        if len(_positions) >= _KEPT:
            _positions.clear()
        known = _positions[id(code)] = code, [*code.co_positions()]
    return known[1][frame.f_lasti // 2]


def _function(frame: FrameType) -> str:
    inside: FrameType | None = frame
    while inside is not None and inside.f_code.co_name in _COMPREHENSIONS:
        inside = inside.f_back
    name = inside.f_code.co_name if inside else ""
    return "" if name.startswith("<") else name


def _shown(path: str) -> str:
    """Relative to the working folder where the file lies in it."""
    return _relative(path, os.getcwd())


@lru_cache
def _relative(path: str, folder: str) -> str:
    try:
        return str(Path(path).relative_to(folder))
    except ValueError:
        return path
