"""Datasets that are read several times are made once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from sqlml.zoo.model import Batch
from sqlml.zoo.models.replay import Replay


class Rows:
    """A dataset of three batches, one of them empty, that counts how often it is made."""

    width = 3
    names = ("a", "b", "c")
    types = ("q", "q", "q")

    def __init__(self, *, is_sparse: bool = False) -> None:
        self.passes = 0
        self._is_sparse = is_sparse

    def __iter__(self) -> Iterator[Batch]:
        self.passes += 1
        for start, count in ((0, 4), (4, 0), (4, 6)):
            numbers = np.arange(start * 3, (start + count) * 3, dtype=np.float32).reshape(count, 3)
            if count:
                numbers[0, 0] = np.nan
            matrix = sparse.csr_matrix(numbers) if self._is_sparse else numbers
            yield Batch(matrix, label=np.arange(start, start + count), group=None)

    def whole(self) -> Batch:
        raise AssertionError("nobody needs all rows at once")


def content(replay: Replay) -> list[tuple[list, list, object, object, bool]]:
    return [
        (
            np.nan_to_num(batch.matrix, nan=-1).tolist(),
            batch.label.tolist(),
            batch.weight,
            batch.group,
            batch.matrix.flags.f_contiguous,
        )
        for batch in replay
    ]


@pytest.mark.parametrize(("kept_bytes", "files"), [(1_000, 0), (60, 1), (0, 1)])
def test_every_pass_gives_the_same_batches_and_the_dataset_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_bytes: int, files: int
) -> None:
    monkeypatch.setattr(Replay, "kept_bytes", kept_bytes)
    rows = Rows()
    replay = Replay(rows, np.asfortranarray, tmp_path)
    first = content(replay)
    assert [len(matrix) for matrix, *_ in first] == [4, 6]
    assert all(is_by_columns for *_, is_by_columns in first)
    assert content(replay) == content(replay) == first
    assert rows.passes == 1
    assert len(list(tmp_path.iterdir())) == files


def test_a_pass_that_was_broken_off_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Replay, "kept_bytes", 0)
    replay = Replay(Rows(), np.asfortranarray, tmp_path)
    next(iter(replay))
    assert len(content(replay)) == 2
    assert len(content(replay)) == 2


def test_sparse_rows_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Replay, "kept_bytes", 0)
    rows = Rows(is_sparse=True)
    replay = Replay(rows, lambda matrix: matrix, tmp_path)
    for _ in range(2):
        assert sum(batch.matrix.shape[0] for batch in replay) == 10
    assert rows.passes == 2
    assert not list(tmp_path.iterdir())
