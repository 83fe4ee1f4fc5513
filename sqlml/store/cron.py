"""Times in cron's five fields, with Debian cron's rules for the days when clocks are changed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = 5


def cron_fault(text: str) -> str:
    """What is wrong with a schedule; empty when nothing is."""
    fields = _fields(text)
    if len(fields.split()) != _FIELDS:
        count = len(fields.split())
        return f"it has {count} field{'s' * (count != 1)}, not {_FIELDS}"
    try:
        first = next(CronSim(fields, datetime(2000, 1, 1)), None)
    except CronSimError as error:
        return str(error).lower()
    return "" if first else "there is never such a day"


def timezone_fault(text: str) -> str:
    """What is wrong with the name of a time zone; empty when nothing is."""
    if text == "UTC":
        return ""
    known = available_timezones()
    if not known:
        return "this machine knows no time zones: `pip install tzdata`"
    return "" if text in known else "there is no such time zone"


def next_time(schedule: Iterable[str], timezone: str, after: float) -> float | None:
    """The first time of a schedule behind `after`; both are seconds since the epoch.

    None: there is none within the next 50 years.

    A fixed time that is skipped when clocks go forward comes right after the skip; one that comes
    twice when they go back counts once. An hour or minute of `*` follows the clock as it goes.
    """
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)  # which needs files, even for UTC
    start = datetime.fromtimestamp(after, zone)
    found = (next(CronSim(_fields(one), start), None) for one in schedule)
    return min((time.timestamp() for time in found if time is not None), default=None)


def _fields(text: str) -> str:
    return _NAMED.get(text.strip().lower(), text)
