"""Forecast a range of times after a model's training."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Bundle
from sqlml.zoo.context import Context
from sqlml.zoo.features.contract import ColumnReference
from sqlml.zoo.features.time import Time
from sqlml.zoo.model import Forecaster
from sqlml.zoo.steps.results import Results

_MICROSECONDS = 86_400_000_000  # in a day


@dataclass(frozen=True, slots=True)
class Horizon:
    """How many times, or from when to when; `about` is the attribute that says so."""

    steps: int = 0
    start: str | float | None = None
    end: str | float | None = None
    about: str = ""


def horizon_of(bundle: Bundle, settings: Mapping[str, Any]) -> Horizon | None:
    """What the statement asks for, else the model's own range; None where the rows decide."""
    if bundle.manifest.task != "forecasting":
        return None
    if settings.get("steps"):
        return Horizon(settings["steps"])
    for given, namespace in ((settings, "predict"), (bundle.manifest.parameters, "model")):
        if given.get("forecast_end") is not None:
            about = f"attribute {namespace}.forecast_end"
            return Horizon(0, given.get("forecast_start"), given["forecast_end"], about)
    return None


def at_level(bundle: Bundle, settings: Mapping[str, Any]) -> Bundle:
    """The bundle, its forecasts' intervals as wide as the statement asks for."""
    level = settings.get("interval")
    if level is None or not isinstance(bundle.estimator, Forecaster):
        return bundle
    return replace(bundle, estimator=bundle.estimator.at_level(level))


def known_times(bundle: Bundle, matrix: Any) -> int:
    """How many rows are of times that a forecast was trained on; none for other models."""
    estimator = bundle.estimator
    return estimator.known(matrix) if isinstance(estimator, Forecaster) else 0


def tell_known_times(context: Context, known: int, rows: int) -> None:
    if known:
        context.note(
            f"{known:,} of {rows:,} times are of the training: what is said of these follows from"
            " the values before each, and is no forecast"
        )


def forecast(bundle: Bundle, results: Results, horizon: Horizon) -> tuple[pa.Table, int]:
    """The time, the series where there are several, and the results, series by series; and how
    many of the times are of the training.

    Raises:
        StepError: E0517, the range holds no time, or an end is none.
    """
    estimator = bundle.estimator
    assert isinstance(estimator, Forecaster)
    features = bundle.pipeline.features
    time = features[0]
    assert isinstance(time, Time)
    series = estimator.timeline.series
    codes = range(max(len(series), 1))
    matrix = np.concatenate([_rows(estimator, code, horizon, time) for code in codes])
    if not len(matrix):
        raise _nothing(horizon, "the range holds no time of the series")
    columns = {time.column.name: _time_array(matrix[:, 0], time)}
    if series:
        names = pa.array(series).take(pa.array(matrix[:, 1].astype(np.int64)))
        columns[features[1].columns[0]] = names
    arrays = results.compute(matrix)
    named = zip(results.schema.names, arrays, strict=True)
    return pa.table({**columns, **dict(named)}), estimator.known(matrix)


def _rows(estimator: Forecaster, code: int, horizon: Horizon, time: Time) -> NDArray[np.float64]:
    if horizon.steps:
        return estimator.future(code, horizon.steps)
    start = None if horizon.start is None else _moment(horizon.start, horizon, time)
    assert horizon.end is not None
    return estimator.between(code, start, _moment(horizon.end, horizon, time))


def _moment(given: str | float, horizon: Horizon, time: Time) -> float:
    """A time as it was written, as the number that TIME makes of it."""
    numbers = time.column.kind in ("integer", "float")
    if numbers != isinstance(given, str):
        return float(given) if numbers else _parsed(str(given), horizon, time)
    kind = "a number" if numbers else "a date or time in quotes"
    raise _nothing(horizon, f"`{given}` is no time of the series, which is {kind}")


def _parsed(text: str, horizon: Horizon, time: Time) -> float:
    try:
        if time.format:
            parsed = pc.strptime(pa.array([text]), format=time.format, unit="us")
            return float(parsed.cast(pa.int64())[0].as_py()) / _MICROSECONDS
        return float(np.datetime64(text, "us").astype(np.int64)) / _MICROSECONDS
    except ValueError as error:
        raise _nothing(horizon, f"'{text}' is no date or time") from error


def _time_array(times: NDArray[np.float64], time: Time) -> pa.Array:
    """Times as the time column has them."""
    if time.column.kind == "integer":
        return pa.array(times.astype(np.int64))
    if time.column.kind == "float":
        return pa.array(times)
    instants = pa.array(np.rint(times * _MICROSECONDS).astype(np.int64)).cast(pa.timestamp("us"))
    match time.column.kind:
        case "text":
            return pc.strftime(instants, format=time.format)
        case "date":
            return instants.cast(pa.date32())
        case _:
            return instants.cast(pa.timestamp("us", "UTC")) if _has_zone(time.column) else instants


def _has_zone(column: ColumnReference) -> bool:
    return "TIME ZONE" in column.type.upper() or column.type.upper() == "TIMESTAMPTZ"


def _nothing(horizon: Horizon, message: str) -> StepError:
    hint = "write times like those of the training, or `predict.steps = 12`"
    return StepError(Diagnostic("E0517", message, hint=hint, about=horizon.about))
