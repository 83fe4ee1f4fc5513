"""The parts of a date as arithmetic, for formats that have no words for them.

Days are counted in years from March on, so that a leap day is a year's last: Howard Hinnant,
https://howardhinnant.github.io/date_algorithms.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """What is given, or an operator (`+ - * /` or `floor`) with what it is applied to."""

    operator: str = "given"
    of: tuple["Term | float", ...] = ()

    def __add__(self, other: "Term | float") -> "Term":
        return Term("+", (self, other))

    def __sub__(self, other: "Term | float") -> "Term":
        return Term("-", (self, other))

    def __mul__(self, factor: float) -> "Term":
        return Term("*", (self, factor))

    def __floordiv__(self, divisor: float) -> "Term":
        return Term("floor", (Term("/", (self, divisor)),))

    def __mod__(self, divisor: float) -> "Term":
        return self - (self // divisor) * divisor


DAY = 86_400
_CENTURIES, _CENTURY, _YEARS = 146_097, 36_524, 1_460  # days in 400, 100 and 4 years, or nearly
_EPOCH = 719_468  # days from March 1 of the year 0 to 1970


def _civil(days: Term) -> tuple[Term, Term, Term]:
    """The year, the month and the day of the month. days: since 1970-01-01."""
    shifted = days + _EPOCH
    day = shifted % _CENTURIES
    of_four = (day - day // _YEARS + day // _CENTURY - day // (_CENTURIES - 1)) // 365
    day_of_year = day - (of_four * 365 + of_four // 4 - of_four // 100)  # from March 1
    from_march = (day_of_year * 5 + 2) // 153
    next_year = from_march // 10
    return (
        (shifted // _CENTURIES) * 400 + of_four + next_year,
        from_march + 3 - next_year * 12,
        day_of_year - (from_march * 153 + 2) // 5 + 1,
    )


def _new_year(year: Term) -> Term:
    """The days from 1970-01-01 to January 1 of a year."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 - 719_162


GIVEN = Term()  # seconds since 1970 in UTC, or since midnight for a time of day
_DAYS = GIVEN // DAY
_YEAR, _MONTH, _DAY_OF_MONTH = _civil(_DAYS)
_WEEKDAY = (_DAYS + 3) % 7  # Monday is 0; 1970 began on a Thursday
_THURSDAY = _DAYS - _WEEKDAY + 3  # is in the year that the week counts in

PARTS: Mapping[str, Term] = {
    "year": _YEAR,
    "quarter": (_MONTH + 2) // 3,
    "month": _MONTH,
    "week": (_THURSDAY - _new_year(_civil(_THURSDAY)[0])) // 7 + 1,
    "day": _DAY_OF_MONTH,
    "weekday": _WEEKDAY,
    "dayofyear": _DAYS - _new_year(_YEAR) + 1,
    "epoch": Term("/", (GIVEN, DAY)),
    "hour": (GIVEN // 3_600) % 24,
    "minute": (GIVEN // 60) % 60,
    "second": (GIVEN // 1) % 60,
}
