"""The dimensions of lists in Arrow, which are arrays to PostgreSQL."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sqlml.connectors.postgres.failures import Refused

Numbers = npt.NDArray[np.int64]
_RAGGED = "2202E"


def depth_of(kind: pa.DataType) -> int:
    """How many lists are around a value; at least 1, as for what is no list."""
    depth = 0
    while _is_list(kind):
        depth, kind = depth + 1, kind.value_type
    return max(depth, 1)


def dimensions(column: pa.Array) -> tuple[Sequence[Numbers], pa.Array]:
    """The sizes of each row's array, dimension by dimension, and the elements of all of them.

    Raises:
        Refused: E1085 lists in one list have different lengths, or are NULL.
    """
    sizes: list[Numbers] = []
    counts = np.ones(len(column), np.int64)  # of the lists that are a row's, in this dimension
    while _is_list(column.type):
        if pa.types.is_fixed_size_list(column.type):
            column = column.cast(pa.list_(column.type.value_type))
        lengths = pc.fill_null(pc.list_value_length(column), -1 if sizes else 0)
        told = np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)
        first = np.zeros(len(counts), np.int64)
        first[counts > 0] = told[(np.cumsum(counts) - counts)[counts > 0]]
        if (told != np.repeat(first, counts)).any() or (told < 0).any():
            raise _ragged()
        sizes.append(first)
        counts = counts * first
        column = column.flatten()
    return sizes, column


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind))


def _ragged() -> Refused:
    message = "lists of different lengths, or NULL, in one list are no array of PostgreSQL"
    hint = "ask for text instead of binary, or for JSON: to_json(column)"
    return Refused(_RAGGED, message, hint=hint, code="E1085")
