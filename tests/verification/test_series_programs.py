"""Forecasts and score cards by SQL give what the libraries give by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from sqlml.errors import SqlmlError


@pytest.fixture(scope="module")
def orders(laboratory: Any) -> pd.DataFrame:
    """Synthetic: 90 days of orders of two shops, the second of which opens later."""
    draw = np.random.default_rng(8)
    days = pd.date_range("2014-06-01", periods=90, freq="D")
    frames = []
    for shop, start in (("north", 0), ("south", 20)):
        week = np.array([0, 2, 4, 5, 9, 14, 3.0])[np.arange(90) % 7]
        values = 50 + week + np.cumsum(draw.normal(0, 1, 90))
        frames.append(
            pd.DataFrame({"day": days[start:], "shop": shop, "orders": np.round(values[start:], 3)})
        )
    frame = pd.concat(frames, ignore_index=True).sample(frac=1, random_state=1)
    frame["day"] = frame["day"].astype("datetime64[us]")
    laboratory.load("sales", frame.reset_index(drop=True))
    laboratory.run(
        "CREATE OR REPLACE TABLE north AS SELECT day::DATE AS day, orders FROM sales"
        " WHERE shop = 'north'"
    )
    return frame.sort_values("day")


def north(orders: pd.DataFrame) -> Any:
    return orders.loc[orders["shop"] == "north", "orders"].to_numpy()


def test_a_number_of_steps_is_forecast(laboratory: Any, orders: pd.DataFrame) -> None:
    laboratory.run(
        "FROM north TO TRAIN ARIMA WITH model.order = [1, 1, 1] LABEL orders INTO walk;"
        "FROM north TO PREDICT ahead.expected WITH predict.steps = 12,"
        " predict.extra_outputs = 'lower, upper', predict.interval = 0.8 USING walk"
    )
    found = laboratory.table("FROM ahead ORDER BY day")
    by_hand = ARIMA(north(orders), order=(1, 1, 1)).fit().get_forecast(12)
    assert list(found) == ["day", "expected", "expected_lower", "expected_upper"]
    wanted = np.column_stack((by_hand.predicted_mean, by_hand.conf_int(alpha=0.2)))
    np.testing.assert_allclose(found.iloc[:, 1:], wanted, rtol=1e-6)
    assert [str(day)[:10] for day in found["day"][:2]] == ["2014-08-30", "2014-08-31"]
    assert laboratory.manifest("walk")["libraries"].keys() == {"statsmodels", "scipy"}


def test_the_rows_of_a_query_are_forecast_and_measured(
    laboratory: Any, orders: pd.DataFrame
) -> None:
    laboratory.run(
        "FROM north WHERE day < '2014-08-20' TO TRAIN ExponentialSmoothing"
        " WITH model.trend = add, model.seasonal = add, model.seasonal_periods = 7"
        " LABEL orders INTO weeks"
    )
    values = north(orders)
    by_hand = ExponentialSmoothing(
        values[:80], trend="add", seasonal="add", seasonal_periods=7
    ).fit()
    answer = laboratory.table(
        "FROM north WHERE day >= '2014-08-20' TO PREDICT USING weeks"
    ).sort_values("day")
    np.testing.assert_allclose(answer["orders"], by_hand.forecast(10), rtol=1e-6)
    measured = laboratory.table(
        "FROM north WHERE day >= '2014-08-20' TO EVALUATE weeks"
        " WITH validation.metrics = 'mae, mape, mase'"
    )
    errors = np.abs(values[80:] - by_hand.forecast(10))
    np.testing.assert_allclose(measured["mean_absolute_error"], errors.mean(), rtol=1e-6)
    naive = np.abs(np.diff(values[:80])).mean()
    np.testing.assert_allclose(
        measured["mean_absolute_scaled_error"], errors.mean() / naive, rtol=1e-6
    )
    np.testing.assert_allclose(
        measured["mean_absolute_percentage_error"], (errors / values[80:]).mean(), rtol=1e-6
    )


def test_every_series_is_forecast_by_itself(laboratory: Any, orders: pd.DataFrame) -> None:
    laboratory.run(
        "SELECT * EXCLUDE (id) FROM sales TO TRAIN ExponentialSmoothing"
        " WITH train.series = shop, model.trend = add LABEL orders INTO shops;"
        "FROM sales TO PREDICT by_shop.orders WITH predict.steps = 3 USING shops"
    )
    found = laboratory.table("FROM by_shop ORDER BY shop, day")
    assert list(found) == ["day", "shop", "orders"]
    for shop in ("north", "south"):
        values = orders.loc[orders["shop"] == shop, "orders"].to_numpy()
        wanted = ExponentialSmoothing(values, trend="add").fit().forecast(3)
        np.testing.assert_allclose(found.loc[found["shop"] == shop, "orders"], wanted, rtol=1e-6)
    with pytest.raises(SqlmlError) as caught:
        laboratory.run("SELECT DATE '2014-08-30' AS day, 'west' AS shop TO PREDICT USING shops")
    assert caught.value.diagnostics[0].code == "E0518"


def test_the_program_of_sqlflow_s_tutorial(laboratory: Any, orders: pd.DataFrame) -> None:
    laboratory.run(
        "SELECT strftime(day, '%Y-%m-%d') AS date, orders FROM north"
        " TO TRAIN sqlflow_models.ARIMAWithSTLDecomposition WITH model.order=[1, 0, 1],"
        ' model.period=[7, 30], model.date_format="%Y-%m-%d",'
        " model.forecast_start='2014-09-01', model.forecast_end='2014-09-30'"
        " LABEL orders INTO arima_model;"
        "SELECT '' AS date TO PREDICT september.orders USING arima_model"
    )
    found = laboratory.table("FROM september ORDER BY date")
    assert found["date"].tolist() == [f"2014-09-{day:02}" for day in range(1, 31)]
    assert np.isfinite(found["orders"]).all()


def test_the_newest_rows_are_held_back_to_validate_on(laboratory: Any) -> None:
    laboratory.run(
        "FROM north TO TRAIN ExponentialSmoothing WITH validation.split = 0.1,"
        " validation.metrics = mae LABEL orders INTO held"
    )
    manifest = laboratory.manifest("held")
    assert (manifest["rows"], manifest["validation_rows"]) == (81, 9)
    newest = laboratory.table(
        "FROM north WHERE day >= '2014-08-21' TO EVALUATE held WITH validation.metrics = mae"
    )
    np.testing.assert_allclose(
        newest["mean_absolute_error"], manifest["metrics"]["validation_mean_absolute_error"]
    )


def test_points_add_up_to_a_score(laboratory: Any) -> None:
    laboratory.run(
        "SELECT * EXCLUDE (id, w) FROM cancer TO TRAIN ScoreCard WITH model.bins = 4,"
        " model.good_class = second, train.seed = 1 LABEL benign INTO card;"
        "FROM cancer TO EXPLAIN card USING points INTO card_points;"
        "FROM cancer TO PREDICT scored.answer WITH predict.extra_outputs = score USING card"
    )
    points = laboratory.table("card_points")
    assert points.groupby("feature")["points"].count().eq(4).all()
    rows = points.groupby("feature")[["good", "bad"]].sum()
    assert (rows["good"] == 357).all()
    assert (rows["bad"] == 212).all()
    scored = laboratory.table("scored")
    frame = laboratory.frames["cancer"]
    wanted = np.zeros(len(frame))
    for feature, bins in points.groupby("feature", sort=False):
        column = frame[feature]
        edges = np.quantile(column, [0.25, 0.5, 0.75])
        wanted += bins["points"].to_numpy()[np.searchsorted(edges, column, side="right")]
    np.testing.assert_allclose(scored["answer_score"], wanted)
