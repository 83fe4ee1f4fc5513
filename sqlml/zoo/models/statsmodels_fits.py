"""Fitted time-series models: rebuilt from numbers alone, so that they forecast as before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.seasonal import MSTL

Floats = NDArray[np.float64]
Arrays = Mapping[str, Floats]

PATHS = 1_000  # simulated for an interval
_ARIMA = ("enforce_stationarity", "enforce_invertibility", "concentrate_scale")
_SMOOTHING = ("trend", "damped_trend", "seasonal", "seasonal_periods")
_RATES = ("smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend")


@dataclass(frozen=True, slots=True)
class Outlook:
    """The value expected at each place from the first on, and the ends of its interval."""

    mean: Floats
    lower: Floats
    upper: Floats


class Fit(Protocol):
    """A model fitted to one series."""

    @property
    def arrays(self) -> Arrays:
        """What was learnt, the series included: `restored` makes the same fit of it."""
        ...

    @property
    def values(self) -> Floats: ...

    @property
    def burn(self) -> int:
        """At how many of the first times the fit says nothing of use."""
        ...

    @property
    def scores(self) -> Mapping[str, float]:
        """`aic` and `bic`."""
        ...

    def outlook(self, steps: int, level: float) -> Outlook:
        """One-step predictions in the training, then forecasts `steps` times beyond."""
        ...


@dataclass(frozen=True)
class ArimaFit:
    """ARIMA's coefficients for a series less its `seasons`, shape (rows, periods)."""

    values: Floats
    parameters: Mapping[str, Any]
    coefficients: Floats
    seasons: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def arrays(self) -> Arrays:
        return {
            "values": self.values,
            "coefficients": self.coefficients,
            "seasons": self.seasons,
        }

    @property
    def burn(self) -> int:
        return int(self._filtered.loglikelihood_burn)

    @property
    def scores(self) -> Mapping[str, float]:
        return {"aic": float(self._filtered.aic), "bic": float(self._filtered.bic)}

    def outlook(self, steps: int, level: float) -> Outlook:
        last = len(self.values) + steps - 1
        predicted = self._filtered.get_prediction(0, last)
        ends = np.asarray(predicted.conf_int(alpha=1 - level))
        seasonal = self._seasonal(last + 1)
        return Outlook(
            np.asarray(predicted.predicted_mean) + seasonal,
            ends[:, 0] + seasonal,
            ends[:, 1] + seasonal,
        )

    def _seasonal(self, length: int) -> Floats:
        """The seasons in the training, and their last round again and again."""
        whole = np.zeros(length)
        for season, period in zip(self.seasons.T, _periods(self.parameters), strict=False):
            rows = np.arange(length)
            beyond = rows >= len(season)
            rows[beyond] = len(season) - period + (rows[beyond] - len(season)) % period
            whole += season[rows]
        return whole

    @cached_property
    def _filtered(self) -> Any:
        rest = self.values - self.seasons.sum(axis=1) if self.seasons.size else self.values
        return _arima(rest, self.parameters).filter(self.coefficients)


@dataclass(frozen=True)
class SmoothingFit:
    """Holt-Winters' rates and what it starts from. rates: NaN where there is none."""

    values: Floats
    parameters: Mapping[str, Any]
    rates: Floats
    start: Floats  # level, trend (NaN where there is none), then the seasons
    seed: int

    @property
    def arrays(self) -> Arrays:
        return {
            "values": self.values,
            "rates": self.rates,
            "start": self.start,
            "seed": np.array([self.seed]),
        }

    @property
    def burn(self) -> int:
        return 0

    @property
    def scores(self) -> Mapping[str, float]:
        return {"aic": float(self._smoothed.aic), "bic": float(self._smoothed.bic)}

    def outlook(self, steps: int, level: float) -> Outlook:
        """Intervals are quantiles of simulated paths, drawn by the seed; the errors are normal."""
        from scipy.special import ndtri

        fitted = np.asarray(self._smoothed.fittedvalues)
        deviation = self._deviation(self.values - fitted)
        reach = ndtri((1 + level) / 2) * deviation
        if steps == 0:
            return Outlook(fitted, fitted - reach, fitted + reach)
        draw = np.random.default_rng(self.seed)
        errors = deviation * draw.standard_normal((steps, PATHS))
        paths = self._smoothed.simulate(steps, "end", PATHS, random_errors=errors)
        lower, upper = np.quantile(paths, ((1 - level) / 2, (1 + level) / 2), axis=1)
        return Outlook(
            np.concatenate((fitted, self._smoothed.forecast(steps))),
            np.concatenate((fitted - reach, lower)),
            np.concatenate((fitted + reach, upper)),
        )

    def _deviation(self, errors: Floats) -> float:
        """The errors' standard deviation, by the number of what was estimated."""
        learnt = int((~np.isnan(np.concatenate((self.rates, self.start)))).sum())
        freedom = max(len(errors) - learnt, 1)
        return float(np.sqrt(np.sum(errors**2) / freedom))

    @cached_property
    def _smoothed(self) -> Any:
        level, trend, *seasons = self.start.tolist()
        start = {
            "initialization_method": "known",
            "initial_level": level,
            "initial_trend": None if np.isnan(trend) else trend,
            "initial_seasonal": seasons or None,
        }
        model = ExponentialSmoothing(self.values, **_named(self.parameters, _SMOOTHING), **start)
        rates = {n: v for n, v in zip(_RATES, self.rates.tolist(), strict=True) if not np.isnan(v)}
        return model.fit(**rates, optimized=False)


def fit_arima(values: Floats, parameters: Mapping[str, Any]) -> ArimaFit:
    """ARIMA for a series, less the seasons of its `period` if there is one.

    Raises:
        ValueError, LinAlgError: the library refuses the orders or the values.
    """
    seasons = _decomposed(values, parameters)
    rest = values - seasons.sum(axis=1) if seasons.size else values
    method = parameters.get("method", "statespace")
    steps = {"maxiter": parameters.get("maxiter", 50)} if method == "statespace" else None
    fitted = _arima(rest, parameters).fit(method=method, method_kwargs=steps)
    return ArimaFit(values, parameters, np.asarray(fitted.params), seasons)


def fit_smoothing(values: Floats, parameters: Mapping[str, Any], seed: int) -> SmoothingFit:
    """Holt-Winters for a series.

    Raises:
        ValueError: the library refuses the values, as when what is multiplied is not above 0.
    """
    initialization = parameters.get("initialization_method", "estimated")
    model = ExponentialSmoothing(
        values, **_named(parameters, _SMOOTHING), initialization_method=initialization
    )
    found = model.fit(**_named(parameters, _RATES)).params
    rates = np.array([_number(found[name]) for name in _RATES])
    trend = found["initial_trend"] if parameters.get("trend") else np.nan
    seasons = np.asarray(found["initial_seasons"], dtype=np.float64)
    seasons = seasons if parameters.get("seasonal") else seasons[:0]
    start = np.concatenate(([_number(found["initial_level"]), _number(trend)], seasons))
    return SmoothingFit(values, parameters, rates, start, seed)


def restored(model: str, parameters: Mapping[str, Any], arrays: Arrays) -> Fit:
    """The fit whose `arrays` these were."""
    if model == "statsmodels.ExponentialSmoothing":
        *learnt, seed = (arrays[name] for name in ("values", "rates", "start", "seed"))
        values, rates, start = learnt
        return SmoothingFit(values, parameters, rates, start, int(seed[0]))
    return ArimaFit(arrays["values"], parameters, arrays["coefficients"], arrays["seasons"])


def _arima(values: Floats, parameters: Mapping[str, Any]) -> Any:
    return ARIMA(
        values,
        order=tuple(parameters.get("order") or (0, 0, 0)),
        seasonal_order=tuple(parameters.get("seasonal_order") or (0, 0, 0, 0)),
        trend=parameters.get("trend"),
        **_named(parameters, _ARIMA),
    )


def _decomposed(values: Floats, parameters: Mapping[str, Any]) -> Floats:
    periods = _periods(parameters)
    if not periods:
        return np.empty((0, 0))
    windows = parameters.get("seasonal")
    found = MSTL(
        values,
        periods=periods,
        windows=None if windows is None else tuple(windows),
        stl_kwargs={"robust": bool(parameters.get("robust"))},
    ).fit()
    return np.asarray(found.seasonal).reshape(len(values), len(periods))


def _periods(parameters: Mapping[str, Any]) -> tuple[int, ...]:
    """The lengths of the seasons, shortest first, as the library orders them."""
    return tuple(sorted(set(parameters.get("period") or ())))


def _named(parameters: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: parameters[name] for name in names if name in parameters}


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
