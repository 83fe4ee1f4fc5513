from datetime import date, datetime, timedelta

import numpy as np
import pytest

from sqlml.errors import StepError
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.contract import Encoding

TREES = Encoding("native", missing=True, dtype="float64")
DAYS = [date(1969, 12, 31), date(2000, 2, 29), date(2024, 12, 30), date(2026, 1, 1)]
MOMENT = datetime(2024, 7, 14, 23, 59, 30, 250_000)


def table_of(days):
    return "SELECT unnest([" + ", ".join(f"DATE '{day}'" for day in days) + "]) AS day"


def test_the_parts_of_a_date_are_those_of_the_calendar(bench):
    parts = ["year", "quarter", "month", "week", "day", "weekday", "dayofyear", "epoch"]
    bench.table(table_of(DAYS))
    matrix = bench.matrix(bench.feature("DATE_PARTS", "day", parts))
    expected = [
        (d.year, (d.month + 2) // 3, d.month, d.isocalendar().week, d.day, d.weekday(),
         d.timetuple().tm_yday, (d - date(1970, 1, 1)).days)
        for d in DAYS
    ]  # fmt: skip
    np.testing.assert_array_equal(matrix, expected)


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"])
def test_timestamps_have_the_parts_of_the_day_too(bench, kind):
    bench.table(f"SELECT '{MOMENT}'::{kind} AS moment")
    parts = ["Hour", "minute", "second", "epoch"]
    ((hour, minute, second, epoch),) = bench.matrix(bench.feature("DATE_PARTS", "moment", parts))
    assert (hour, minute, int(second)) == (23, 59, 30)
    days = (MOMENT - datetime(1970, 1, 1)) / timedelta(days=1)
    assert epoch == pytest.approx(days, abs=1e-5)


def test_a_time_with_a_zone_is_read_in_utc_whatever_the_session(bench):
    bench.table("SELECT '2024-07-14 23:30:00+02'::TIMESTAMPTZ AS moment")
    bench.connection.execute("SET TimeZone = 'Asia/Tokyo'")
    assert bench.matrix(bench.feature("DATE_PARTS", "moment", ["day", "hour"])).tolist() == [
        [14, 21]
    ]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("DATE '2024-01-02'", "year month day weekday dayofyear"),
        ("TIMESTAMP '2024-01-02'", "year month day weekday dayofyear hour minute"),
        ("TIME '10:20:30'", "hour minute second"),
    ],
)
def test_each_type_has_its_default_parts(bench, value, names):
    bench.table(f"SELECT {value} AS d")
    pipeline = bench.fit(bench.default("d"))
    assert pipeline.names == tuple(f"d_{part}" for part in names.split())
    assert pipeline.transform(bench.batch()).shape == (1, len(names.split()))


def test_a_missing_date_is_missing_in_all_its_parts_or_an_error(bench):
    bench.table("SELECT unnest([DATE '2024-01-02', NULL]) AS d")
    matrix = bench.matrix(bench.default("d"), encoding=TREES)
    assert np.isnan(matrix[1]).all()
    assert not np.isnan(matrix[0]).any()
    with pytest.raises(StepError) as caught:
        bench.fit(bench.default("d"))
    assert caught.value.diagnostics[0].hint == "add `WHERE d IS NOT NULL`"


@pytest.mark.parametrize(
    ("column", "parts", "message", "hint"),
    [
        ("d", ["moth"], "'moth' is no part", "did you mean `month`"),
        ("d", ["hour"], "'hour' is no part", "parts: year"),
        ("d", [], "empty", "year"),
        ("t", ["year"], "'year' is no part", "hour"),
        ("s", ["year"], "VARCHAR", "CAST(s AS DATE)"),
    ],
)
def test_parts_that_a_column_does_not_have_are_refused(bench, column, parts, message, hint):
    bench.table("SELECT DATE '2024-01-02' AS d, TIME '10:20:30' AS t, '2024-01-02' AS s")
    with pytest.raises(AttributeProblem, match=message) as caught:
        bench.feature("DATE_PARTS", column, parts)
    assert hint in caught.value.hint
