"""Rows in the form that LightGBM trains on, without holding more of them than it needs."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.model import Batch, Dataset, FitJob
from sqlml.zoo.models.booster_job import RowFacts, check_group
from sqlml.zoo.models.feature_names import safe_names
from sqlml.zoo.models.lean_import import import_lean
from sqlml.zoo.models.replay import Replay

lightgbm = import_lean("lightgbm")

FORBIDDEN = re.compile(r'[\s",:\[\]{}]')


def build(
    dataset: Dataset,
    job: FitJob,
    parameters: Mapping[str, Any],
    *,
    streamed: bool,
    reference: Any = None,
) -> Any:
    """A LightGBM dataset; `reference` is the training rows' when these validate.

    streamed: read the rows three times (facts, a sample to find the bins, all of them) and keep
    only the bins, a byte or two per value. Sparse rows are held as a whole.

    Raises:
        StepError: ranking without groups.
    """
    replay = Replay(dataset, _by_rows, job.folder)
    facts = _facts(replay, job) if streamed else None
    rows: Any
    if facts is not None:
        rows = [_Rows(replay, sum(len(part) for part in facts.labels))]
    else:
        whole = dataset.whole()
        check_group(job, whole)
        facts = RowFacts()
        facts.add(whole)
        rows = whole.matrix if isinstance(whole.matrix, np.ndarray) else _csr(whole.matrix)
    built = lightgbm.Dataset(
        rows,
        facts.label,
        reference=reference,
        weight=facts.weight,
        group=facts.group_sizes if job.task == "ranking" else None,
        feature_name=safe_names(dataset.names, FORBIDDEN),
        categorical_feature=[i for i, kind in enumerate(dataset.types) if kind == "c"],
        params=dict(parameters),
    )
    return built if job.base is not None else built.construct()


def _facts(replay: Replay, job: FitJob) -> RowFacts | None:
    """What is known about the rows besides their features; None when they are sparse."""
    facts = RowFacts()
    for batch in replay:
        if not isinstance(batch.matrix, np.ndarray):
            return None
        check_group(job, batch)
        facts.add(batch)
    return facts


class _Rows(lightgbm.Sequence):  # type: ignore[misc, name-defined]
    """The rows of a stream, by number.

    LightGBM asks for single rows in ascending order, to find the bins, then for slices in ascending
    order, so that reading forward is enough; asking for an earlier row starts anew.
    """

    batch_size = 65536

    def __init__(self, replay: Replay, length: int) -> None:
        self._replay = replay
        self._length = length
        self._batches: Iterator[Batch] = iter(())
        self._block: NDArray[Any] = np.empty((0, 0))
        self._start = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> NDArray[Any]:
        if not isinstance(index, slice):
            self._advance(index)
            row: NDArray[Any] = self._block[index - self._start]
            return row.astype(np.float64)
        parts = []
        position = index.start
        while position < index.stop:
            self._advance(position)
            parts.append(self._block[position - self._start : index.stop - self._start])
            position += len(parts[-1])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _advance(self, row: int) -> None:
        """Read on until the block holds that row."""
        if row < self._start:
            self._rewind()
        while row >= self._start + len(self._block):
            self._start += len(self._block)
            self._block = next(self._batches).matrix

    def _rewind(self) -> None:
        self._batches = iter(self._replay)
        self._block = self._block[:0]
        self._start = 0


def _by_rows(matrix: Any) -> Any:
    return np.ascontiguousarray(matrix) if isinstance(matrix, np.ndarray) else matrix


def _csr(matrix: Any) -> Any:
    from scipy import sparse

    return sparse.csr_matrix(matrix)
