"""TIME: dates, times, numbers and text as one number."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sqlml.errors import StepError
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.contract import ColumnReference, Encoding, feature_from_json
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.features.time import Time

ENCODING = Encoding(dtype="float64")


def numbers(kind: str, values: Any, *more: Any) -> list[float]:
    feature = Time.parse((ColumnReference("t", kind), *more))
    batch = pa.record_batch({"t": values})
    assert feature_from_json(feature.to_json()) == feature
    return Pipeline((feature,), ENCODING).transform(batch)[:, 0].tolist()


def test_dates_and_times_are_days_since_1970() -> None:
    assert numbers("DATE", pa.array([dt.date(1970, 1, 2), dt.date(1969, 12, 31)])) == [1, -1]
    moment = dt.datetime(1970, 1, 1, 18)
    assert numbers("TIMESTAMP", pa.array([moment])) == [0.75]
    zone = pa.array([moment], pa.timestamp("us", "Europe/Berlin"))
    assert numbers("TIMESTAMP WITH TIME ZONE", zone) == [0.75]


def test_numbers_stay_as_they_are() -> None:
    assert numbers("INTEGER", pa.array([1990, 1991])) == [1990, 1991]


def test_text_is_read_by_its_format() -> None:
    assert numbers("VARCHAR", pa.array(["03.01.1970"]), "%d.%m.%Y") == [2]
    with pytest.raises(StepError) as caught:
        numbers("VARCHAR", pa.array(["03.01.1970", "1970"]), "%d.%m.%Y")
    (fault,) = caught.value.diagnostics
    assert fault.code == "E0438"
    assert "'1970'" in fault.message


def test_text_without_a_format_is_refused() -> None:
    for more in ((), ("day",)):
        with pytest.raises(AttributeProblem, match=r"`t` is text|no format"):
            Time.parse((ColumnReference("t", "VARCHAR"), *more))


def test_a_missing_time_is_refused() -> None:
    with pytest.raises(StepError) as caught:
        numbers("DATE", pa.array([dt.date(1970, 1, 2), None]))
    assert caught.value.diagnostics[0].code == "E0433"
    assert np.isfinite(numbers("DATE", pa.array([dt.date(1970, 1, 2)]))).all()
