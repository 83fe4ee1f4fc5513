"""Every parameter that time-series models take, in one line each; most are statsmodels' own."""

from dataclasses import dataclass

from sqlml.zoo.attributes import Attribute, AttributeProblem, Dictionary, Value
from sqlml.zoo.models.dictionaries.booster_attributes import choice, flag, integer


@dataclass(frozen=True, slots=True)
class Orders(Attribute):
    """A list of a given length of whole numbers from 0 on, such as [1, 0, 1]."""

    length: int = 3
    example: str = "[1, 1, 1]"

    def check(self, value: Value) -> Value:
        values = Attribute.check(self, value)
        if not isinstance(value, tuple | list) or len(value) != self.length:
            raise AttributeProblem(
                f"`{self.name}` must be {self.describe()}", f"write {self.example}"
            )
        return values

    def describe(self, most_choices: int = 0) -> str:
        return f"a list of {self.length} integers ≥ 0"


def _orders(name: str, length: int, example: str, doc: str) -> Attribute:
    return Orders(name, ("integer",), None, doc, 0, several=True, length=length, example=example)


_RANGE = (
    Attribute("date_format", ("text",), doc="How a time column of text is read, as in `%Y-%m-%d`."),
    Attribute(
        "forecast_start",
        ("text", "number"),
        doc="The first time that PREDICT forecasts, unless it says otherwise.",
    ),
    Attribute(
        "forecast_end",
        ("text", "number"),
        doc="The last time that PREDICT forecasts, unless it says otherwise.",
    ),
)

_ARIMA = (
    _orders("order", 3, "[1, 1, 1]", "Autoregressive terms, differences, moving-average terms."),
    choice(
        "trend",
        None,
        ("n", "c", "t", "ct", None),
        "None, a constant, a slope, or both; NULL: a constant unless there are differences.",
    ),
    flag("enforce_stationarity", True, "Keep the autoregressive part stationary."),
    flag("enforce_invertibility", True, "Keep the moving-average part invertible."),
    flag("concentrate_scale", False, "Estimate the error's variance apart from the likelihood."),
    choice(
        "method",
        "statespace",
        (
            *("statespace", "innovations_mle", "hannan_rissanen"),
            *("burg", "innovations", "yule_walker"),
        ),
        "How coefficients are estimated.",
    ),
    integer("maxiter", 50, 1, "Most steps of the search for coefficients (`statespace`)."),
)

ARIMA = Dictionary(
    (
        *_ARIMA,
        _orders(
            "seasonal_order",
            4,
            "[0, 1, 1, 12]",
            "The seasonal terms like `order`, then how many times a season has.",
        ),
        *_RANGE,
    )
)

ARIMA_WITH_STL = Dictionary(
    (
        *_ARIMA,
        Attribute(
            "period",
            ("integer",),
            minimum=2,
            several=True,
            doc="How many times a season has, or a list for several seasons, such as [7, 30].",
        ),
        Attribute(
            "seasonal",
            ("integer",),
            minimum=7,
            several=True,
            doc="How many seasons are smoothed over, odd, for each period; 11, 15, 19 … if absent.",
        ),
        flag("robust", False, "Let outliers count less in the decomposition."),
        *_RANGE,
    )
)

EXPONENTIAL_SMOOTHING = Dictionary(
    (
        choice("trend", None, ("add", "mul", None), "Added, multiplied, or no trend."),
        flag("damped_trend", False, "Let the trend fade away.", "damped"),
        choice("seasonal", None, ("add", "mul", None), "Added, multiplied, or no seasons."),
        integer("seasonal_periods", None, 2, "How many times a season has."),
        choice(
            "initialization_method",
            "estimated",
            ("estimated", "heuristic", "legacy-heuristic"),
            "How the first level, trend and season are found.",
        ),
        *(
            Attribute(
                name,
                ("number",),
                minimum=0,
                maximum=1,
                doc=f"How fast the {part}; estimated when not given.",
            )
            for name, part in (
                ("smoothing_level", "level follows the values"),
                ("smoothing_trend", "trend follows the level"),
                ("smoothing_seasonal", "season follows the values"),
                ("damping_trend", "trend fades away: near 0 at once, 1 not at all"),
            )
        ),
        *_RANGE,
    )
)
