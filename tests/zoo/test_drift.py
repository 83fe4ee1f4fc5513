"""The measures of drift against closed forms, scipy, and what chance gives."""

import numpy as np
import pytest
from scipy import stats

from sqlml.zoo.measures import drift


def counts(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_the_stability_index_written_out() -> None:
    expected = (0.5 - 0.25) * np.log(0.5 / 0.25) + (0.5 - 0.75) * np.log(0.5 / 0.75)
    assert drift.psi(counts(25, 75), counts(10, 10)) == pytest.approx(expected)
    assert drift.psi(counts(3, 4, 5), counts(6, 8, 10)) == 0


def test_an_empty_group_is_far_off_but_not_infinite() -> None:
    expected = (0.5 - 1e-4) * np.log(0.5 / 1e-4) + (0.5 - 1) * np.log(0.5)
    assert drift.psi(counts(0, 10), counts(5, 5)) == pytest.approx(expected)


def test_chance_is_the_chi_squared_test_of_scipy() -> None:
    generator = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    for now_rows in (40, 200, 1_000):
        for change in (0.0, 0.05, 0.09):
            changed = shares + np.repeat([change, -change], 5)
            before = generator.multinomial(500, shares)
            now = generator.multinomial(now_rows, changed)
            expected = stats.chi2_contingency([before, now]).pvalue
            assert drift.is_chance(before, now) == (expected >= 0.001)


def test_one_in_a_thousand_samples_of_the_same_rows_is_no_chance() -> None:
    generator = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    pairs = zip(
        generator.multinomial(500, shares, 4_000),
        generator.multinomial(60, shares, 4_000),
        strict=True,
    )
    assert 0 < np.mean([not drift.is_chance(*pair) for pair in pairs]) < 0.003


def test_the_distance_is_scipys_where_groups_are_values() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.integers(0, 9, 300), generator.integers(2, 11, 200)
    grid = np.arange(12)
    found = drift.ks(*(np.bincount(v, minlength=len(grid)) for v in (first, second)))
    assert found == pytest.approx(stats.ks_2samp(first, second).statistic)


def test_the_distance_by_chance_is_that_of_scipy() -> None:
    bound = drift.ks_by_chance(2_000, 3_000)
    size = 2_000 * 3_000 / 5_000
    assert stats.kstwobign.sf(bound * np.sqrt(size)) == pytest.approx(0.001, rel=0.05)


def test_many_groups_become_ten_of_about_as_many_rows() -> None:
    before = np.full(100, 7)
    old, new = drift.grouped(before, np.arange(100))
    assert old.tolist() == [70] * 10
    assert new.tolist() == [sum(range(i, i + 10)) for i in range(0, 100, 10)]
    few = drift.grouped(counts(5, 95), counts(50, 50))
    assert [part.tolist() for part in few] == [[5, 95], [50, 50]]
