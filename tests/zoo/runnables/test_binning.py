"""binning against pandas and numpy."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from sqlml.zoo.runnables.contract import ArgumentProblem


def test_bins_of_one_width_are_those_of_pandas_cut(bench):
    found = bench.table("binning", "--columns", "income", "--bins", "7")
    edges = np.linspace(bench.people.income.min(), bench.people.income.max(), 8)
    counts = pd.cut(bench.people.income, edges, include_lowest=True).value_counts(sort=False)
    assert list(found["feature"].unique()) == ["income"]
    assert list(found["bin"]) == list(range(1, 8))
    assert np.allclose([*found["lower"], found["upper"].iloc[-1]], edges, rtol=1e-14)
    assert list(found["count"]) == list(counts)
    assert np.allclose(found["prob"], counts / len(bench.people))
    assert np.allclose(found["cumulative_prob"], np.cumsum(counts) / len(bench.people))


@pytest.mark.parametrize("column", ["income", "age", "city"])
def test_quantile_bins_are_those_of_pandas_qcut(bench, column):
    found = bench.table("binning", "--columns", column, "--method", "quantile", "--bins=5")
    bins, edges = pd.qcut(bench.people[column], 5, retbins=True, duplicates="drop")
    assert np.allclose([*found["lower"], found["upper"].iloc[-1]], edges)
    assert list(found["count"]) == list(bins.value_counts(sort=False))


def test_log_buckets_have_the_boundaries_of_numpy_geomspace(bench):
    found = bench.table("binning", "--columns=income", "--bin_method=log_bucket", "--bin_num=6")
    edges = np.geomspace(bench.people.income.min(), bench.people.income.max(), 7)
    assert np.allclose([*found["lower"], found["upper"].iloc[-1]], edges)
    inner = np.searchsorted(found["upper"][:-1], bench.people.income, side="left")
    assert list(found["count"]) == list(np.bincount(inner, minlength=6))


def test_log_buckets_of_numbers_below_zero_are_refused(bench):
    with pytest.raises(duckdb.Error, match="log_bucket needs numbers above 0"):
        bench.table("binning", "--columns=x", "--method=log_bucket", sql="SELECT -1 AS x")


def test_a_heavy_value_leaves_fewer_quantile_bins(bench):
    sql = "SELECT CASE WHEN i < 60 THEN 0 ELSE i END AS x FROM range(100) r(i)"
    found = bench.table("binning", "--columns=x", "--method=quantile", "--bins=4", sql=sql)
    values = pd.Series([0] * 60 + list(range(60, 100)))
    wanted = pd.qcut(values, 4, duplicates="drop").value_counts(sort=False)
    assert list(found["count"]) == list(wanted) == [75, 25]


@pytest.mark.parametrize("method", ["equal_width", "quantile", "log_bucket"])
def test_one_value_is_one_bin_and_no_value_is_none(bench, method):
    one = bench.table("binning", "--columns=x", f"--method={method}", sql="SELECT 3 AS x")
    assert one.to_dict("records") == [
        {"feature": "x", "bin": 1, "lower": 3, "upper": 3, "count": 1, "prob": 1,
         "cumulative_prob": 1},
    ]  # fmt: skip
    none = "SELECT NULL::DOUBLE AS x UNION ALL SELECT 'nan' UNION ALL SELECT 'inf'"
    assert bench.table("binning", "--columns=x", f"--method={method}", sql=none).empty


def test_each_column_may_have_a_method_and_a_number_of_its_own(bench):
    words = ("--columns", "income,age", "--bins", "3,4", "--method", "bucket,quantile")
    found = bench.table("binning", *words)
    assert list(found["feature"]) == ["income"] * 3 + ["age"] * 4
    alone = bench.table("binning", "--columns", "age", "--bins", "4", "--method", "quantile")
    pd.testing.assert_frame_equal(found[3:].reset_index(drop=True), alone)


def test_cumulative_shares_can_be_summed_from_above(bench):
    up = bench.table("binning", "--columns", "age")
    down = bench.table("binning", "--columns", "age", "--reverse_cumsum")
    assert np.allclose(down["cumulative_prob"], np.cumsum(up["prob"][::-1])[::-1])


def test_two_columns_jointly_are_numpys_two_dimensional_histogram(bench):
    rows = bench.people
    found = bench.table("binning", "--columns", "age,city", "--bins", "3,4", "--jointly")
    edges = [np.linspace(rows[c].min(), rows[c].max(), n + 1) for c, n in (("age", 3), ("city", 4))]
    cells = [
        np.searchsorted(e[1:-1], rows[c], side="left")
        for c, e in zip(("age", "city"), edges, strict=True)
    ]
    counts = np.zeros((3, 4), dtype=int)
    np.add.at(counts, tuple(cells), 1)
    assert list(found["count"]) == list(counts.ravel())
    assert np.allclose(found["prob"], counts.ravel() / len(rows))
    cumulative = counts.cumsum(axis=0).cumsum(axis=1).ravel() / len(rows)
    assert np.allclose(found["cumulative_prob"], cumulative)
    assert list(found["feature_1"].unique()) == ["age"]
    assert np.allclose(found["upper_2"][:4], edges[1][1:])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--columns=age,city,id", "--jointly"), "for two columns, and there are 3"),
        (("--columns=age,city", "--bins=1,2,3"), "`--bins` has 3 values for 2 columns"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(bench, words, message):
    with pytest.raises(ArgumentProblem, match=message):
        bench.table("binning", *words)


def test_tables_of_the_users_may_have_any_name(bench):
    for name in ("sqlml_rows", "source", "actual", "expected", "bins_0", "e"):
        bench.add(name, bench.people)
        assert len(bench.table("binning", "--columns=age", sql=f"SELECT * FROM {name}")) == 10
        words = ("--columns=age", "--reference=people")
        assert bench.table("psi", *words, sql=f"SELECT * FROM {name}")["psi"][0] == 0
