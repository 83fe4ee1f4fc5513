"""Offsets in a text to the lines and characters of the protocol, and back."""

from lsprotocol import types
from pygls.workspace import PositionCodec

from sqlml.source import Source, Span


class Positions:
    """codec: counts characters in the units that the editor has asked for."""

    def __init__(self, source: Source, codec: PositionCodec) -> None:
        self._source = source
        self._codec = codec
        self._lines = source.text.split("\n")

    def offset(self, position: types.Position) -> int:
        """The characters in front of a position."""
        if position.line >= len(self._lines):
            return len(self._source.text)
        before = sum(len(line) + 1 for line in self._lines[: position.line])
        found = self._codec.position_from_client_units(self._lines, position)
        return before + min(found.character, len(self._lines[position.line]))

    def position(self, offset: int) -> types.Position:
        """The position behind so many characters."""
        line, column = self._source.position(offset)
        before = self._lines[line - 1][: column - 1]
        return types.Position(line - 1, self._codec.client_num_units(before))

    def range(self, span: Span) -> types.Range:
        """The range of a span of the source."""
        return types.Range(self.position(span.start), self.position(span.end))
