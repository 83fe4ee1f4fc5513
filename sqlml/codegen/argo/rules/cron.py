"""Cron schedules, as Argo's parser (robfig/cron's standard one) takes them."""

import re

from sqlml.store import cron

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_NAMES = {
    "month": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    "weekday": ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
_DESCRIPTORS = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_EVERY = re.compile(r"@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+")
_ZONE = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.*)")


def cron_fault(text: str) -> str:
    """What is wrong with a schedule; empty when nothing is."""
    if zone := _ZONE.fullmatch(text):
        return timezone_fault(zone[1]) or cron_fault(zone[2])
    if text in _DESCRIPTORS or _EVERY.fullmatch(text):
        return ""
    if not text.strip():
        return "it is empty"
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"a schedule has 5 fields, `{text}` has {len(fields)}"
    for field, (name, low, high) in zip(fields, _FIELDS, strict=True):
        for piece in field.split(","):
            if not _is_range(piece, name, low, high):
                return f"`{piece}` is no {name}"
    return ""


def _is_range(piece: str, name: str, low: int, high: int) -> bool:
    span, slash, step = piece.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return False
    if span in ("*", "?"):
        return True
    numbers = [_number(end, name, low) for end in span.split("-")]
    bounds = [number for number in numbers if number is not None and low <= number <= high]
    return len(bounds) == len(numbers) <= 2 and bounds == sorted(bounds)


def _number(text: str, name: str, low: int) -> int | None:
    names = _NAMES.get(name, [])
    if text.lower() in names:
        return names.index(text.lower()) + low
    return int(text) if text.isascii() and text.isdigit() else None


def timezone_fault(text: str) -> str:
    """What is wrong with a time zone; Argo also knows `Local`."""
    is_known = text == "Local" or not cron.timezone_fault(text)
    return "" if is_known else f"there is no time zone `{text}`"
