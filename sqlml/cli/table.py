"""Result sets drawn with lines, as wide as the terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import combining, east_asian_width

from sqlml.cli.values import as_cell, rows

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS = 40
_WIDEST_CELL = 50  # where there are so many columns that this is more than an equal share


@dataclass(frozen=True, slots=True)
class _Column:
    """cells: the heading, then the values."""

    cells: Sequence[str]
    is_numeric: bool = False

    @property
    def width(self) -> int:
        return max(map(_width, self.cells))

    def padded(self) -> list[str]:
        width = self.width
        return [_pad(cell, width, self.is_numeric) for cell in self.cells]


def draw(table: "pa.Table", width: int, most: int = SHOWN_ROWS) -> Iterator[str]:
    """The lines of a table: its first rows, and as many columns as fit in `width`."""
    shown = list(rows(table.slice(0, most)))
    widest = max(_WIDEST_CELL, (width - 1) // max(1, table.num_columns) - 3)
    columns = [
        _Column([_cut(as_cell(value), widest) for value in values], is_numeric(field.type))
        for field, values in (
            (field, (field.name, *(row[i] for row in shown)))
            for i, field in enumerate(table.schema)
        )
    ]
    count = _fitting([column.width for column in columns], width)
    if count < len(columns):
        first = (count + 1) // 2
        gap = _Column(["…"] * (len(shown) + 1))
        columns = [*columns[:first], gap, *columns[len(columns) - count + first :]]
    bars = ["─" * (column.width + 2) for column in columns]
    heading, *lines = zip(*(column.padded() for column in columns), strict=True)
    yield f"┌{'┬'.join(bars)}┐"
    yield f"│ {' │ '.join(heading)} │"
    yield f"├{'┼'.join(bars)}┤"
    for line in lines:
        yield f"│ {' │ '.join(line)} │"
    yield f"└{'┴'.join(bars)}┘"
    yield footer(table, count, most)


def footer(table: "pa.Table", shown_columns: int, most: int = SHOWN_ROWS) -> str:
    """How much there is, and how much of it is shown."""
    text = f"{table.num_rows:,} row{'' if table.num_rows == 1 else 's'}"
    if table.num_rows > most:
        text += f", the first {most:,} shown"
    if shown_columns < table.num_columns:
        text += f" · {table.num_columns} columns, {shown_columns} shown"
    return text


def is_numeric(kind: "pa.DataType") -> bool:
    """Whether values of a type are set flush right."""
    import pyarrow as pa

    types: Any = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _fitting(widths: Sequence[int], width: int) -> int:
    """How many columns are shown, taken from both ends, so that all lines fit; at least two."""
    if sum(widths) + 3 * len(widths) + 1 <= width:
        return len(widths)
    room = width - 5  # beside the border and the column that stands for those left out
    from_both_ends = [widths[-1 - i // 2 if i % 2 else i // 2] for i in range(len(widths))]
    for count, taken in enumerate(from_both_ends):
        room -= taken + 3
        if room < 0:
            return min(max(count, 2), len(widths))
    return len(widths)


def _cut(cell: str, widest: int) -> str:
    """A cell without the end that does not fit."""
    if _width(cell) <= widest:
        return cell
    kept, room = "", widest - 1
    for character in cell:
        room -= _width(character)
        if room < 0:
            break
        kept += character
    return f"{kept}…"


def _pad(text: str, width: int, flush_right: bool) -> str:
    blank = " " * (width - _width(text))
    return blank + text if flush_right else text + blank


def _width(text: str) -> int:
    """The terminal cells that a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        for character in text
    )
