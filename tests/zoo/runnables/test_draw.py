"""split and sample against scikit-learn, pandas and what they promise."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.model_selection import train_test_split

from sqlml.zoo.runnables.contract import ArgumentProblem


def test_a_stratified_split_has_the_sizes_and_shares_of_scikit_learns(bench):
    train, test = bench.tables("split", "--test=0.3", "--stratify=plan", number=2)
    _, theirs = train_test_split(
        bench.people, test_size=0.3, stratify=bench.people.plan, random_state=0
    )
    assert len(test) == len(theirs)
    ours = test.plan.value_counts()
    assert (ours - theirs.plan.value_counts()).abs().max() <= 1
    assert sorted([*train.id, *test.id]) == list(bench.people.id)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 1 / 3, 0.5])
def test_a_split_has_the_sizes_of_scikit_learns(bench, share):
    _, test = bench.tables("split", f"--test={share}", number=2)
    assert len(test) == len(train_test_split(bench.people, test_size=share)[1])


def test_the_same_rows_in_another_order_are_split_alike(bench):
    _, test = bench.tables("split", "--seed=3", number=2)
    shuffled = "SELECT * FROM people ORDER BY income"
    _, again = bench.tables("split", "--seed=3", sql=shuffled, number=2)
    assert set(test.id) == set(again.id)
    _, other = bench.tables("split", "--seed=4", number=2)
    assert 20 < len(set(other.id) & set(test.id)) < 70  # 40 expected by chance


def test_every_row_is_as_likely_to_be_drawn(bench):
    times = np.zeros(len(bench.people))
    for seed in range(200):
        times[bench.table("sample", "--share=0.2", f"--seed={seed}").id] += 1
    wanted = stats.binom(200, 0.2)
    assert abs(times.mean() - 40) < 0.5
    assert times.std() == pytest.approx(wanted.std(), rel=0.1)


def test_three_parts_or_one_table_with_their_names(bench):
    words = ("--test=0.2", "--validation=0.1")
    parts = bench.tables("split", *words, number=3)
    assert [len(part) for part in parts] == [1003 - 201 - 101, 101, 201]
    whole = bench.table("split", *words).set_index("id")["part"]
    for name, part in zip(("train", "validation", "test"), parts, strict=True):
        assert set(part.id) == set(whole[whole == name].index)


def test_the_test_is_the_latest_time(bench):
    train, test = bench.tables("split", "--time=day", "--test=0.25", number=2)
    assert train.day.max() < test.day.min()
    assert len(test) >= 0.25 * 1003
    assert len(test[test.day > test.day.min()]) < 0.25 * 1003  # a day less would be too few


def test_groups_stay_together(bench):
    train, test = bench.tables("split", "--group=city", "--test=0.2", number=2)
    assert set(train.city).isdisjoint(test.city)
    assert test.city.nunique() == 8
    assert len(train) + len(test) == 1003


@pytest.mark.parametrize(("words", "size"), [(("--rows=100",), 100), (("--share=0.05",), 50)])
def test_a_stratified_sample_keeps_shares(bench, words, size):
    sample = bench.table("sample", *words, "--stratify=plan,city")
    assert len(sample) == size
    assert sample.id.is_unique
    wanted = bench.people.groupby(["plan", "city"]).size() * size / 1003
    found = sample.groupby(["plan", "city"]).size().reindex(wanted.index, fill_value=0)
    assert (found - wanted).abs().max() < 1.5


def test_a_sample_holds_rows_as_they_are(bench):
    sample = bench.table("sample", "--rows=50").sort_values("id", ignore_index=True)
    wanted = bench.people.iloc[sample.id].reset_index(drop=True)
    pd.testing.assert_frame_equal(sample, wanted, check_dtype=False)
    assert len(bench.table("sample", "--rows=5000")) == 1003
    assert bench.table("sample", "--rows=0").empty


@pytest.mark.parametrize(
    ("name", "words", "number", "code"),
    [
        ("sample", (), 1, "E0245"),
        ("sample", ("--rows=1", "--share=0.5"), 1, "E0245"),
        ("split", ("--time=day", "--group=city"), 2, "E0244"),
        ("split", ("--test=0.6", "--validation=0.4"), 3, "E0244"),
        ("split", (), 3, "E0246"),
        ("split", ("--validation=0.1",), 2, "E0246"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(bench, name, words, number, code):
    with pytest.raises(ArgumentProblem) as caught:
        bench.tables(name, *words, number=number)
    assert caught.value.code == code
    assert caught.value.hint or code == "E0244"
