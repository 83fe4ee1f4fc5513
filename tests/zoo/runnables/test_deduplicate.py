"""deduplicate against pandas."""

import pandas as pd
import pytest

from sqlml.zoo.runnables.contract import ArgumentProblem


@pytest.mark.parametrize("keep", ["first", "last"])
def test_the_first_or_last_row_of_each_key_is_kept(bench, keep):
    people = bench.people.assign(when=bench.people.income)
    bench.add("people", people)
    words = ("--keys", "plan,city", "--order", "when", "--keep", keep)
    found = bench.table("deduplicate", *words)
    wanted = people.sort_values("when").drop_duplicates(["plan", "city"], keep=keep)
    assert set(found.id) == set(wanted.id)
    assert list(found.columns) == list(people.columns)


def test_a_row_without_an_order_is_kept_only_where_there_is_no_other(bench):
    bench.add("t", pd.DataFrame({"k": [1, 1, 2], "o": [5.0, None, None], "v": ["a", "b", "c"]}))
    for keep in ("first", "last"):
        words = ("--keys=k", "--order=o", f"--keep={keep}")
        found = bench.table("deduplicate", *words, sql="SELECT * FROM t")
        assert sorted(found.v) == ["a", "c"]


def test_without_keys_rows_that_are_the_same_in_all_columns_become_one(bench):
    twice = "SELECT * FROM people UNION ALL SELECT * FROM people"
    found = bench.table("deduplicate", sql=twice)
    assert sorted(found.id) == list(bench.people.id)


def test_without_an_order_the_choice_does_not_depend_on_the_rows_order(bench):
    one = bench.table("deduplicate", "--keys=city")
    other = bench.table("deduplicate", "--keys=city", sql="SELECT * FROM people ORDER BY age DESC")
    assert set(one.id) == set(other.id)
    assert one.city.is_unique


@pytest.mark.parametrize("words", [("--keys=id", "--keep=last"), ("--order=age",)])
def test_arguments_that_mean_nothing_alone_are_refused(bench, words):
    with pytest.raises(ArgumentProblem) as caught:
        bench.table("deduplicate", *words)
    assert (caught.value.code, bool(caught.value.hint)) == ("E0245", True)
