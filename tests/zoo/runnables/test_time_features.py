"""time_features against pandas."""

import numpy as np
import pandas as pd
import pytest

from sqlml.zoo.runnables.contract import ArgumentProblem


@pytest.fixture
def series(bench):
    """Three series of different lengths; in the database their rows are out of order."""
    draw = np.random.default_rng(3)
    days = pd.date_range("2023-12-20", periods=60)
    shops = [
        pd.DataFrame({"shop": name, "day": days[:n], "sold": draw.poisson(9, n).astype(float)})
        for name, n in (("a", 60), ("b", 25), ("c", 2))
    ]
    rows = pd.concat(shops, ignore_index=True)
    bench.add("sales", rows.sample(frac=1, random_state=1))
    return rows


def same(found, wanted):
    return np.allclose(found.to_numpy(float), wanted.to_numpy(float), equal_nan=True)


@pytest.mark.parametrize("current", [False, True])
def test_lags_differences_and_windows_are_those_of_pandas(bench, series, current):
    words = ["--time=day", "--keys=shop", "--columns=sold", "--lags", "1,7", "--differences", "2"]
    words += ["--windows", "3,10", "--statistics", "mean,std,min,max,sum"]
    words += ["--include_current"] if current else []
    found = bench.table("time_features", *words, sql="SELECT * FROM sales")
    pd.testing.assert_frame_equal(found[["shop", "day", "sold"]], series, check_dtype=False)
    shops = series.groupby("shop")["sold"]
    assert same(found["sold_lag_1"], shops.shift(1))
    assert same(found["sold_lag_7"], shops.shift(7))
    assert same(found["sold_diff_2"], shops.diff(2))
    for rows in (3, 10):
        for name in ("mean", "std", "min", "max", "sum"):
            wanted = shops.transform(
                lambda s, n=rows, f=name: getattr(s.shift(0 if current else 1).rolling(n), f)()
            )
            assert same(found[f"sold_{name}_{rows}"], wanted), (name, rows)


def test_date_parts_are_those_of_pandas(bench, series):
    bench.add("sales", series.assign(day=series["day"] + pd.Timedelta("13:45:00")))
    parts = "year,quarter,month,week,day,weekday,dayofyear,hour,minute"
    words = ("--time=day", "--keys=shop", "--date_parts", parts)
    found = bench.table("time_features", *words, sql="SELECT * FROM sales")
    dates = found["day"].dt
    for part in ("year", "quarter", "month", "day", "hour", "minute"):
        assert same(found[f"day_{part}"], getattr(dates, part)), part
    assert same(found["day_week"], dates.isocalendar().week)
    assert same(found["day_weekday"], dates.day_of_week + 1)
    assert same(found["day_dayofyear"], dates.day_of_year)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--time=day",), "nothing says which features to make"),
        (("--time=day", "--lags=1"), "nothing says which features to make"),
        (("--columns=age", "--lags=1"), "needs the argument `--time`"),
    ],
)
def test_what_is_needed_is_asked_for(bench, words, message):
    with pytest.raises(ArgumentProblem, match=message):
        bench.table("time_features", *words)
