"""PREDICT of times after the training in a plain script."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.python.families.statsmodels import NUMBERS, series_of, time_of
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.workflow.ir import Predict
from sqlml.zoo.features.time import Time

SETTINGS = ("steps", "interval", "forecast_start", "forecast_end")
_USUAL_LEVEL = 0.95
_TYPES = {"date": "pa.date32()", "timestamp": 'pa.timestamp("us")'}


def horizon(model: Model, predict: Predict) -> str:
    """The matrix of the times that are asked for; empty where the rows say which."""
    settings: Mapping[str, Any] = predict.settings
    if settings.get("steps"):
        return f"{model.name}.later({settings['steps']})"
    range_of_model: Mapping[str, Any] = model.train.parameters
    for given in (settings, range_of_model):
        if given.get("forecast_end") is not None:
            ends = (_day(given.get(f"forecast_{end}"), time_of(model)) for end in ("start", "end"))
            return call(f"{model.name}.between", *ends)
    return ""


def level(model: Model, predict: Predict) -> Iterator[str]:
    """How wide intervals are, where they are asked for."""
    if model.task == "forecasting" and predict.settings.get("extra_outputs"):
        yield f"{model.name}.level = {literal(predict.settings.get('interval') or _USUAL_LEVEL)}"


def times(model: Model) -> str:
    """The table of the times, and of the series where there are several."""
    time, series = time_of(model), series_of(model)
    columns = [f"{literal(time.column.name)}: {_times(time)}"]
    if series:
        known = model.features[1].learnt[0].partition(" = ")[0]
        columns.append(f'{literal(series)}: {known}.take(pa.array(matrix[:, 1].astype("int64")))')
    return f"pa.table({{{', '.join(columns)}}})"


def _times(time: Time) -> str:
    if time.column.kind in NUMBERS:
        return 'matrix[:, 0].astype("int64")' if time.column.kind == "integer" else "matrix[:, 0]"
    if time.column.kind == "text":
        return call("as_times", "matrix[:, 0]", "pa.string()", literal(time.format))
    return call("as_times", "matrix[:, 0]", _type(time))


def _type(time: Time) -> str:
    written = time.column.type.upper()
    if "TIME ZONE" in written or written == "TIMESTAMPTZ":
        return 'pa.timestamp("us", "UTC")'
    return _TYPES.get(time.column.kind, 'pa.timestamp("us")')


def _day(given: str | float | None, time: Time) -> str:
    """A time as the matrix has it."""
    if not isinstance(given, str):
        return repr(given)
    if time.format:
        table = f'pa.table({{"time": [{literal(given)}]}})'
        return f"{call('days', table, literal('time'), literal(time.format))}[0]"
    return f"np.datetime64({literal(given)}, {literal('us')}).astype({literal('int64')}) / DAY"
