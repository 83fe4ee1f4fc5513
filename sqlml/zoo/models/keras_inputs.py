"""From the rows of a matrix to the named inputs of a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.model import Part

NUMBERS = "numbers"
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Inputs:
    """What a network is fed: one matrix of numbers, and ids with weights for each of `looked_up`.

    parts: all of the matrix. looked_up: those whose ids are looked up in a table of vectors; the
    columns of the others are numbers. A row's ids are as many as the batch's longest row has, zeros
    with weight 0 at the end. Weights have the combiner in them: what is left to do is to add up.
    """

    parts: tuple[Part, ...]
    looked_up: tuple[Part, ...] = ()

    @property
    def width(self) -> int:
        """Of the matrix."""
        return max((part.stop for part in self.parts), default=0)

    @cached_property
    def number_columns(self) -> NDArray[np.int64]:
        """The matrix columns that are numbers."""
        dense = (np.arange(p.start, p.stop) for p in self.parts if p not in self.looked_up)
        return np.concatenate([np.empty(0, np.int64), *dense])

    def ids_name(self, part: Part) -> str:
        return f"ids_{self.parts.index(part)}"

    def weights_name(self, part: Part) -> str:
        return f"weights_{self.parts.index(part)}"

    def shapes(self) -> dict[str, tuple[int | None, str]]:
        """By name of an input the length of a row, None where it varies, and the type."""
        shapes: dict[str, tuple[int | None, str]] = {NUMBERS: (len(self.number_columns), "float32")}
        for part in self.looked_up:
            shapes[self.ids_name(part)] = (None, "int32")
            shapes[self.weights_name(part)] = (None, "float32")
        return shapes

    def arranged(self, matrix: Any) -> "Rows":
        """The rows of a matrix, dense or CSR, set up to be cut into batches."""
        if isinstance(matrix, np.ndarray):
            numbers = np.asarray(matrix[:, self.number_columns], dtype=np.float32)
        else:
            numbers = matrix[:, self.number_columns]
        return Rows(
            matrix.shape[0],
            numbers,
            {
                (self.ids_name(part), self.weights_name(part)): _bags(matrix, part)
                for part in self.looked_up
            },
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """count: how many rows. numbers: dense or CSR. bags: CSR by the names of ids and weights."""

    count: int
    numbers: Any
    bags: Mapping[tuple[str, str], Any]

    def cut(self, start: int, stop: int) -> Arrays:
        """The inputs of some of the rows."""
        numbers = self.numbers[start:stop]
        dense = numbers if isinstance(numbers, np.ndarray) else numbers.toarray()
        arrays = {NUMBERS: np.asarray(dense, dtype=np.float32)}
        for (ids, weights), bags in self.bags.items():
            arrays[ids], arrays[weights] = _padded(bags, start, min(stop, self.count))
        return arrays


def _bags(matrix: Any, part: Part) -> Any:
    """A part's entries as CSR, its values the weights that the combiner gives them.

    As TensorFlow's `safe_embedding_lookup_sparse`: `mean` divides by the sum of a row's weights,
    `sqrtn` by the root of the sum of their squares, and neither counts weights ≤ 0.
    """
    from scipy import sparse

    csr = sparse.csr_matrix(matrix[:, part.start : part.stop], dtype=np.float32)
    if part.combiner == "sum":
        return csr
    csr = csr.maximum(0)
    power = 1 if part.combiner == "mean" else 2
    total = np.asarray(csr.power(power).sum(axis=1), dtype=np.float32).ravel() ** (1 / power)
    return sparse.diags_array(1 / np.where(total > 0, total, 1)).astype(np.float32) @ csr


def _padded(bags: Any, start: int, stop: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Ids and weights, both of shape (rows, most entries of a row, at least 1)."""
    starts = bags.indptr[start : stop + 1]
    counts = np.diff(starts)
    is_used = np.arange(max(counts.max(initial=0), 1)) < counts[:, None]
    ids = np.zeros(is_used.shape, dtype=np.int32)
    weights = np.zeros(is_used.shape, dtype=np.float32)
    ids[is_used] = bags.indices[starts[0] : starts[-1]]
    weights[is_used] = bags.data[starts[0] : starts[-1]]
    return ids, weights
