from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sqlml.store.cron import cron_fault, next_time, timezone_fault


def following(cron: str, zone: str, start: str, count: int) -> list[str]:
    """The next times as UTC, each behind the one before."""
    now, found = datetime.fromisoformat(start).timestamp(), []
    for _ in range(count):
        due = next_time([cron], zone, now)
        assert due is not None
        now = due
        found.append(datetime.fromtimestamp(due, ZoneInfo("UTC")).strftime("%d %H:%M"))
    return found


# Berlin: on 31 March 2024, 2:00 became 3:00 (1:00 UTC); on 27 October, 3:00 became 2:00 again.
@pytest.mark.parametrize(
    ("cron", "start", "times"),
    [
        ("0 3 * * *", "2024-03-29T12:00+00:00", ["30 02:00", "31 01:00", "01 01:00"]),
        ("30 2 * * *", "2024-03-29T12:00+00:00", ["30 01:30", "31 01:00", "01 00:30"]),
        ("*/30 * * * *", "2024-03-31T00:10+00:00", ["31 00:30", "31 01:00", "31 01:30"]),
        ("30 2 * * *", "2024-10-26T12:00+00:00", ["27 00:30", "28 01:30", "29 01:30"]),
        ("@hourly", "2024-10-26T23:30+00:00", ["27 00:00", "27 01:00", "27 02:00"]),
    ],
)
def test_days_on_which_clocks_change_are_as_for_debian_cron(
    cron: str, start: str, times: list[str]
) -> None:
    assert following(cron, "Europe/Berlin", start, 3) == times


def test_the_first_of_several_times_is_next() -> None:
    start = datetime(2024, 1, 5, 12, tzinfo=ZoneInfo("UTC")).timestamp()
    due = next_time(["0 0 * * 1", "@monthly", "30 23 * * 7"], "UTC", start)
    assert due == datetime(2024, 1, 7, 23, 30, tzinfo=ZoneInfo("UTC")).timestamp()


@pytest.mark.parametrize(
    "text", ["0 3 * * 1-5", "*/15 8-18 1,15 jan-mar mon", "@daily", " @YEARLY"]
)
def test_good_times_have_no_fault(text: str) -> None:
    assert cron_fault(text) == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it has 0 fields, not 5"),
        ("* * * * * *", "it has 6 fields, not 5"),
        ("60 * * * *", "bad minute"),
        ("0 3 * * fryday", "bad day-of-week"),
        ("0 0 31 2,4 *", "bad day-of-month"),
        ("@often", "it has 1 field, not 5"),
    ],
)
def test_a_wrong_time_is_told(text: str, fault: str) -> None:
    assert cron_fault(text) == fault


def test_time_zones_are_those_of_the_system() -> None:
    assert timezone_fault("America/Argentina/Ushuaia") == timezone_fault("UTC") == ""
    assert all(map(timezone_fault, ("Europe", "../etc/passwd", "")))
