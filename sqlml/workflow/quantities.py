"""Amounts as Kubernetes writes them (`500m`, `2Gi`), durations as Argo does (`90s`, `1h30m`)."""

import math
import re
from collections.abc import Mapping
from typing import Any

from sqlml.workflow.ir import Resources
from sqlml.workflow.places import fault

_SUFFIXES = {
    "": 1.0,
    **{f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)},
    **{letter: 1000.0**power for power, letter in enumerate("kMGTPE", 1)},
    "K": 1000.0,
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
}
_QUANTITY = re.compile(r"(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?([a-zA-Z]{0,2})")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")


def resources_of(asked: Any) -> Resources:
    """`{"cpu": 1, "memory": "2Gi", "nvidia.com/gpu": 1}` as a step's resources.

    Raises:
        ProgramError: an amount cannot be read.
    """
    if asked is None:
        return Resources()
    others: dict[str, str] = {}
    cpu = memory = gpu = None
    for name, amount in amounts_of(asked).items():
        if name == "cpu":
            cpu = quantity(name, amount)
        elif name == "memory":
            memory = round(quantity(name, amount))
        elif name in ("gpu", "nvidia.com/gpu"):
            gpu = round(quantity(name, amount))
        else:
            quantity(name, amount)
            others[str(name)] = str(amount)
    return Resources(cpu, memory, gpu, others)


def amounts_of(asked: Any) -> Mapping[str, Any]:
    """Amounts by what they are of: a dict, or a text such as `cpu=0.5,memory=2Gi`.

    Raises:
        ProgramError: it is neither.
    """
    if isinstance(asked, str):
        pairs = [pair.partition("=") for pair in asked.split(",")]
        if all(name.strip() and amount.strip() for name, _, amount in pairs):
            return {name.strip(): amount.strip() for name, _, amount in pairs}
    if not isinstance(asked, Mapping):
        raise fault("E0734", f"`resources` must be a dict, not {asked!r:.60}", _HINT)
    return asked


_HINT = 'such as `resources={"cpu": "500m", "memory": "2Gi", "nvidia.com/gpu": 1}`'


def quantity(name: str, amount: Any) -> float:
    """An amount as a number.

    Raises:
        ProgramError: it is none.
    """
    match = _QUANTITY.fullmatch(str(amount).strip())
    if match is None or isinstance(amount, bool) or match[3] not in _SUFFIXES:
        raise fault("E0734", f"{amount!r} is no amount of `{name}`", _HINT)
    return float(match[1]) * 10.0 ** int(match[2] or 0) * _SUFFIXES[match[3]]


def seconds(name: str, duration: Any) -> float | None:
    """A number of seconds, or a text such as `1h30m`, as seconds; None for nothing.

    Raises:
        ProgramError: it is neither.
    """
    if duration is None or duration == "":
        return None
    is_number = isinstance(duration, int | float) and not isinstance(duration, bool)
    if is_number and 0 <= duration < math.inf:
        return float(duration)
    if isinstance(duration, str) and re.fullmatch(r"\d+(\.\d+)?", duration):
        return float(duration)
    if isinstance(duration, str) and _DURATION.fullmatch(duration):
        parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", duration)
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    raise fault("E0734", f"{duration!r} is no length of time for `{name}`", "such as 90 or `1h30m`")


def timeout_of(duration: Any) -> float | None:
    """How long something may take: as `seconds`, and not 0.

    Raises:
        ProgramError: it is no such time.
    """
    found = seconds("timeout", duration)
    if found == 0:
        raise fault("E0734", "a `timeout` of 0 leaves no time", "leave it out for no limit")
    return found
