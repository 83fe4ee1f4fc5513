"""Read a dataset several times though it is made once: from memory when small, else from a file."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

import numpy as np

from sqlml.zoo.model import Batch, Dataset


class Replay:
    """The batches of a dataset, each matrix arranged by `arrange`; empty batches are left out.

    Up to `kept_bytes` of matrices are kept in memory; what is larger goes to a file in `folder` as
    it is read for the first time, and later passes read that. Sparse matrices are made again.
    """

    kept_bytes = 32 * 2**20

    def __init__(self, dataset: Dataset, arrange: Callable[[Any], Any], folder: Path) -> None:
        self._dataset = dataset
        self._arrange = arrange
        self._folder = folder
        self._kept: list[Batch] | None = None
        self._spool: Path | None = None

    def __iter__(self) -> Iterator[Batch]:
        if self._kept is not None:
            return iter(self._kept)
        return _read(self._spool) if self._spool is not None else self._first()

    def _first(self) -> Iterator[Batch]:
        kept: list[Batch] = []
        room = self.kept_bytes
        spooled = True
        with NamedTemporaryFile(dir=self._folder, prefix="batches-", delete=False) as file:
            for made in self._dataset:
                if not made.matrix.shape[0]:
                    continue
                batch = replace(made, matrix=self._arrange(made.matrix))
                spooled &= isinstance(batch.matrix, np.ndarray)
                room -= _bytes(batch.matrix)
                kept.append(batch)
                if room < 0:
                    if spooled:
                        _write(file, kept)
                    kept.clear()
                yield batch
        if room >= 0:
            self._kept = kept
        elif spooled:
            self._spool = Path(file.name)
        if self._spool is None:
            Path(file.name).unlink()


def _write(file: IO[bytes], batches: list[Batch]) -> None:
    for batch in batches:
        for item in fields(Batch):
            array = getattr(batch, item.name)
            np.lib.format.write_array(
                file, np.empty(0) if array is None else array, allow_pickle=False
            )


def _read(path: Path) -> Iterator[Batch]:
    end = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        while file.tell() < end:
            matrix = np.lib.format.read_array(file, allow_pickle=False)
            rest = (np.lib.format.read_array(file, allow_pickle=False) for _ in fields(Batch)[1:])
            yield Batch(matrix, *(array if len(array) else None for array in rest))


def _bytes(matrix: Any) -> int:
    return int(matrix.nbytes if hasattr(matrix, "nbytes") else matrix.data.nbytes * 2)
