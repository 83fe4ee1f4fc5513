"""Time series by statsmodels: their names, and which of their attributes go together."""

from collections.abc import Iterator, Mapping

from sqlml.zoo.attributes import Dictionary, Value
from sqlml.zoo.library import SCIPY, STATSMODELS
from sqlml.zoo.model import ModelType
from sqlml.zoo.models.dictionaries.statsmodels_parameters import (
    ARIMA,
    ARIMA_WITH_STL,
    EXPONENTIAL_SMOOTHING,
)
from sqlml.zoo.models.named_family import NamedFamily
from sqlml.zoo.remarks import Remark
from sqlml.zoo.settings import TRAIN


def remarks(model: ModelType, given: Mapping[str, Value]) -> Iterator[Remark]:
    """What is missing, and what does not go together."""
    if model.name == "statsmodels.ExponentialSmoothing":
        yield from _of_smoothing(given)
    else:
        yield from _of_arima(model, given)
    if "model.forecast_start" in given and "model.forecast_end" not in given:
        yield Remark(
            "model.forecast_start",
            "a forecast that has a start needs an end",
            "add `model.forecast_end`",
        )


def _of_arima(model: ModelType, given: Mapping[str, Value]) -> Iterator[Remark]:
    order, seasonal = given.get("model.order"), given.get("model.seasonal_order")
    if order is None and seasonal is None:
        yield _required(model, "order", "[1, 1, 1]")
    if "period" in model.parameters and "model.period" not in given:
        yield _required(model, "period", "7")
    terms, period = _split(seasonal)
    if any(terms) and period < 2:
        yield Remark(
            "model.seasonal_order",
            f"a season of {period} has no seasonal terms",
            "the last of the four is how many times a season has, such as 12 for months",
        )
    differences = _split(order)[0][1:2] + terms[1:2]
    if any(differences) and given.get("model.trend") in ("c", "ct"):
        yield Remark(
            "model.trend",
            "differences take a constant away, so that none can be estimated",
            "write `model.trend = 't'`: the differences then have a mean",
        )


def _of_smoothing(given: Mapping[str, Value]) -> Iterator[Remark]:
    if given.get("model.damped_trend") and not given.get("model.trend"):
        yield Remark("model.damped_trend", "there is no trend to damp", "add `model.trend = 'add'`")
    if given.get("model.seasonal") and not given.get("model.seasonal_periods"):
        yield Remark(
            "model.seasonal",
            "seasons need to know how long they are",
            "add `model.seasonal_periods`, such as 12 for months",
        )
    needed = {
        "seasonal_periods": "seasonal",
        "smoothing_trend": "trend",
        "smoothing_seasonal": "seasonal",
        "damping_trend": "damped_trend",
    }
    for name, needs in needed.items():
        if given.get(f"model.{name}") is not None and not given.get(f"model.{needs}"):
            value = "TRUE" if needs == "damped_trend" else "'add'"
            yield Remark(
                f"model.{name}",
                f"`model.{name}` has no effect without `model.{needs}`",
                f"add `model.{needs} = {value}`, or leave it out",
            )


def _required(model: ModelType, name: str, example: str) -> Remark:
    return Remark(
        "",
        f"`{model.name}` needs `model.{name}`",
        f"add `WITH model.{name} = {example}`",
        code="E0208",
    )


def _split(orders: Value) -> tuple[tuple[int, ...], int]:
    """The three terms of an order, and the length of a season behind them."""
    numbers = tuple(n for n in orders if isinstance(n, int)) if isinstance(orders, tuple) else ()
    return numbers[:3], numbers[3] if len(numbers) > 3 else 0


def _model(name: str, parameters: Dictionary, doc: str) -> ModelType:
    return ModelType(
        name=f"statsmodels.{name}",
        family="statsmodels",
        libraries=(STATSMODELS, SCIPY),
        task="forecasting",
        parameters=parameters,
        settings=TRAIN.only("time", "series", "seed"),
        trainer="sqlml.zoo.models.statsmodels_trainer:StatsmodelsTrainer",
        categories="native",
        doc=doc,
    )


FAMILY = NamedFamily(
    (
        _model(
            "ARIMA",
            ARIMA,
            "Autoregression, differences and moving averages, seasonal too (SARIMA).",
        ),
        _model(
            "ARIMAWithSTLDecomposition",
            ARIMA_WITH_STL,
            "One or several seasons taken out by STL, and ARIMA for what is left.",
        ),
        _model(
            "ExponentialSmoothing",
            EXPONENTIAL_SMOOTHING,
            "Holt-Winters: a level, a trend and seasons that follow the newest values.",
        ),
    ),
    prefixes=("sqlflow_models",),
    remarks=remarks,
)
