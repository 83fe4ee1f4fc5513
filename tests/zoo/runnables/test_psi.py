"""psi against its closed form."""

import math

import numpy as np
import pandas as pd
import pytest

from sqlml.zoo.runnables.contract import ArgumentProblem


def index(expected, actual, empty=0.0001):
    """The closed form, from counts per bin."""
    e = np.maximum(np.asarray(expected) / np.sum(expected), empty)
    a = np.maximum(np.asarray(actual) / np.sum(actual), empty)
    return float(np.sum((a - e) * np.log(a / e)))


def test_categories_have_the_closed_forms_index(bench):
    bench.add("earlier", pd.DataFrame({"c": ["a"] * 50 + ["b"] * 30 + ["c"] * 20}))
    bench.add("later", pd.DataFrame({"c": ["a"] * 30 + ["b"] * 30 + ["c"] * 40}))
    words = ("--categories", "c", "--reference", "earlier")
    found = bench.table("psi", *words, sql="SELECT * FROM later")
    by_hand = -0.2 * math.log(0.3 / 0.5) + 0.2 * math.log(0.4 / 0.2)
    assert found["psi"][0] == pytest.approx(by_hand)
    assert list(found.columns) == ["feature", "reference_count", "count", "psi"]
    assert (found["reference_count"][0], found["count"][0]) == (100, 100)


def test_numbers_are_put_into_the_quantiles_of_the_reference(bench):
    draw = np.random.default_rng(1)
    earlier, later = draw.normal(0, 1, 4_000), draw.normal(0.3, 1.2, 3_000)
    later[:5] = [-50, 50, 1e300, -1e300, 3]
    bench.add("earlier", pd.DataFrame({"x": earlier}))
    bench.add("later", pd.DataFrame({"x": later}))
    found = bench.table("psi", "--columns=x", "--reference=earlier", sql="SELECT * FROM later")
    inner = np.quantile(earlier, np.linspace(0, 1, 11))[1:-1]
    counts = [
        np.bincount(np.searchsorted(inner, side, side="left"), minlength=10)
        for side in (earlier, later)
    ]
    assert found["psi"][0] == pytest.approx(index(*counts))


def test_missing_values_and_empty_bins_count(bench):
    bench.add("earlier", pd.DataFrame({"c": ["a"] * 8 + ["b"] * 2, "x": range(10)}))
    bench.add("later", pd.DataFrame({"c": ["a"] * 5 + [None] * 5, "x": [1.0] * 9 + [np.nan]}))
    words = ("--categories=c", "--columns=x", "--bins=2", "--empty=0.01", "--reference=earlier")
    found = bench.table("psi", *words, sql="SELECT * FROM later").set_index("feature")["psi"]
    assert found["c"] == pytest.approx(index([8, 2, 0], [5, 0, 5], 0.01))
    assert found["x"] == pytest.approx(index([5, 5, 0], [9, 0, 1], 0.01))


@pytest.mark.parametrize("base", [(), ("--base", "2024-02")])
def test_periods_are_compared_with_the_first_or_with_one_that_is_named(bench, base):
    sql = "SELECT *, strftime(day, '%Y-%m') AS month FROM people"
    words = ("--categories=plan", "--columns=age", "--method=equal_width", "--period=month", *base)
    found = bench.table("psi", *words, sql=sql)
    month = bench.people["day"].dt.strftime("%Y-%m")
    reference = bench.people[month == (base[1] if base else "2024-01")]
    others = sorted(set(month) - {base[1] if base else "2024-01"})
    assert list(found["period"]) == others * 2
    edges = np.linspace(reference.age.min(), reference.age.max(), 11)[1:-1]
    for row in found.itertuples():
        rows = bench.people[month == row.period]
        if row.feature == "plan":
            names = sorted(set(bench.people.plan))
            sides = [[(side.plan == name).sum() for name in names] for side in (reference, rows)]
        else:
            sides = [
                np.bincount(np.searchsorted(edges, side.age, side="left"), minlength=10)
                for side in (reference, rows)
            ]
        assert row.psi == pytest.approx(index(*sides))
        assert (row.reference_count, row.count) == (len(reference), len(rows))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--columns=age",), "needs `--reference` or `--period`"),
        (("--period=day",), "needs `--columns` or `--categories`"),
    ],
)
def test_something_to_compare_is_needed(bench, words, message):
    with pytest.raises(ArgumentProblem, match=message):
        bench.table("psi", *words)
