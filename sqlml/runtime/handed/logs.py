"""What steps have printed, and what steps of SQL tell in it."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlml.errors import Diagnostic

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Told:
    """text: what was printed besides events. summary, metrics: of a finished step. diagnostics: of
    one that failed."""

    text: str = ""
    summary: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def last_line(self) -> str:
        """A few words about a step: the last that it has printed."""
        line = self.text.rstrip().rpartition("\n")[2].strip()
        return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def told_in(log: str) -> Told:
    """What a log says; events are lines of JSON, as `sqlml step` prints them."""
    events = events_in(log)
    text = (line for line in log.splitlines() if _event(line) is None)
    last: dict[str, Any] = next((e for e in reversed(events) if e["event"] in _ENDS), {})
    return Told(
        "\n".join(text),
        str(last.get("summary", "")),
        last.get("metrics", {}),
        tuple(map(_diagnostic, last.get("diagnostics", ()))),
    )


def events_in(log: str) -> Sequence[dict[str, Any]]:
    return [event for line in log.splitlines() if (event := _event(line)) is not None]


_ENDS = frozenset({"step_finished", "step_failed"})


def _event(line: str) -> dict[str, Any] | None:
    if line.startswith('{"event":'):
        with suppress(ValueError):
            event: dict[str, Any] = json.loads(line)
            return event
    return None


def _diagnostic(told: Mapping[str, Any]) -> Diagnostic:
    place = told.get("place") or ""
    label = f"at {place}" if place else ""
    return Diagnostic(told["code"], told["message"], label=label, hint=told.get("hint", ""))
