"""The regular times of a series: every day, every third month, every working day …"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]  # plain numbers, or days since 1970 with their fraction
Places = NDArray[np.int64]
Unit = Literal["number", "microsecond", "month", "month_end", "working_day"]

DAY = 86_400_000_000  # microseconds
OFF_GRID = -(2**62)
_SHORTEST_MONTH = 28 * DAY
_NEVER = -1  # microseconds into a unit, of a time that lies in none


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """Times that are `step` units apart; place 0 is at unit `first`, `rest` microseconds into it.

    Units count from January 1970, or from 1970-01-01. `month_end` is the last day of a month,
    `working_day` one from Monday to Friday.
    """

    unit: Unit
    step: int
    first: int
    rest: int = 0

    def places(self, times: Times) -> Places:
        """The number of each time on the grid; OFF_GRID where it is between two."""
        counts, rest = _counts(times, self.unit)
        places, beside = np.divmod(counts - self.first, self.step)
        return np.where((rest == self.rest) & (beside == 0), places, OFF_GRID)

    def times(self, places: Places) -> Times:
        """The time at each place."""
        counts = np.asarray(places, dtype=np.int64) * self.step + self.first
        if self.unit == "number":
            return counts.astype(np.float64)
        return (_begins(counts, self.unit) + self.rest) / DAY

    def last_until(self, time: float) -> int:
        """The last place whose time is not after `time`."""
        counts, _rest = _counts(np.array([time]), self.unit)
        place = int((counts[0] - self.first) // self.step) + 1
        while self.times(np.array([place]))[0] > time:
            place -= 1
        return place


def learn_grid(times: Times, *, numbers: bool) -> TimeGrid:
    """The grid that most neighbours of these times keep to; they ascend, and are two or more.

    numbers: the times are plain numbers. Times that are mostly at the same point of different
    months are months apart, not days; those on working days, with weekends between, working days.
    """
    if numbers:
        return _grid(times, "number")
    distances = np.diff(_microseconds(times))
    if np.median(distances) >= _SHORTEST_MONTH:
        units: tuple[Unit, ...] = ("month", "month_end")
        share = 0.75
    else:
        units = ("working_day",) if _mode(distances) == DAY and distances.max() > DAY else ()
        share = 1.0
    for unit in units:
        _count, rest = _counts(times, unit)
        values, frequencies = np.unique(rest[rest >= 0], return_counts=True)
        if frequencies.max(initial=0) >= len(times) * share:
            return _grid(times[rest == values[frequencies.argmax()]], unit)
    return _grid(times, "microsecond")


def written(time: float, *, number: bool) -> str:
    """A time as one would write it in a query."""
    if number:
        return f"{time:.15g}"
    moment = str(np.datetime64(int(_microseconds(np.array([time]))[0]), "us"))
    return moment.removesuffix(".000000").replace("T", " ").removesuffix(" 00:00:00")


def _grid(times: Times, unit: Unit) -> TimeGrid:
    counts, rest = _counts(times, unit)
    return TimeGrid(unit, _mode(np.diff(counts)), int(counts[0]), int(rest[0]))


def _mode(distances: NDArray[np.int64]) -> int:
    """The most frequent distance above 0; the smallest of equally frequent ones."""
    values, frequencies = np.unique(distances[distances > 0], return_counts=True)
    return int(values[frequencies.argmax()]) if len(values) else 1


def _microseconds(times: Times) -> NDArray[np.int64]:
    return np.rint(times * DAY).astype(np.int64)


def _counts(times: Times, unit: Unit) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The unit that each time lies in, and the microseconds into it."""
    if unit == "number":
        counts = np.floor(times).astype(np.int64)
        return counts, np.where(times == counts, 0, _NEVER)
    instants = _microseconds(times)
    if unit == "microsecond":
        return instants, np.zeros_like(instants)
    days = np.floor_divide(instants, DAY).astype("datetime64[D]")
    if unit == "working_day":
        counts = np.busday_count(np.datetime64(0, "D"), days).astype(np.int64)
        rest = np.where(np.is_busday(days), instants % DAY, _NEVER)
    else:
        counts = days.astype("datetime64[M]").astype(np.int64)
        rest = np.maximum(instants - _begins(counts, unit), _NEVER)
    return counts, rest


def _begins(counts: NDArray[np.int64], unit: Unit) -> NDArray[np.int64]:
    """Where units begin, in microseconds since 1970."""
    match unit:
        case "month":
            days = counts.astype("datetime64[M]").astype("datetime64[D]")
        case "month_end":
            days = (counts + 1).astype("datetime64[M]").astype("datetime64[D]") - 1
        case "working_day":
            days = np.busday_offset(np.datetime64(0, "D"), counts, roll="forward")
        case _:
            return counts
    return days.astype(np.int64) * DAY
