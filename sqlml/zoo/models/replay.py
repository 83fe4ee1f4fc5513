"""Read a dataset several times, from memory when it is small."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from sqlml.zoo.model import Batch, Dataset

KEPT_BYTES = 32 * 2**20


class Replay:
    """The batches of a dataset, each matrix arranged by `arrange`; empty batches are left out.

    Up to `kept_bytes` of matrices are kept after the first complete pass; a larger dataset is read
    again in each pass.
    """

    def __init__(
        self,
        dataset: Dataset,
        arrange: Callable[[Any], Any],
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._dataset = dataset
        self._arrange = arrange
        self._kept_bytes = kept_bytes
        self._kept: list[Batch] | None = None

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._kept) if self._kept is not None else self._read()

    def _read(self) -> Iterator[Batch]:
        kept: list[Batch] = []
        room = self._kept_bytes
        for batch in self._dataset:
            if not batch.matrix.shape[0]:
                continue
            arranged = replace(batch, matrix=self._arrange(batch.matrix))
            room -= _bytes(arranged.matrix)
            if room >= 0:
                kept.append(arranged)
            else:
                kept.clear()
            yield arranged
        if room >= 0:
            self._kept = kept


def _bytes(matrix: Any) -> int:
    return int(matrix.nbytes if hasattr(matrix, "nbytes") else matrix.data.nbytes * 2)
