"""statsmodels' time series in a plain script."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.python.families.tabular import Tabular
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.workflow.serial import thaw
from sqlml.zoo.features.contract import Feature, feature_from_json
from sqlml.zoo.features.time import Time

_LIBRARIES = {
    "ARIMA": "from statsmodels.tsa.arima.model import ARIMA",
    "MSTL": "from statsmodels.tsa.seasonal import MSTL",
    "ExponentialSmoothing": "from statsmodels.tsa.holtwinters import ExponentialSmoothing",
}
_ARIMA = (
    "order", "seasonal_order", "trend", "enforce_stationarity", "enforce_invertibility",
    "concentrate_scale",
)  # fmt: skip
_SMOOTHING = ("trend", "damped_trend", "seasonal", "seasonal_periods", "initialization_method")
_RATES = ("smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend")


class Statsmodels(Tabular):
    """See model.Family."""

    def refusals(self, model: Model) -> Iterator[str]:
        yield from ()

    def imports(self, model: Model) -> Iterator[str]:
        if _is_smoothing(model):
            yield _LIBRARIES["ExponentialSmoothing"]
            return
        yield _LIBRARIES["ARIMA"]
        if model.train.parameters.get("period"):
            yield _LIBRARIES["MSTL"]

    def fit(self, model: Model) -> Iterator[str]:
        fit = f"{model.name}_fit"
        yield ""
        yield ""
        yield f"def {fit}(values):"
        lines = _smoothing(model) if _is_smoothing(model) else _arima(model)
        yield from (f"    {line}" for line in lines)
        yield ""
        yield ""
        numbers = {"is_number": "True"} if time_of(model).column.kind in NUMBERS else {}
        yield f"{model.name} = {call('Forecast', fit, 'matrix', 'label', **numbers)}"

    def predicted(self, model: Model, matrix: str) -> str:
        return f"{model.name}.predict({matrix})"

    def chances(self, model: Model, matrix: str) -> str:
        return ""

    def extra(self, model: Model, name: str, matrix: str) -> str:
        return f"{model.name}.predict({matrix}, {literal(name)})"


FAMILY = Statsmodels()
NUMBERS = ("integer", "float")  # kinds of a time that is no date


def _is_smoothing(model: Model) -> bool:
    return model.train.estimator == "statsmodels.ExponentialSmoothing"


def _arima(model: Model) -> Iterator[str]:
    given: Mapping[str, Any] = model.train.parameters
    values, seasons = "values", ""
    if periods := tuple(sorted({*(given.get("period") or ())})):
        named = {"windows": given["seasonal"]} if given.get("seasonal") else {}
        if given.get("robust"):
            named["stl_kwargs"] = {"robust": True}
        told = call("MSTL", "values", periods=_tuple(periods), **_written(named))
        yield f"seasons = {told}.fit().seasonal.reshape(len(values), -1)"
        values = "values - seasons.sum(axis=1)"
        seasons = f" + {call('repeated', 'seasons', _tuple(periods), 'steps')}"
    orders = {name: given[name] for name in _ARIMA if given.get(name) is not None}
    method = given.get("method", "statespace")
    steps = {"method_kwargs": {"maxiter": given.get("maxiter", 50)}}
    fit = _written(steps if method == "statespace" else {"method": method})
    yield f"fitted = {call('ARIMA', values, **_written(orders))}.{call('fit', **fit)}"
    yield f"return lambda steps, level: arima_outlook(fitted, steps, level){seasons}"


def _smoothing(model: Model) -> Iterator[str]:
    given: Mapping[str, Any] = model.train.parameters
    kind = {name: given[name] for name in _SMOOTHING if given.get(name) is not None}
    rates = {name: given[name] for name in _RATES if given.get(name) is not None}
    told = call("ExponentialSmoothing", "values", **_written(kind))
    yield f"fitted = {told}.{call('fit', **_written(rates))}"
    season = given["seasonal_periods"] if given.get("seasonal") else 0
    parts = (True, given.get("trend"), given.get("seasonal"), given.get("damped_trend"))
    learnt = sum(map(bool, (*parts, True, given.get("trend")))) + season
    named = {"learnt": str(learnt), "seed": str(model.seed)}
    outlook = call("smoothing_outlook", "fitted", "steps", "level", **named)
    yield f"return lambda steps, level: {outlook}"


def _written(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: _tuple(value) if isinstance(value, tuple) else literal(value)
        for name, value in given.items()
    }


def _tuple(values: tuple[Any, ...]) -> str:
    return repr(values)


def time_of(model: Model) -> Time:
    """The feature along which it goes."""
    time, *_ = _features(model)
    assert isinstance(time, Time)
    return time


def series_of(model: Model) -> str:
    """The column that tells its series apart; empty where there is one series."""
    _time, *series = _features(model)
    return series[0].columns[0] if series else ""


def _features(model: Model) -> list[Feature]:
    specs: Any = thaw(model.train.features)
    return [feature_from_json(spec) for spec in specs[""]]
