"""Text and positions in it: what every syntax node and every diagnostic points at."""

from bisect import bisect_right
from dataclasses import dataclass, field
from re import finditer


@dataclass(frozen=True, eq=False)
class Source:
    """A named text. `name` is what errors show: a file's path, `<command>` or `<stdin>`.

    A byte order mark in front is dropped: it has no column.

    origin: what it was made of, with the same lines, which errors show.
    """

    name: str
    text: str
    origin: "Source | None" = None
    _line_starts: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text.removeprefix("\ufeff"))
        starts = [0, *(line_end.end() for line_end in finditer("\n", self.text))]
        object.__setattr__(self, "_line_starts", starts)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character offset, both counted from 1, in characters."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    @property
    def written(self) -> "Source":
        """What its author has written."""
        return self if self.origin is None else self.origin.written

    def line(self, number: int) -> str:
        """The text of a line (counted from 1) as it was written, without its line end."""
        if self.origin is not None:
            return self.origin.line(number)
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """The characters [start, end) of a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def place(self) -> str:
        """`file:line:column` of the first character."""
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"

    def __repr__(self) -> str:
        return f"Span({self.place})"
