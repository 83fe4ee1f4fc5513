"""From the rows of a matrix to the named inputs of a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.features.blocks import Entries
from sqlml.zoo.model import Part

IDS_PER_ROW = 16  # that a look-up is thought to have
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Inputs:
    """What a network is fed: a matrix of numbers, and ids with weights for each of `looked_up`.

    parts: all of the matrix. looked_up: those whose ids are looked up in a table of vectors; the
    columns of the others are numbers, in one input per target: a zero where there are none, since
    not every layer and optimizer can do without any. A row's ids are as many as the
    batch's longest row has, zeros with weight 0 at the end. Weights have the combiner in them: what
    is left to do is to add up.
    """

    parts: tuple[Part, ...]
    looked_up: tuple[Part, ...] = ()

    @property
    def cells(self) -> int:
        """About as many numbers as a row has."""
        numbers = sum(_width(places) for places in self.numbers.values())
        return numbers + IDS_PER_ROW * len(self.looked_up) + 1

    @property
    def features(self) -> tuple[slice, ...]:
        """The matrix columns of each feature."""
        places = dict.fromkeys((part.start, part.stop) for part in self.parts)
        return tuple(slice(*place) for place in places)

    @cached_property
    def numbers(self) -> Mapping[str, tuple[slice, ...]]:
        """The matrix columns that are numbers, by the name of their input."""
        found: dict[str, list[slice]] = {numbers_name(part.target): [] for part in self.parts}
        for part in self.parts:
            places = found[numbers_name(part.target)]
            if part in self.looked_up:
                continue
            start = places.pop().start if places and places[-1].stop == part.start else part.start
            places.append(slice(start, part.stop))
        return {name: tuple(places) for name, places in found.items()}

    def ids_name(self, part: Part) -> str:
        return f"ids_{self.parts.index(part)}"

    def weights_name(self, part: Part) -> str:
        return f"weights_{self.parts.index(part)}"

    def shapes(self) -> dict[str, tuple[int | None, str]]:
        """By name of an input the length of a row, None where it varies, and the type."""
        shapes: dict[str, tuple[int | None, str]] = {
            name: (max(_width(places), 1), "float32") for name, places in self.numbers.items()
        }
        for part in self.looked_up:
            shapes[self.ids_name(part)] = (None, "int32")
            shapes[self.weights_name(part)] = (None, "float32")
        return shapes

    def arranged(self, matrix: Any) -> "Rows":
        """The rows of a matrix, dense or CSR, set up to be cut into batches."""
        numbers = {name: _columns(matrix, places) for name, places in self.numbers.items()}
        bags = {
            (self.ids_name(part), self.weights_name(part)): _bags(matrix, part)
            for part in self.looked_up
        }
        return Rows(matrix.shape[0], numbers, bags)


@dataclass(frozen=True, slots=True)
class Rows:
    """count: how many rows. numbers: dense or CSR, by name. bags: by the names of their inputs."""

    count: int
    numbers: Mapping[str, Any]
    bags: Mapping[tuple[str, str], Entries]

    def cut(self, start: int, stop: int) -> dict[str, NDArray[Any]]:
        """The inputs of some of the rows."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, numbers in self.numbers.items():
            some = numbers[start:stop]
            dense = some if isinstance(some, np.ndarray) else some.toarray()
            arrays[name] = np.asarray(dense, dtype=np.float32)
        for (ids, weights), bags in self.bags.items():
            arrays[ids], arrays[weights] = _padded(bags, start, min(stop, self.count))
        return arrays


def numbers_name(target: str) -> str:
    """The name of the input for a target's numbers."""
    return f"{target}_numbers" if target else "numbers"


def _width(places: tuple[slice, ...]) -> int:
    return sum(place.stop - place.start for place in places)


def _columns(matrix: Any, places: tuple[slice, ...]) -> Any:
    """Some columns of a matrix, dense or CSR."""
    if not _width(places):
        return np.zeros((matrix.shape[0], 1), dtype=np.float32)
    some = [matrix[:, place] for place in places]
    if len(some) == 1:
        return some[0]
    if isinstance(matrix, np.ndarray):
        return np.concatenate(some, axis=1)
    from scipy import sparse

    return sparse.hstack(some, format="csr")


def _bags(matrix: Any, part: Part) -> Entries:
    """The ids of each row, and the weights that the combiner gives them.

    As TensorFlow's `safe_embedding_lookup_sparse`: `mean` divides by the sum of a row's weights,
    `sqrtn` by the root of the sum of their squares, and neither counts weights ≤ 0. An id that a
    row has twice, but for a sequence, is one of twice the weight.
    """
    from scipy import sparse

    csr = sparse.csr_matrix(matrix[:, part.start : part.stop], dtype=np.float32)
    csr.eliminate_zeros()
    is_sequence = part.kind == "sequence"
    ids = csr.data.astype(np.int64) - 1 if is_sequence else csr.indices
    weights = np.ones_like(csr.data) if is_sequence else csr.data
    if part.combiner != "sum":
        rows = np.repeat(np.arange(csr.shape[0]), np.diff(csr.indptr))
        weights = np.maximum(weights, 0)
        power = 1 if part.combiner == "mean" else 2
        total = np.bincount(rows, weights**power, minlength=csr.shape[0]) ** (1 / power)
        weights = weights / np.where(total > 0, total, 1)[rows]
    return Entries(csr.indptr, ids, weights)


def _padded(bags: Entries, start: int, stop: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Ids and weights, both of shape (rows, most entries of a row, at least 1)."""
    starts = bags.starts[start : stop + 1]
    counts = np.diff(starts)
    is_used = np.arange(max(counts.max(initial=0), 1)) < counts[:, None]
    ids = np.zeros(is_used.shape, dtype=np.int32)
    weights = np.zeros(is_used.shape, dtype=np.float32)
    assert bags.values is not None
    ids[is_used] = bags.indices[starts[0] : starts[-1]]
    weights[is_used] = bags.values[starts[0] : starts[-1]]
    return ids, weights
