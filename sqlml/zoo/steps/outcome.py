"""What a step reports when it is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """summary: a few words for the step's line (`accuracy 0.967`, `40 rows`).

    outputs: by output name, JSON. history: metrics per round, oldest first.
    """

    summary: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0
    history: tuple[Mapping[str, float], ...] = ()
