"""Regular times: found in a series, and continued."""

from typing import Any

import numpy as np
import pytest

from sqlml.zoo.models.time_grid import DAY, OFF_GRID, learn_grid, written


def days(*moments: str) -> Any:
    return np.array(moments, dtype="datetime64[us]").astype(np.int64) / DAY


def between(first: str, last: str, unit: str) -> Any:
    moments = np.arange(first, last, dtype=f"datetime64[{unit}]")
    return moments.astype("datetime64[us]").astype(np.int64) / DAY


@pytest.mark.parametrize(
    ("times", "unit", "step", "following"),
    [
        (between("1949-01", "1961-01", "M"), "month", 1, "1961-01-01"),
        (between("2020-01-05", "2020-03-01", "D"), "microsecond", DAY, "2020-03-01"),
        (between("2020-01-05T00", "2020-01-07", "h"), "microsecond", DAY // 24, "2020-01-07"),
        (days("2020-01-31", "2020-02-29", "2020-03-31"), "month_end", 1, "2020-04-30"),
        (days("2020-01-01", "2020-04-01", "2020-07-01"), "month", 3, "2020-10-01"),
        (days("1700-01-01", "1701-01-01", "1702-01-01"), "month", 12, "1703-01-01"),
        (days("2024-01-03", "2024-01-17", "2024-01-31"), "microsecond", 14 * DAY, "2024-02-14"),
        (days("2020-01-01 12:30", "2020-02-01 12:30", "2020-03-01 12:30"), "month", 1,
         "2020-04-01 12:30:00"),
    ],
)  # fmt: skip
def test_a_grid_goes_on_as_the_times_do(times: Any, unit: str, step: int, following: str) -> None:
    grid = learn_grid(times, numbers=False)
    assert (grid.unit, grid.step) == (unit, step)
    places = grid.places(times)
    assert places.tolist() == list(range(len(times)))
    np.testing.assert_array_equal(grid.times(places), times)
    assert written(grid.times(np.array([len(times)]))[0], number=False) == following


def test_working_days_leave_weekends_out() -> None:
    every = between("2024-01-01", "2024-03-01", "D")
    working = every[np.is_busday(every.astype(np.int64).astype("datetime64[D]"))]
    grid = learn_grid(working, numbers=False)
    assert grid.unit == "working_day"
    assert grid.places(working).tolist() == list(range(len(working)))
    saturday = days("2024-01-06")
    assert grid.places(saturday).tolist() == [OFF_GRID]
    friday = grid.times(np.array([grid.last_until(saturday[0])]))
    assert written(friday[0], number=False) == "2024-01-05"


def test_numbers_are_counted() -> None:
    grid = learn_grid(np.array([1990.0, 1995, 2000]), numbers=True)
    assert grid.places(np.array([2005.0, 1985, 1996, 1990.5])).tolist() == [
        3,
        -1,
        OFF_GRID,
        OFF_GRID,
    ]
    assert grid.last_until(1999.9) == 1
    assert written(grid.times(np.array([3]))[0], number=True) == "2005"


def test_most_neighbours_tell_the_step() -> None:
    times = days("2024-01-01", "2024-01-02", "2024-01-05", "2024-01-06", "2024-01-07")
    grid = learn_grid(times, numbers=False)
    assert grid.places(times).tolist() == [0, 1, 4, 5, 6]


def test_one_odd_time_does_not_hide_the_months() -> None:
    times = between("2024-01", "2025-01", "M")
    times[5] += 2
    grid = learn_grid(times, numbers=False)
    assert grid.unit == "month"
    assert np.flatnonzero(grid.places(times) == OFF_GRID).tolist() == [5]


def test_the_last_time_until_another() -> None:
    grid = learn_grid(between("2024-01", "2025-01", "M"), numbers=False)
    until = {"2024-03-01": 2, "2024-03-31": 2, "2024-02-29": 1, "2025-06-15": 17, "2023-12-31": -1}
    for moment, place in until.items():
        assert grid.last_until(days(moment)[0]) == place
