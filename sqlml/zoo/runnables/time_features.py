"""time_features: what earlier rows say about each row of a time series, and the parts of dates."""

from collections.abc import Iterator

from sqlml.quoting import identifier, subquery
from sqlml.zoo.attributes import Attribute
from sqlml.zoo.runnables.contract import (
    Argument,
    ArgumentProblem,
    Options,
    Runnable,
    Sources,
    column_argument,
    values,
)
from sqlml.zoo.runnables.draw import listed

_STATISTICS = {"mean": "avg", "std": "stddev_samp", "min": "min", "max": "max", "sum": "sum"}
_PARTS = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "day": "day",
    "weekday": "isodow", "dayofyear": "doy", "hour": "hour", "minute": "minute",
}  # fmt: skip


def build(sources: Sources, options: Options, _tables: int) -> tuple[str, ...]:
    """All columns, then the features, in the order of keys and time."""
    keys, time = values(options, "keys"), identifier(str(options["time"]))
    within = f"PARTITION BY {listed(keys)} " if keys else ""
    added = [
        f"{expression} AS {identifier(name)}"
        for name, expression in _features(options, f"{within}ORDER BY {time}")
    ]
    if not added:
        hint = "`--lags 1,7`, `--windows 7`, `--differences 1` or `--date_parts month,weekday`"
        raise ArgumentProblem("E0245", "nothing says which features to make", hint)
    if not options["columns"] and len(added) > len(values(options, "date_parts")):
        raise ArgumentProblem("E0245", "lags and windows need `--columns`", name="lags")
    order = ", ".join([*map(identifier, keys), time])
    return (f"SELECT *, {', '.join(added)} FROM {subquery(sources.rows)} ORDER BY {order}",)


def _features(options: Options, series: str) -> Iterator[tuple[str, str]]:
    """Names of features, and their expressions over the rows of one series."""
    for name in values(options, "columns"):
        column = identifier(name)
        for rows in values(options, "lags"):
            yield f"{name}_lag_{rows}", f"lag({column}, {rows}) OVER ({series})"
        for rows in values(options, "differences"):
            yield f"{name}_diff_{rows}", f"{column} - lag({column}, {rows}) OVER ({series})"
        for rows in values(options, "windows"):
            window = f"({series} {_frame(int(rows), bool(options['include_current']))})"
            for statistic in values(options, "statistics"):
                value = f"{_STATISTICS[statistic]}({column}) OVER {window}"
                full = f"CASE WHEN count({column}) OVER {window} = {rows} THEN {value} END"
                yield f"{name}_{statistic}_{rows}", full
    time = str(options["time"])
    for part in values(options, "date_parts"):
        yield f"{time}_{part}", f"date_part('{_PARTS[part]}', {identifier(time)})"


def _frame(rows: int, include_current: bool) -> str:
    if include_current:
        return f"ROWS BETWEEN {rows - 1} PRECEDING AND CURRENT ROW"
    return f"ROWS BETWEEN {rows} PRECEDING AND 1 PRECEDING"


def _counts(name: str, doc: str) -> Argument:
    return Argument(Attribute(name, ("integer",), minimum=1, several=True, doc=doc))


TIME_FEATURES = Runnable(
    "time_features",
    "Adds features of time series: earlier values, differences, rolling statistics, date parts."
    " Where there are too few earlier rows, a feature is NULL.",
    (
        column_argument("time", "The column that orders the rows.", required=True),
        column_argument("keys", "The columns that tell one series from another.", several=True),
        column_argument(
            "columns", "The columns of numbers to look at.", names="number", several=True
        ),
        _counts("lags", "How many rows back: `x_lag_1`."),
        _counts("differences", "The value less that of so many rows back: `x_diff_1`."),
        _counts("windows", "How many rows a rolling statistic looks at: `x_mean_7`."),
        Argument(
            Attribute(
                "statistics",
                choices=tuple(_STATISTICS),
                default=("mean", "std"),
                several=True,
                doc="Which rolling statistics.",
            )
        ),
        Argument(
            Attribute(
                "include_current",
                ("boolean",),
                default=False,
                doc="Let windows end with the row itself. By default they end with the row before,"
                " so that a feature never holds the value that is to be predicted.",
            )
        ),
        Argument(
            Attribute(
                "date_parts",
                choices=tuple(_PARTS),
                several=True,
                doc="Parts of the time: `day_month`; weekdays from 1 (Monday) to 7.",
            )
        ),
    ),
    build,
)
