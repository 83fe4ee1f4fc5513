"""DATE_PARTS: the parts of a date or time as numbers. What such a column is by default."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa

from sqlml.errors import did_you_mean
from sqlml.zoo import arrow_compute as pc
from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.blocks import Block
from sqlml.zoo.features.columns import Columns, type_words
from sqlml.zoo.features.contract import ColumnReference, Encoding, Feature, Output
from sqlml.zoo.features.kinds import DATES, Kind

_DAY_IN_MICROSECONDS = 86_400_000_000


def epoch(dates: pa.Array) -> pa.Array:
    """Days since 1970-01-01, with their fraction."""
    instants = dates.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    return pc.divide(instants.cast(pa.float64(), safe=False), float(_DAY_IN_MICROSECONDS))


# The functions of Arrow that give them.
_DATE: Mapping[str, str] = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "iso_week",
    "day": "day",
    "weekday": "day_of_week",  # Monday is 0
    "dayofyear": "day_of_year",
    "epoch": "",
}
_TIME: Mapping[str, str] = {"hour": "hour", "minute": "minute", "second": "second"}
_PARTS = {**_DATE, **_TIME}
_ALLOWED: Mapping[Kind, Mapping[str, Any]] = {"date": _DATE, "time": _TIME}
_OF_DATE = ("year", "month", "day", "weekday", "dayofyear")
_DEFAULTS: Mapping[Kind, tuple[str, ...]] = {
    "timestamp": (*_OF_DATE, "hour", "minute"),
    "time": ("hour", "minute", "second"),
}


def _values(part: str, dates: pa.Array) -> pa.Array:
    return epoch(dates) if part == "epoch" else getattr(pc, _PARTS[part])(dates)


@dataclass(frozen=True, slots=True)
class DateParts(Feature):
    """One number per part. `weekday`: Monday is 0; `week`: ISO 8601; `epoch`: days since 1970.

    A time with a zone is read in UTC, so that a model does not depend on a session's settings.
    """

    column: ColumnReference
    parts: tuple[str, ...]

    function = "DATE_PARTS"
    usage = "DATE_PARTS(column [, [parts]])"
    doc = "The parts of a date or time: " + " ".join(_PARTS) + "."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=1, most=2)
        column = given.column(0, DATES, hint=_hint(given.get(0)))
        if given.get(1) is None:
            return cls(column, _DEFAULTS.get(column.kind, _OF_DATE))
        listed = given.get(1)
        names = (listed,) if isinstance(listed, str) else tuple(listed)
        if not names:
            given.refuse("the list of parts is empty", f"parts: {', '.join(_PARTS)}")
        allowed = _ALLOWED.get(column.kind, _PARTS)
        for name in names:
            if not isinstance(name, str) or name.lower() not in allowed:
                hint = did_you_mean(str(name), allowed) or f"parts: {', '.join(allowed)}"
                given.refuse(f"{words(name)} is no part of `{column.name}`", hint)
        return cls(column, tuple(dict.fromkeys(name.lower() for name in names)))

    @property
    def label(self) -> str:
        return self.column.name

    @property
    def gaps(self) -> tuple[ColumnReference, ...]:
        return (self.column,)

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return [Output(f"{self.label}_{part}") for part in self.parts]

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        array = columns.array(self.column)
        if pa.types.is_null(array.type):
            return np.full((columns.rows, len(self.parts)), np.nan)
        if not pa.types.is_temporal(array.type):
            raise problems.wrong_type(self.label, type_words(array.type), "a date or time")
        if pa.types.is_timestamp(array.type) and array.type.tz is not None:
            array = array.cast(pa.timestamp(array.type.unit))  # the same instant, in UTC
        if _has_infinite(array):
            raise problems.infinite_value(self.column.name)
        matrix = np.empty((columns.rows, len(self.parts)))
        for place, part in enumerate(self.parts):
            matrix[:, place] = _values(part, array).to_numpy(zero_copy_only=False)
        return matrix


def _has_infinite(dates: pa.Array) -> bool:
    """Whether one is DuckDB's `infinity` or `-infinity`: the largest number of days or instants."""
    if pa.types.is_time(dates.type):
        return False
    numbers = dates.cast(pa.int32() if pa.types.is_date32(dates.type) else pa.int64())
    most = np.iinfo(numbers.type.to_pandas_dtype()).max
    return bool(pc.any(pc.equal(pc.abs(numbers), most)).as_py())


def _hint(value: object) -> str:
    if isinstance(value, ColumnReference) and value.kind == "text":
        return f"make a date of it in the query: CAST({value.name} AS DATE)"
    return ""
