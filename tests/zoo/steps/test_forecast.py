"""Forecasts of a range of times, and rows that are no regular series, in a query's words."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.features.contract import ColumnReference
from sqlml.zoo.features.time import Time
from sqlml.zoo.features.vocabulary import Vocabulary

TYPES = {
    "month": "DATE",
    "moment": "TIMESTAMP",
    "zoned": "TIMESTAMP WITH TIME ZONE",
    "year": "INTEGER",
    "written": "VARCHAR",
}


@pytest.fixture
def sales(context: Any) -> Any:
    """36 months of two shops, rising by 1 and by 10 a month."""
    context.connection.execute("SET TimeZone = 'UTC'")
    context.execute(
        "CREATE TABLE sales AS SELECT month::DATE AS month, month AS moment,"
        " month::TIMESTAMPTZ AS zoned, 1990 + i AS year, strftime(month, '%d.%m.%Y') AS written,"
        " shop, if(shop = 'big', 10, 1) * i AS sold FROM (SELECT i::INTEGER AS i,"
        " TIMESTAMP '2020-01-01' + INTERVAL (i) MONTH AS month FROM range(36) t(i)),"
        " (VALUES ('big'), ('small')) shops(shop)"
    )
    return context


def train(context: Any, sql: str, time: str = "month", series: str = "", **options: Any) -> None:
    column = ColumnReference(time, TYPES[time])
    features = [Time(column, "%d.%m.%Y" if time == "written" else "")]
    if series:
        features.append(Vocabulary(ColumnReference(series, "VARCHAR")))  # type: ignore[arg-type]
    context.run(
        "train",
        estimator="statsmodels.ExponentialSmoothing",
        parameters={"trend": "add", **options.pop("parameters", {})},
        settings=options.pop("settings", {}),
        features={"": [feature.to_json() for feature in features]},
        label=("sold",),
        into="m",
        rows=sql,
    )


def fault(run: Any, *arguments: Any, **options: Any) -> Diagnostic:
    with pytest.raises(StepError) as caught:
        run(*arguments, **options)
    found: Diagnostic = caught.value.diagnostics[0]
    return found


@pytest.mark.parametrize(
    ("time", "first"),
    [
        ("month", dt.date(2023, 1, 1)),
        ("moment", dt.datetime(2023, 1, 1)),
        ("zoned", dt.datetime(2023, 1, 1, tzinfo=dt.UTC)),
        ("year", 2026),
        ("written", "01.01.2023"),
    ],
)
def test_times_come_back_as_the_column_has_them(time: str, first: Any, sales: Any) -> None:
    train(sales, "SELECT * FROM sales WHERE shop = 'big'", time)
    found = sales.predict("SELECT 1", "sold", steps=2)
    assert found.column_names == [time, "sold"]
    assert found[time][0].as_py() == first
    np.testing.assert_allclose(found["sold"].to_numpy(), [360, 370], rtol=1e-3)


def test_a_range_holds_its_ends(sales: Any) -> None:
    train(sales, "SELECT * FROM sales WHERE shop = 'big'")
    found = sales.predict("SELECT 1", "sold", forecast_end="2023-03-01")
    assert found["month"].to_pylist() == [dt.date(2023, m, 1) for m in (1, 2, 3)]
    found = sales.predict(
        "SELECT 1", "sold", forecast_start="2022-12-02", forecast_end="2023-02-20"
    )
    assert found["month"].to_pylist() == [dt.date(2023, m, 1) for m in (1, 2)]


def test_a_model_s_own_range_is_forecast_unless_the_statement_says_otherwise(sales: Any) -> None:
    own = {"forecast_start": "2023-02-01", "forecast_end": "2023-04-01"}
    train(sales, "SELECT * FROM sales WHERE shop = 'big'", parameters=own)
    assert sales.predict("SELECT 1", "sold").num_rows == 3
    assert sales.predict("SELECT 1", "sold", steps=5).num_rows == 5
    assert sales.predict("SELECT 1", "sold", forecast_end="2023-01-01").num_rows == 1


def test_times_of_the_training_are_told_apart_from_forecasts(sales: Any) -> None:
    """36 months of one shop, and of the other the first 30, whose later ones are forecasts."""
    train(sales, "SELECT * FROM sales WHERE shop = 'big' OR year < 2020", series="shop")
    sales.predict("SELECT month, shop FROM sales", "sold")
    assert sales.notes[-1].startswith("66 of 72 times are of the training")
    sales.predict("SELECT 1", "sold", forecast_start="2022-12-01", forecast_end="2023-02-01")
    assert sales.notes[-1].startswith("1 of 6 times are of the training")
    before = len(sales.notes)
    sales.predict("SELECT 1", "sold", steps=3)
    sales.predict("SELECT month, shop FROM sales WHERE shop = 'small' AND year > 2021", "sold")
    assert len(sales.notes) == before


@pytest.mark.parametrize("end", ["2022-06-01", "soon", 17.0, "2022-13-01"])
def test_a_range_without_times_is_refused(end: Any, sales: Any) -> None:
    train(sales, "SELECT * FROM sales WHERE shop = 'big'")
    told = fault(sales.predict, "SELECT 1", "sold", forecast_end=end)
    assert (told.code, told.about) == ("E0517", "attribute predict.forecast_end")


def test_series_that_end_at_different_times_go_on_from_their_own_ends(sales: Any) -> None:
    shorter = "SELECT * FROM sales WHERE shop = 'big' OR year < 2020"
    train(sales, shorter, series="shop")
    rows = sales.predict("SELECT 1", "sold", steps=1).to_pylist()
    found = {row["shop"]: (row["month"], round(row["sold"])) for row in rows}
    assert found == {"big": (dt.date(2023, 1, 1), 360), "small": (dt.date(2022, 7, 1), 30)}


def test_rows_of_the_query_are_forecast_in_their_order(sales: Any) -> None:
    train(sales, "SELECT * FROM sales", series="shop")
    found = sales.predict(
        "SELECT DATE '2023-02-01' AS month, 'small' AS shop, 7 AS sold, 1 AS id"
        " UNION ALL SELECT DATE '2023-01-01', 'big', 8, 2 ORDER BY id",
        "sold",
        extra_outputs=("lower", "upper"),
    )
    assert found.column_names == ["month", "shop", "id", "sold", "sold_lower", "sold_upper"]
    np.testing.assert_allclose(found["sold"].to_numpy(), [37, 360], rtol=1e-2)
    unknown = "SELECT DATE '2023-02-01' AS month, 'tiny' AS shop"
    assert fault(sales.predict, unknown, "sold").code == "E0518"
    early = "SELECT DATE '2019-12-01' AS month, 'big' AS shop"
    told = fault(sales.predict, early, "sold")
    assert told.code == "E0515"
    assert "2019-12-01" in told.message
    assert "from 2020-01-01 to 2022-12-01, and goes on with 2023-01-01" in told.label


@pytest.mark.parametrize(
    ("sql", "series", "code", "words"),
    [
        ("SELECT * FROM sales", "", "E0511", "2020-01-01"),
        ("SELECT * FROM sales WHERE year != 2005", "shop", "E0513", "no row for 2021-04-01"),
        (
            "SELECT * REPLACE (month + if(year = 2000, 3, 0) AS month) FROM sales",
            "shop",
            "E0512",
            "2020-10-01, 2020-11-04, 2020-12-01",
        ),
        ("SELECT * FROM sales WHERE year < 1992", "shop", "E0514", "2 times"),
    ],
)
def test_irregular_rows_are_refused_with_an_example(
    sql: str, series: str, code: str, words: str, sales: Any
) -> None:
    told = fault(train, sales, sql, series=series)
    assert told.code == code
    assert words in told.message
    assert told.about == "query"


def test_the_last_times_are_validated_on(sales: Any) -> None:
    train(sales, "SELECT * FROM sales", series="shop", settings={"validation.split": 0.25})
    manifest = sales.manifest()
    assert (manifest["rows"], manifest["validation_rows"]) == (54, 18)
    assert manifest["metrics"]["validation_mean_absolute_error"] < 0.5
    assert manifest["metrics"]["train_aic"] < 0
