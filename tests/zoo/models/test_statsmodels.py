"""Time series against statsmodels called by hand, and against published figures."""

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.forecasting.stl import STLForecast
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.seasonal import MSTL

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.models.statsmodels import FAMILY
from sqlml.zoo.models.statsmodels_trainer import StatsmodelsTrainer
from sqlml.zoo.remarks import Remark
from sqlml.zoo.timeline import Timeline

TRAINER = StatsmodelsTrainer()
NUMBERS = Timeline(numbers=True)

# Box, Jenkins: international airline passengers in thousands, January 1949 to December 1960.
AIRLINE = np.array([
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118,
    115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
    145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166,
    171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
    196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201,
    204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
    242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278,
    284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
    315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336,
    340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
    360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405,
    417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
], dtype=np.float64)  # fmt: skip


# x(t) = 0.6 x(t - 1) + e(t), from 20 on.
SHOCKS = np.random.default_rng(6).normal(size=80)
DRIFTING = 20 + np.array([np.sum(SHOCKS[: t + 1] * 0.6 ** np.arange(t, -1, -1)) for t in range(80)])


@pytest.fixture
def train(dataset: Any, fit: Any) -> Any:
    """Fit a model to values at the times 0, 1, 2 …, in an order that is not theirs."""

    def run(model: str, values: Any, parameters: dict[str, Any], **others: Any) -> Any:
        rows = np.random.default_rng(1).permutation(len(values))
        times = others.pop("times", np.arange(len(values), dtype=np.float64)[:, None])
        data = dataset(times[rows], np.asarray(values, dtype=np.float64)[rows])
        fields = {"timeline": NUMBERS, **others}
        return fit(TRAINER, f"statsmodels.{model}", data, "forecasting", parameters, **fields)

    return run


def refused(train: Any, *arguments: Any, **others: Any) -> Diagnostic:
    with pytest.raises(StepError) as caught:
        train(*arguments, **others)
    (fault,) = caught.value.diagnostics
    return fault


def test_the_airline_model_has_its_published_coefficients(train: Any) -> None:
    """R's arima(log10 …): ma1 -0.4018, sma1 -0.5569, sigma² 0.001348 and AIC -483.4 on ln."""
    orders = {"order": (0, 1, 1), "seasonal_order": (0, 1, 1, 12)}
    fitted = train("ARIMA", np.log(AIRLINE), orders)
    found = fitted.series[0].fit
    np.testing.assert_allclose(found.coefficients[:2], [-0.4018, -0.5569], atol=5e-4)
    np.testing.assert_allclose(found.coefficients[2], 0.001348, atol=2e-6)
    np.testing.assert_allclose(found.scores["aic"], -483.40, atol=0.01)


@pytest.mark.parametrize(
    "parameters",
    [
        {"order": (1, 0, 0), "trend": "ct"},
        {"order": (1, 1, 0), "trend": "t"},
        {"order": (1, 0, 1), "method": "innovations_mle"},
        {"order": (3, 0, 0), "method": "yule_walker", "enforce_stationarity": False},
    ],
)
def test_arima_forecasts_what_the_library_forecasts(parameters: dict[str, Any], train: Any) -> None:
    values = DRIFTING
    fitted = train("ARIMA", values, parameters)
    method = parameters.pop("method", None)
    wanted = ARIMA(values, **parameters).fit(method=method)
    ahead = fitted.future(0, 9)
    ends = wanted.get_forecast(9).conf_int(alpha=0.05)
    np.testing.assert_allclose(fitted.predict(ahead), wanted.forecast(9))
    np.testing.assert_allclose(fitted.extra("lower", ahead), ends[:, 0])
    np.testing.assert_allclose(fitted.extra("upper", ahead), ends[:, 1])
    narrow = fitted.at_level(0.5)
    ends = wanted.get_forecast(9).conf_int(alpha=0.5)
    np.testing.assert_allclose(narrow.extra("lower", ahead), ends[:, 0])
    np.testing.assert_allclose(fitted.predict([[5.0]]), wanted.predict(5, 5))


def test_one_season_is_taken_out_as_stl_forecast_does(train: Any) -> None:
    parameters = {"order": (2, 1, 0), "period": (12,), "seasonal": (7,)}
    fitted = train("ARIMAWithSTLDecomposition", AIRLINE, parameters)
    by_hand = STLForecast(AIRLINE, ARIMA, model_kwargs={"order": (2, 1, 0)}, period=12).fit()
    ahead = fitted.future(0, 30)
    np.testing.assert_allclose(fitted.predict(ahead), by_hand.forecast(30))
    ends = by_hand.get_prediction(len(AIRLINE), len(AIRLINE) + 29).conf_int()
    np.testing.assert_allclose(fitted.extra("upper", ahead), np.asarray(ends)[:, 1])


def test_several_seasons_go_on_each_by_itself(train: Any) -> None:
    rows = np.arange(120)
    noise = np.random.default_rng(2).normal(0, 0.3, 120)
    values = 5 * np.sin(rows / 7 * 2 * np.pi) + 3 * np.cos(rows / 30 * 2 * np.pi) + noise
    fitted = train(
        "ARIMAWithSTLDecomposition", values, {"order": (1, 0, 0), "period": (30, 7), "robust": True}
    )
    parts = MSTL(values, periods=(7, 30), stl_kwargs={"robust": True}).fit()
    rest = ARIMA(values - parts.seasonal.sum(axis=1), order=(1, 0, 0)).fit()
    ahead = np.arange(40)
    seasons = parts.seasonal[113 + ahead % 7, 0] + parts.seasonal[90 + ahead % 30, 1]
    np.testing.assert_allclose(
        fitted.predict(fitted.future(0, 40)), rest.forecast(40) + seasons, rtol=1e-6
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"trend": "add", "damped_trend": True},
        {"trend": "add", "seasonal": "mul", "seasonal_periods": 12},
        {"seasonal": "add", "seasonal_periods": 12, "initialization_method": "heuristic"},
        {"trend": "mul", "smoothing_level": 0.4},
    ],
)
def test_smoothing_forecasts_what_the_library_forecasts(
    parameters: dict[str, Any], train: Any
) -> None:
    fitted = train("ExponentialSmoothing", AIRLINE, parameters)
    level = {"smoothing_level": parameters.pop("smoothing_level", None)}
    wanted = ExponentialSmoothing(AIRLINE, **parameters).fit(**level)
    np.testing.assert_allclose(fitted.predict(fitted.future(0, 20)), wanted.forecast(20))
    np.testing.assert_allclose(
        fitted.predict(np.arange(144.0)[:, None]), wanted.fittedvalues, rtol=1e-9
    )


def test_an_interval_widens_as_that_of_simple_smoothing_does(train: Any) -> None:
    """Variance after h steps: s² (1 + (h - 1) α²); Hyndman et al. (2008), table 6.1."""
    values = np.cumsum(np.random.default_rng(4).normal(size=200))
    fitted = train("ExponentialSmoothing", values, {"smoothing_level": 0.6})
    errors = values - fitted.predict(np.arange(200.0)[:, None])
    ahead = fitted.future(0, 5)
    half = (fitted.extra("upper", ahead) - fitted.extra("lower", ahead)) / 2
    wanted = 1.96 * np.sqrt(np.sum(errors**2) / 198 * (1 + np.arange(5) * 0.36))
    np.testing.assert_allclose(half, wanted, rtol=0.1)


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("ARIMA", {"order": (1, 1, 1), "trend": None}),
        ("ARIMAWithSTLDecomposition", {"order": (1, 0, 0), "period": (12,)}),
        ("ExponentialSmoothing", {"trend": "add", "seasonal": "add", "seasonal_periods": 12}),
    ],
)
def test_a_saved_model_forecasts_the_same_to_the_last_bit(
    model: str, parameters: dict[str, Any], train: Any, tmp_path: Path
) -> None:
    fitted = train(model, AIRLINE, parameters)
    folder = tmp_path / "model"
    folder.mkdir()
    fitted.save(folder)
    assert {path.suffix for path in folder.iterdir()} == {".json", ".npz"}
    loaded = TRAINER.load(folder)
    for output in ("mean", "lower", "upper"):
        one, two = (m._read(output, m.future(0, 12)) for m in (fitted, loaded))
        np.testing.assert_array_equal(one, two)


def test_each_series_has_a_model_of_its_own(train: Any) -> None:
    line = Timeline(numbers=True, series=("b", "a"))
    times = np.column_stack((np.tile(np.arange(40.0), 2), np.repeat([0.0, 1.0], 40)))
    times[40:, 0] += 10
    values = np.concatenate((np.arange(40.0), 100 - 2 * np.arange(40.0)))
    fitted = train("ExponentialSmoothing", values, {"trend": "add"}, times=times, timeline=line)
    assert fitted.future(0, 2).tolist() == [[40, 0], [41, 0]]
    assert fitted.future(1, 2).tolist() == [[50, 1], [51, 1]]
    np.testing.assert_allclose(fitted.predict([[50, 1], [41, 0]]), [20, 41], atol=0.5)
    assert fitted.naive_error == pytest.approx((39 * 1 + 39 * 2) / 78)
    with pytest.raises(StepError) as caught:
        fitted.predict([[50.0, 2.0]])
    assert caught.value.diagnostics[0].code == "E0518"


def test_times_before_and_beside_the_training_are_refused(train: Any) -> None:
    fitted = train("ExponentialSmoothing", AIRLINE[:24], {})
    for time in (-1.0, 3.5):
        with pytest.raises(StepError) as caught:
            fitted.predict([[time]])
        (fault,) = caught.value.diagnostics
        assert fault.code == "E0515"
        assert f"{time:g}" in fault.message
        assert "goes on with 24" in fault.label


def test_a_range_of_times(train: Any) -> None:
    fitted = train("ExponentialSmoothing", AIRLINE[:24], {})
    assert fitted.between(0, None, 26.5)[:, 0].tolist() == [24, 25, 26]
    assert fitted.between(0, 25.5, 27)[:, 0].tolist() == [26, 27]
    assert fitted.between(0, 22, 24)[:, 0].tolist() == [22, 23, 24]
    assert len(fitted.between(0, 30, 29)) == 0


def test_two_values_at_a_time_are_refused(train: Any) -> None:
    times = np.array([0.0, 1, 2, 2, 3])[:, None]
    fault = refused(train, "ARIMA", np.arange(5), {}, times=times)
    assert fault.code == "E0511"
    assert "at 2" in fault.message


def test_a_gap_is_refused_with_an_example(train: Any) -> None:
    times = np.delete(np.arange(20.0), [7, 11, 12])[:, None]
    fault = refused(train, "ARIMA", np.arange(17), {}, times=times)
    assert fault.code == "E0513"
    assert fault.message == "there is no row for 7, and none for 2 other times"


def test_uneven_times_are_refused_with_an_example(train: Any) -> None:
    times = np.array([0.0, 1, 2, 3, 3.5, 4, 5])[:, None]
    fault = refused(train, "ARIMA", np.arange(7), {}, times=times)
    assert fault.code == "E0512"
    assert "3, 3.5, 4" in fault.message


@pytest.mark.parametrize(
    ("model", "parameters", "rows"),
    [
        ("ARIMA", {"order": (1, 0, 0)}, 2),
        ("ARIMA", {"order": (5, 1, 5)}, 10),
        ("ARIMAWithSTLDecomposition", {"order": (1, 0, 0), "period": (12,)}, 24),
        ("ExponentialSmoothing", {"seasonal": "add", "seasonal_periods": 12}, 20),
    ],
)
def test_too_few_times_are_refused(
    model: str, parameters: dict[str, Any], rows: int, train: Any
) -> None:
    assert refused(train, model, AIRLINE[:rows], parameters).code == "E0514"


def test_what_the_library_refuses_is_quoted(train: Any) -> None:
    fault = refused(train, "ExponentialSmoothing", AIRLINE - 300, {"trend": "mul"})
    assert fault.code == "E0516"
    assert "positive" in fault.message


def test_an_earlier_model_is_not_continued(train: Any) -> None:
    fitted = train("ExponentialSmoothing", AIRLINE, {})
    assert refused(train, "ExponentialSmoothing", AIRLINE, {}, base=fitted).code == "E0481"


def test_a_forecast_is_not_explained_by_features(train: Any) -> None:
    with pytest.raises(StepError) as caught:
        train("ExponentialSmoothing", AIRLINE, {}).contributions([[1.0]])
    assert caught.value.diagnostics[0].code == "E0486"


def test_a_missing_library_is_an_error_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "sqlml.zoo.models.statsmodels_trainer"
    monkeypatch.setitem(sys.modules, "statsmodels.tools.sm_exceptions", None)
    monkeypatch.delitem(sys.modules, name)
    with pytest.raises(StepError) as caught:
        importlib.import_module(name)
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.hint) == ("E0519", "pip install 'sqlml[timeseries]'")


def remarks(name: str, **given: Any) -> list[Remark]:
    model = FAMILY.find(name)
    assert model is not None
    return list(FAMILY.remarks(model, {f"model.{key}": v for key, v in given.items()}))


@pytest.mark.parametrize(
    ("name", "given", "about"),
    [
        ("ARIMA", {}, ""),
        ("ARIMA", {"order": (1, 1, 1), "trend": "c"}, "model.trend"),
        ("ARIMA", {"seasonal_order": (1, 0, 1, 0)}, "model.seasonal_order"),
        ("sqlflow_models.ARIMAWithSTLDecomposition", {"order": (7, 0, 2)}, ""),
        ("ARIMA", {"order": (1, 0, 0), "forecast_start": "2014-09-01"}, "model.forecast_start"),
        ("ExponentialSmoothing", {"damped_trend": True}, "model.damped_trend"),
        ("ExponentialSmoothing", {"seasonal": "add"}, "model.seasonal"),
        ("ExponentialSmoothing", {"seasonal_periods": 12}, "model.seasonal_periods"),
        ("exponential_smoothing", {"smoothing_trend": 0.1}, "model.smoothing_trend"),
    ],
)
def test_attributes_that_do_not_go_together(name: str, given: Any, about: str) -> None:
    (told,) = remarks(name, **given)
    assert told.is_fault
    assert told.attribute == about
    assert told.hint


def test_an_order_is_a_list_of_three() -> None:
    model = FAMILY.find("ARIMA")
    assert model is not None
    assert model.parameters["order"].check((7, 0, 2)) == (7, 0, 2)
    for wrong in ((1, 0), 3, (1, 0, -1), "1, 0, 1, 2"):
        with pytest.raises(ValueError, match="order"):
            model.parameters["order"].check(wrong)
