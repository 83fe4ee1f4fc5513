"""Rows as the lines of COPY, and lines as rows: in text and in CSV."""

import re
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sqlml.connectors.postgres import messages
from sqlml.connectors.postgres.copying import Copy
from sqlml.connectors.postgres.failures import Refused

_WRITTEN = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_READ = (("\\b", "\b"), ("\\f", "\f"), ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\v", "\v"))
_BACKSLASH = "\x00"  # stands for one while others are read: no text has it
_END = b"\\.\n"
_BLOCK = 1 << 20  # bytes that are read at a time


def lines(columns: Sequence[pa.Array], names: Sequence[str], copy: Copy) -> pa.Array:
    """The lines of rows, of which the values are text already."""
    values = [
        _quoted(column.cast(pa.string()), name, copy)
        if copy.form == "csv"
        else _escaped(column.cast(pa.string()), copy)
        for column, name in zip(columns, names, strict=True)
    ]
    joined = pc.binary_join_element_wise(*values, pa.scalar(copy.delimiter))
    return pc.binary_join_element_wise(joined, pa.scalar("\n"), pa.scalar("")).cast(pa.binary())


def begin(copy: Copy, names: Sequence[str]) -> Sequence[bytes]:
    """The messages in front of rows that go out. names: of the columns."""
    is_binary = copy.form == "binary"
    first = messages.BINARY_BEGIN if is_binary else b""
    if copy.has_header and not is_binary:
        plain = [pa.array([name]) for name in names]
        (first,) = lines(plain, [""] * len(names), copy).to_pylist()
    return [messages.copying(b"H", len(names), int(is_binary)), messages.copy_data(first)]


def end(copy: Copy) -> Sequence[bytes]:
    """The messages behind them."""
    last = messages.BINARY_END if copy.form == "binary" else b""
    return [messages.copy_data(last), messages.COPY_DONE]


def _escaped(column: pa.Array, copy: Copy) -> pa.Array:
    for character, written in _WRITTEN:
        column = pc.replace_substring(column, character, written)
    if copy.delimiter != "\t":
        column = pc.replace_substring(column, copy.delimiter, f"\\{copy.delimiter}")
    return pc.fill_null(column, copy.null)


def _quoted(column: pa.Array, name: str, copy: Copy) -> pa.Array:
    quote, escape = copy.quote, copy.escape or copy.quote
    if "*" in copy.forced or name.casefold() in map(str.casefold, copy.forced):
        needed = pc.is_valid(column)
    else:
        special = f"[{re.escape(copy.delimiter + quote)}\r\n]|^\\\\\\.$"
        needed = pc.or_(pc.match_substring_regex(column, special), pc.equal(column, copy.null))
    inner = column
    for character in dict.fromkeys((escape, quote)):
        inner = pc.replace_substring(inner, character, escape + character)
    mark = pa.scalar(quote)
    wrapped = pc.binary_join_element_wise(mark, inner, mark, pa.scalar(""))
    return pc.fill_null(pc.if_else(needed, wrapped, column), copy.null)


def rows(file: IO[bytes], columns: Sequence[str], copy: Copy) -> Iterator[pa.RecordBatch]:
    """What a client has sent, as text in these columns, batch by batch.

    Raises:
        Refused: a line has more or fewer values.
    """
    from pyarrow import csv

    _drop_end(file)
    names = [f"c{i}" for i in range(len(columns))]
    is_csv = copy.form == "csv"
    escape: str | bool = copy.escape if is_csv and copy.escape not in ("", copy.quote) else False
    try:
        reader = csv.open_csv(
            file,
            csv.ReadOptions(
                column_names=names, skip_rows=int(copy.has_header), block_size=_block(file),
                use_threads=False,
            ),
            csv.ParseOptions(
                delimiter=copy.delimiter, quote_char=copy.quote if is_csv else False,
                double_quote=is_csv, escape_char=escape, newlines_in_values=is_csv,
                ignore_empty_lines=False,
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[copy.null],
                strings_can_be_null=True, quoted_strings_can_be_null=False,
            ),
        )  # fmt: skip
        for batch in reader:
            yield _filled(batch, columns, copy) if is_csv else _unescaped(batch)
    except pa.ArrowInvalid as error:
        if "Empty CSV file" not in str(error):
            raise Refused("22P04", f"COPY: {error}") from error


def _block(file: IO[bytes]) -> int:
    """How many bytes to read at a time, so that each line is within two of them."""
    longest = length = 0
    while content := file.read(_BLOCK):
        ends = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))
        if ends.size == 0:
            length += len(content)
            continue
        longest = max(longest, length + int(ends[0]), int(np.diff(ends).max(initial=0)))
        length = len(content) - int(ends[-1])
    file.seek(0)
    return max(_BLOCK, longest, length)


def _filled(batch: pa.RecordBatch, columns: Sequence[str], copy: Copy) -> pa.RecordBatch:
    filled = set(map(str.casefold, copy.filled))
    values = [
        pc.fill_null(column, copy.null) if name.casefold() in filled else column
        for column, name in zip(batch.columns, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(values, names=batch.schema.names)


def _drop_end(file: IO[bytes]) -> None:
    """Leave the line out that psql sends at the end."""
    size = file.seek(0, 2)
    file.seek(max(size - len(_END) - 1, 0))
    tail = file.read()
    if tail in (_END, b"\n" + _END):
        file.truncate(size - len(_END))
    file.seek(0)


def _unescaped(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [_plain(column) for column in batch.columns], names=batch.schema.names
    )


def _plain(column: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring(column, "\\")).as_py():
        return column
    column = pc.replace_substring(column, "\\\\", _BACKSLASH)
    for written, character in _READ:
        column = pc.replace_substring(column, written, character)
    column = pc.replace_substring_regex(column, r"\\(.)", r"\1")
    return pc.replace_substring(column, _BACKSLASH, "\\")
