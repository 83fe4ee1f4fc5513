"""Batches of rows as the bytes of DataRow messages, and as what COPY sends."""

import struct
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.postgres.cells import (
    binary,
    fixed,
    in_front,
    joined,
    large,
    lengths_of,
    places_of,
)
from sqlml.connectors.postgres.copying import Copy
from sqlml.connectors.postgres.dimensions import depth_of
from sqlml.connectors.postgres.lines import lines
from sqlml.connectors.postgres.messages import Format
from sqlml.connectors.postgres.texts import expression, from_arrow
from sqlml.connectors.postgres.types import BIGNUM, TEXT, UHUGEINT, VARCHAR, VECTORS, Type

Convert = Callable[[pa.Table, Sequence[str]], pa.Table]
"""A table and expressions of DuckDB's SQL over it to their values."""


def converting(connection: Connection) -> Convert:
    """What a connection's database makes of a table, beside all that the connection does."""

    def convert(table: pa.Table, expressions: Sequence[str]) -> pa.Table:
        with connection.client.beside() as beside:
            named = [f"{written} AS c{i}" for i, written in enumerate(expressions)]
            return beside.from_arrow(table).project(", ".join(named)).to_arrow_table()

    return convert


class RowEncoder:
    """Encodes the batches of one result. types: of its columns; formats: 0 text, 1 binary."""

    def __init__(self, types: Sequence[Type], formats: Sequence[Format], convert: Convert) -> None:
        self._types = types
        self._formats = formats
        self._convert = convert

    def data_rows(self, batch: pa.RecordBatch, kind: bytes = b"D") -> memoryview:
        """The messages of all rows, one behind the other."""
        rows, batch = batch.num_rows, self._told(batch)
        if not self._types:
            return memoryview((kind + struct.pack("!ih", 6, 0)) * rows)
        texts = self._texts(batch, [i for i, chosen in enumerate(self._formats) if chosen == 0])
        cells, sizes = [], np.zeros(rows, np.int32)
        for i, column in enumerate(batch.columns):
            values = texts[i] if i in texts else binary(column, self._types[i])
            lengths = lengths_of(values)
            cells += [in_front(lengths), pc.fill_null(values, b"") if values.null_count else values]
            sizes += np.maximum(lengths, 0) + 4
        return _data(joined(_heads(kind, sizes, struct.pack("!h", len(self._types))), *cells))

    def _told(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What PostgreSQL has no type for, and so no binary format, as text."""
        kinds = zip(batch.schema.types, self._types, self._formats, strict=True)
        wanted = [
            i for i, (arrow, kind, own) in enumerate(kinds) if own and _is_foreign(arrow, kind)
        ]
        if not wanted:
            return batch
        named = pa.table([batch.column(i) for i in wanted], [f"c{i}" for i in wanted])
        several = [
            "[]" * depth_of(batch.column(i).type) if self._types[i].element else "" for i in wanted
        ]
        casts = [f"CAST(c{i} AS VARCHAR{end})" for i, end in zip(wanted, several, strict=True)]
        columns = batch.columns
        for i, column in zip(wanted, self._convert(named, casts).columns, strict=True):
            columns[i] = column.combine_chunks()
        return pa.RecordBatch.from_arrays(columns, [f"c{i}" for i in range(len(columns))])

    def copied(self, batch: pa.RecordBatch, copy: Copy, names: Sequence[str]) -> memoryview:
        """The messages of all rows as COPY sends them. names: of the columns."""
        if copy.form == "binary":
            return self.data_rows(batch, b"d")
        texts = self._texts(batch, range(len(self._types)))
        ended = lines([texts[i] for i in range(len(texts))], names, copy)
        return _data(joined(_heads(b"d", pc.binary_length(ended).to_numpy(), b""), ended))

    def _texts(self, batch: pa.RecordBatch, wanted: Sequence[int]) -> dict[int, pa.Array]:
        """The columns as PostgreSQL writes their values, as bytes."""
        told = {
            i: (large if self._types[i] in (UHUGEINT, BIGNUM) else from_arrow)(batch.column(i))
            for i in wanted
        }
        left = [i for i, text in told.items() if text is None]
        if left:
            named = pa.table([batch.column(i) for i in left], [f"c{i}" for i in left])
            depths = [depth_of(batch.column(i).type) for i in left]
            written = [
                expression(f"c{i}", self._types[i], depth)
                for i, depth in zip(left, depths, strict=True)
            ]
            for i, column in zip(left, self._convert(named, written).columns, strict=True):
                told[i] = (
                    pa.concat_arrays(column.chunks) if column.num_chunks != 1 else column.chunk(0)
                )
        return {i: text.view(pa.binary()) for i, text in told.items() if text is not None}


def _is_foreign(arrow: pa.DataType, kind: Type) -> bool:
    """Whether values that are told as text are something else."""
    if kind in VECTORS.values():
        return False
    if kind.element is not None:
        for _ in range(depth_of(arrow)):
            arrow = arrow.value_type
        return _is_foreign(arrow, kind.element)
    is_text = kind in (TEXT, VARCHAR)
    return is_text and bool(pa.types.is_nested(arrow) or pa.types.is_temporal(arrow))


def _heads(kind: bytes, sizes: npt.NDArray[np.integer], further: bytes) -> pa.Array:
    """What stands in front of the messages of rows: their kind, how long they are, and further."""
    rows, width = len(sizes), 5 + len(further)
    head = np.empty((rows, width), np.uint8)
    head[:, 0] = ord(kind)
    head[:, 1:5] = (sizes + width - 1).astype(">i4").view(np.uint8).reshape(rows, 4)
    head[:, 5:] = np.frombuffer(further, np.uint8)
    return fixed(head)


def _data(rows: pa.Array) -> memoryview:
    """The bytes of all values of an array."""
    if not len(rows):
        return memoryview(b"")
    places = places_of(rows)
    return memoryview(rows.buffers()[2])[places[0] : places[-1]]
