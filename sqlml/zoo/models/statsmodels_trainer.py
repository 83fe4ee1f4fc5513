"""Fits time-series models, one for each series."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import FitJob
from sqlml.zoo.models.library_notes import noted
from sqlml.zoo.models.time_grid import OFF_GRID, Places, TimeGrid, Times, learn_grid, written
from sqlml.zoo.timeline import Timeline

try:
    from statsmodels.tools.sm_exceptions import ConvergenceWarning
except ModuleNotFoundError as error:
    raise StepError(
        Diagnostic(
            "E0519",
            "time series need the statsmodels package, which is not installed",
            hint="pip install 'sqlml[timeseries]'",
            about="model",
        )
    ) from error

from sqlml.zoo.models.statsmodels_estimator import Series, StatsmodelsEstimator, load
from sqlml.zoo.models.statsmodels_fits import Fit, Floats, fit_arima, fit_smoothing

FEWEST = 3
SMOOTHING = "statsmodels.ExponentialSmoothing"


class StatsmodelsTrainer:
    """See zoo.model.Trainer."""

    def fit(self, job: FitJob) -> StatsmodelsEstimator:
        """Order the rows of each series by time, and fit its model.

        Raises:
            StepError: E0511-E0514, the times are not regular or too few; E0516, the library
                refuses the values; E0481, an earlier model is to be continued.
        """
        _refuse_base(job)
        assert job.timeline is not None
        grid, parts = _arranged(job, job.timeline)
        series = []
        for number, (first, values) in enumerate(parts):
            _refuse_short(job, values)
            series.append(Series(first, _fitted(job, values)))
            job.report(number + 1, len(parts), {})
        job.report(len(parts), len(parts), _scores(series))
        return StatsmodelsEstimator(
            job.model, dict(job.parameters), job.timeline, grid, tuple(series)
        )

    def load(self, folder: Path) -> StatsmodelsEstimator:
        return load(folder)


def _arranged(job: FitJob, timeline: Timeline) -> tuple[TimeGrid, list[tuple[int, Floats]]]:
    """The grid of all times, and for each series its first place and its values in order."""
    whole = job.train.whole()
    assert whole.label is not None
    times = np.asarray(whole.matrix[:, 0], dtype=np.float64)
    codes = whole.matrix[:, 1].astype(np.int64) if timeline.series else np.zeros(len(times), int)
    every = np.unique(times)
    if len(every) < FEWEST:
        raise _too_few(len(every), FEWEST, "a series")
    look = _Look(timeline, learn_grid(every, numbers=timeline.numbers))
    parts = []
    for code in range(max(len(timeline.series), 1)):
        rows = np.flatnonzero(codes == code)
        rows = rows[np.argsort(times[rows], kind="stable")]
        places = look.places(times[rows], code)
        parts.append((int(places[0]), np.asarray(whole.label, dtype=np.float64)[rows]))
    return look.grid, parts


@dataclass(frozen=True, slots=True)
class _Look:
    """Checks that times are regular, in the user's words where they are not."""

    timeline: Timeline
    grid: TimeGrid

    def places(self, times: Times, code: int) -> Places:
        """The places of ascending times: adjacent ones.

        Raises:
            StepError: E0511, a time twice; E0512, uneven times; E0513, a gap.
        """
        of = f" in `{self.timeline.series[code]}`" if self.timeline.series else ""
        twice = np.flatnonzero(np.diff(times) == 0)
        if len(twice):
            raise _problem(
                "E0511",
                f"there are several rows at {self._written(times[twice[0]])}{of}",
                "one value at a time, or `train.series = column` tells several series apart",
                "add them up in the query: `SELECT time, sum(value) … GROUP BY time`",
            )
        places = self.grid.places(times)
        if (places == OFF_GRID).any():
            raise self._uneven(times, places, of)
        gaps = np.flatnonzero(np.diff(places) > 1)
        if len(gaps):
            count = int(places[-1] - places[0] + 1 - len(places))
            absent = self._written(self.grid.times(places[gaps[:1]] + 1)[0])
            raise _problem(
                "E0513",
                f"there is no row for {absent}{of}"
                + (f", and none for {count - 1:,} other times" if count > 1 else ""),
                "a series has a value at each of its times",
                "fill the gap in the query, for example with `generate_series` and a LEFT JOIN",
            )
        return places

    def _uneven(self, times: Times, places: Places, of: str) -> StepError:
        beside = int(np.argmax(places == OFF_GRID))
        neighbours = times[max(beside - 1, 0) : beside + 2]
        shown = ", ".join(map(self._written, neighbours))
        return _problem(
            "E0512",
            f"times are not evenly spaced{of}: {shown} follow each other",
            f"most of them are {_distance(self.grid)} apart",
            "take them together in the query, as with `date_trunc`, or number the rows:"
            " `row_number() OVER (ORDER BY time)`",
        )

    def _written(self, time: float) -> str:
        return written(float(time), number=self.timeline.numbers)


def _distance(grid: TimeGrid) -> str:
    if grid.unit != "microsecond":
        noun = {"month_end": "month", "working_day": "working day", "number": "step"}
        word = noun.get(grid.unit, grid.unit)
        return f"{grid.step} {word}" + ("" if grid.step == 1 else "s")
    return str(np.timedelta64(grid.step, "us").item())


def _fitted(job: FitJob, values: Floats) -> Fit:
    with noted("statsmodels", job.note, only=ConvergenceWarning), _refusals(job.model):
        if job.model == SMOOTHING:
            return fit_smoothing(values, job.parameters, job.seed)
        return fit_arima(values, job.parameters)


def _scores(series: list[Series]) -> dict[str, float]:
    """What the models say of the training: information criteria, and one-step errors."""
    errors = np.concatenate(
        [(one.fit.values - one.fit.outlook(0, 0.5).mean)[one.fit.burn :] for one in series]
    )
    scores = {
        f"train_{name}": sum(one.fit.scores[name] for one in series) for name in ("aic", "bic")
    }
    return scores | {
        "train_mean_absolute_error": float(np.mean(np.abs(errors))),
        "train_root_mean_squared_error": float(np.sqrt(np.mean(errors**2))),
    }


def _refuse_short(job: FitJob, values: Floats) -> None:
    """Two rounds of every season, and more values than a model has orders."""
    known = job.parameters
    orders = [*(known.get("order") or ()), *(known.get("seasonal_order") or ())][:3]  # type: ignore[misc]
    periods = [known.get("seasonal_periods") or 0, *(known.get("period") or ())]  # type: ignore[misc]
    seasonal = known.get("seasonal_order")
    if isinstance(seasonal, tuple | list):
        periods.append(seasonal[3])
    fewest = max(FEWEST, sum(orders) + 2, 2 * max(periods) + 1 if max(periods) else 0)
    if len(values) < fewest:
        raise _too_few(len(values), fewest, f"`{job.model}` with these orders and seasons")


def _too_few(found: int, fewest: int, what: str) -> StepError:
    return _problem(
        "E0514",
        f"a series has {found} times, and {what} needs {fewest}",
        "too few to learn from",
        "train on a longer time, or with shorter seasons and smaller orders",
    )


def _refuse_base(job: FitJob) -> None:
    if job.base is not None:
        raise StepError(
            Diagnostic(
                "E0481",
                f"`{job.model}` cannot go on from an earlier model",
                hint="leave USING out, and train on all rows up to now",
                about="using",
            )
        )


@contextmanager
def _refusals(model: str) -> Iterator[None]:
    """What the library refuses becomes an error that quotes it."""
    try:
        yield
    except (ValueError, np.linalg.LinAlgError) as error:
        reason = " ".join(str(error).splitlines()[0].split())
        raise StepError(
            Diagnostic(
                "E0516",
                f"`{model}` cannot be fitted to this series: {reason}",
                hint="choose other orders, or another trend and season",
                about="model",
            )
        ) from error


def _problem(code: str, message: str, label: str, hint: str) -> StepError:
    return StepError(Diagnostic(code, message, label=label, hint=hint, about="query"))
