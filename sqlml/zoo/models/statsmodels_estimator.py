"""Fitted time series: one model for each, along one grid of times."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import Task
from sqlml.zoo.models.statsmodels_fits import Fit, Floats, Outlook, restored
from sqlml.zoo.models.time_grid import OFF_GRID, Places, TimeGrid, written
from sqlml.zoo.timeline import Timeline

FACTS = "series.json"
NUMBERS = "series.npz"
EXTRAS = ("lower", "upper")


@dataclass(frozen=True, slots=True)
class Series:
    """A series from place `first` of the grid on."""

    first: int
    fit: Fit

    @property
    def length(self) -> int:
        return len(self.fit.values)


@dataclass(frozen=True, slots=True)
class StatsmodelsEstimator:
    """See zoo.model.Estimator, Forecaster and NaiveForecast.

    series: by code. level: of the interval. What was looked ahead to is kept in `outlooks`.
    """

    model: str
    parameters: Mapping[str, Any]
    timeline: Timeline
    grid: TimeGrid
    series: tuple[Series, ...]
    level: float = 0.95
    outlooks: dict[int, Outlook] = field(default_factory=dict, compare=False)

    task: ClassVar[Task] = "forecasting"
    extra_outputs: ClassVar[tuple[str, ...]] = EXTRAS

    def save(self, folder: Path) -> None:
        facts = {
            "model": self.model,
            "parameters": self.parameters,
            "timeline": asdict(self.timeline),
            "grid": asdict(self.grid),
            "first": [one.first for one in self.series],
        }
        (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        arrays = {
            f"{code}.{name}": array
            for code, one in enumerate(self.series)
            for name, array in one.fit.arrays.items()
        }
        np.savez_compressed(folder / NUMBERS, allow_pickle=False, **arrays)

    def predict(self, matrix: Any) -> NDArray[Any]:
        """The one-step prediction at a time of the training, the forecast at a later one.

        Raises:
            StepError: E0515, a time is before the training or between two; E0518, a series is new.
        """
        return self._read("mean", matrix)

    def probabilities(self, matrix: Any) -> NDArray[np.float64] | None:
        return None

    def contributions(self, matrix: Any) -> NDArray[np.float64]:
        raise StepError(
            Diagnostic(
                "E0486",
                "a forecast follows from the series itself: it has no features to explain it",
                hint="`predict.extra_outputs = 'lower, upper'` tells how sure it is",
                about="model",
            )
        )

    def importance(self) -> Mapping[str, tuple[float, float]]:
        return {}

    def extra(self, name: str, matrix: Any) -> NDArray[np.float64]:
        """The ends of the interval that a value lies in at `level`."""
        return self._read(name, matrix)

    @property
    def naive_error(self) -> float:
        """The mean error in the training of taking each value for the next one; of all series."""
        return float(np.abs(np.concatenate([np.diff(s.fit.values) for s in self.series])).mean())

    def at_level(self, level: float) -> "StatsmodelsEstimator":
        return replace(self, level=level, outlooks={})

    def future(self, code: int, steps: int) -> Floats:
        one = self.series[code]
        return self._rows(code, np.arange(one.length, one.length + steps))

    def between(self, code: int, start: float | None, end: float) -> Floats:
        one = self.series[code]
        begin = one.length
        if start is not None:
            begin = self.grid.last_until(start) - one.first
            begin += bool(self._rows(code, np.array([begin]))[0, 0] < start)
        return self._rows(code, np.arange(begin, self.grid.last_until(end) - one.first + 1))

    def known(self, matrix: Floats) -> int:
        codes = self._codes(matrix)
        first, length = (
            np.array(ends)[codes]
            for ends in ([s.first for s in self.series], [s.length for s in self.series])
        )
        places = self.grid.places(matrix[:, 0])
        return int(((places >= first) & (places < first + length)).sum())

    def _codes(self, rows: Floats) -> NDArray[np.int64]:
        return rows[:, 1].astype(np.int64) if self.timeline.series else np.zeros(len(rows), int)

    def _rows(self, code: int, places: Places) -> Floats:
        times = self.grid.times(places + self.series[code].first)
        codes = (np.full(len(times), float(code)),) if self.timeline.series else ()
        return np.column_stack((times, *codes))

    def _read(self, output: str, matrix: Any) -> Floats:
        rows = np.asarray(matrix, dtype=np.float64)
        codes = self._codes(rows)
        places = self.grid.places(rows[:, 0])
        found = np.empty(len(rows))
        for code in np.unique(codes).tolist():
            if not 0 <= code < len(self.series):
                raise self._unknown_series()
            mask = codes == code
            found[mask] = self._of_series(output, code, places[mask], rows[mask, 0])
        return found

    def _of_series(self, output: str, code: int, places: Places, times: Floats) -> Floats:
        one = self.series[code]
        places = np.where(places == OFF_GRID, OFF_GRID, places - one.first)
        if (places < 0).any():
            raise self._outside(one, float(times[np.argmax(places < 0)]))
        wanted = int(places.max()) + 1
        known = self.outlooks.get(code)
        if known is None or len(known.mean) < wanted:
            known = one.fit.outlook(max(wanted - one.length, 0), self.level)
            self.outlooks[code] = known
        values: Floats = getattr(known, output)
        return values[places]

    def _outside(self, one: Series, time: float) -> StepError:
        ends = self.grid.times(one.first + np.array([0, one.length - 1, one.length]))
        first, last, following = (written(t, number=self.timeline.numbers) for t in ends)
        return StepError(
            Diagnostic(
                "E0515",
                f"`{written(time, number=self.timeline.numbers)}` is no time of the model",
                label=f"it was trained from {first} to {last}, and goes on with {following}",
                hint="select later rows, at the distances of the training",
                about="query",
            )
        )

    def _unknown_series(self) -> StepError:
        names = self.timeline.series
        shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
        return StepError(
            Diagnostic(
                "E0518",
                "the query has rows of a series that the model was not trained on",
                label=f"series: {shown}",
                hint="leave those rows out, or train on them, too",
                about="query",
            )
        )


def load(folder: Path) -> StatsmodelsEstimator:
    """The estimator saved in `folder`."""
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    with np.load(folder / NUMBERS, allow_pickle=False) as saved:
        arrays = dict(saved)
    series = tuple(
        Series(first, restored(facts["model"], facts["parameters"], _of(arrays, code)))
        for code, first in enumerate(facts["first"])
    )
    numbers, names = facts["timeline"]["numbers"], tuple(facts["timeline"]["series"])
    return StatsmodelsEstimator(
        facts["model"],
        facts["parameters"],
        Timeline(numbers, names),
        TimeGrid(**facts["grid"]),
        series,
    )


def _of(arrays: Mapping[str, Floats], code: int) -> dict[str, Floats]:
    prefix = f"{code}."
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
