"""Rows taken together: each alone, all as one, or those with the same value of a column."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Groups:
    """codes: the group of each row. first: the first row of each group, which stands for it."""

    codes: NDArray[np.int64]
    first: NDArray[np.int64]

    @property
    def count(self) -> int:
        return len(self.first)

    @property
    def are_rows(self) -> bool:
        return len(self.first) == len(self.codes)

    @classmethod
    def each(cls, rows: int) -> "Groups":
        """Every row is a group of its own."""
        numbers = np.arange(rows)
        return cls(numbers, numbers)

    @classmethod
    def all(cls, rows: int) -> "Groups":
        """All rows are one group."""
        return cls(np.zeros(rows, np.int64), np.zeros(1, np.int64))

    @classmethod
    def by(cls, column: pa.Array) -> "Groups":
        """One group per distinct value, in the order in which they come; NULL is one of them."""
        encoded = column.dictionary_encode(null_encoding="encode")
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        first = np.full(len(encoded.dictionary), len(codes))
        np.minimum.at(first, codes, np.arange(len(codes)))
        return cls(codes, first)
