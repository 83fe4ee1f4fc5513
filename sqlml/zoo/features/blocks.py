"""What a feature gives for a batch of rows: dense numbers, or few entries in many columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Entries:
    """Rows of mostly zeros: row i has [starts[i], starts[i + 1]) of `indices` and `values`.

    values: None where all are 1. An index that a row has twice counts twice.
    """

    starts: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: Numbers | None = None

    def write(self, out: Numbers) -> None:
        """Fill the dense (rows, width) array `out`."""
        out[:] = 0
        counts = np.diff(self.starts)
        rows = np.repeat(np.arange(len(out)), counts)
        values = 1 if self.values is None else self.values
        if counts.max(initial=0) <= 1:  # nothing to add up, which is many times as fast
            out[rows, self.indices] = values
        else:
            np.add.at(out, (rows, self.indices), values)

    def csr(self, width: int, dtype: str) -> Any:
        """The same as a scipy CSR matrix of shape (rows, width), indices ascending."""
        from scipy import sparse

        values = np.ones(len(self.indices)) if self.values is None else self.values
        shape = (len(self.starts) - 1, width)
        matrix = sparse.csr_matrix(
            (values.astype(dtype), self.indices, self.starts), shape=shape, copy=True
        )
        matrix.sum_duplicates()
        return matrix


# (rows,) for one column, (rows, width) for several.
Block = Numbers | Entries


def one_per_row(ids: NDArray[np.int64]) -> Entries:
    """A 1 at each row's id; nothing where it is negative."""
    known = ids >= 0
    return Entries(row_starts(known), ids[known] if not known.all() else ids)


def several_per_row(ids: NDArray[np.int64]) -> Entries:
    """A 1 at each of a row's ids, shape (rows, k); nothing where they are negative."""
    known = ids >= 0
    return Entries(row_starts(known.sum(axis=1)), ids[known])


def row_starts(counts: NDArray[Any]) -> NDArray[np.int64]:
    """Where each row's entries start, and where the last one's end, from their number per row."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def write_block(block: Block, out: Numbers) -> None:
    """Put a block into its columns of the dense matrix."""
    if isinstance(block, Entries):
        block.write(out)
    elif block.ndim == 1:
        out[:, 0] = block
    else:
        out[:] = block


def csr_of_block(block: Block, width: int, dtype: str) -> Any:
    """A block as CSR. Zeros of a dense one stay entries: to XGBoost an absent entry is missing."""
    from scipy import sparse

    if isinstance(block, Entries):
        return block.csr(width, dtype)
    rows = len(block)
    starts = np.arange(rows + 1) * width
    indices = np.tile(np.arange(width), rows)
    values = np.ascontiguousarray(block, dtype=dtype).reshape(-1)
    return sparse.csr_matrix((values, indices, starts), shape=(rows, width))
