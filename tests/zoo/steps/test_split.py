"""Which rows are held back for validation."""

import numpy as np
import pytest

from sqlml.errors import StepError
from sqlml.zoo.steps.split import draw, draw_groups


def held_rows(split: object, strata: np.ndarray, batch: int) -> np.ndarray:
    held = split.begin()  # type: ignore[attr-defined]
    return np.concatenate([held(strata[i : i + batch]) for i in range(0, len(strata), batch)])


def test_every_class_has_the_same_share_and_the_total_is_exact() -> None:
    strata = np.random.default_rng(1).choice(3, 1000, p=(0.7, 0.25, 0.05))
    counts = np.bincount(strata)
    mask = held_rows(draw(counts, 0.2, 0), strata, 64)
    assert mask.sum() == 200
    assert np.abs(np.bincount(strata[mask]) - counts * 0.2).max() < 1


def test_the_batches_do_not_matter() -> None:
    strata = np.random.default_rng(2).choice(4, 500)
    split = draw(np.bincount(strata), 0.3, 5)
    assert np.array_equal(held_rows(split, strata, 7), held_rows(split, strata, 500))


def test_a_seed_gives_the_same_rows_and_another_seed_others() -> None:
    strata = np.zeros(300, dtype=np.int64)
    first, again, other = (held_rows(draw((300,), 0.5, seed), strata, 50) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_class_keeps_a_row_for_training() -> None:
    split = draw((1, 1, 10), 0.9, 0)
    assert [split.held[0], split.held[1], split.held[2:].sum()] == [False, False, 9]


def test_groups_stay_together() -> None:
    groups = np.repeat(np.arange(10), 4)
    split = draw_groups([4] * 10, 0.3, 0)
    mask = held_rows(split, groups, 9)
    assert split.size == mask.sum() == 12
    assert np.unique(groups[mask]).tolist() == [
        g for g in range(10) if mask[g * 4 : g * 4 + 4].all()
    ]


@pytest.mark.parametrize("counts", [(1,), (2,), (1, 1)])
def test_a_share_that_leaves_nothing_is_refused(counts: tuple[int, ...]) -> None:
    with pytest.raises(StepError, match="nothing to validate on"):
        draw(counts, 0.1, 0)


def test_rows_that_were_not_there_before_are_noticed() -> None:
    held = draw((5,), 0.4, 0).begin()
    held(np.zeros(5, dtype=np.int64))
    with pytest.raises(StepError, match="other rows") as caught:
        held(np.zeros(1, dtype=np.int64))
    assert caught.value.diagnostics[0].code == "E0423"
