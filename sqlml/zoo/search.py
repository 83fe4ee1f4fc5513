"""Searches for good hyperparameters, as data: from which values, by which metric, for how long."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import prod
from typing import Any, Literal

from sqlml.zoo.attributes import Value, written
from sqlml.zoo.halving import Halving


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from `low` to `high`, both included; integers if the ends are.

    step: between two of them. log: all orders of magnitude are as likely.
    """

    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False

    def __str__(self) -> str:
        ends = (self.low, self.high, *([] if self.step is None else [self.step]))
        return f"{'LOG_' if self.log else ''}RANGE({', '.join(map(written, ends))})"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values. grid: all of them are to be tried where all of a space can be."""

    values: tuple[Value, ...]
    grid: bool = False

    def __str__(self) -> str:
        values = (f"'{v}'" if isinstance(v, str) else written(v) for v in self.values)
        return f"{'GRID' if self.grid else 'CHOICE'}({', '.join(values)})"


Dimension = Range | Choice


@dataclass(frozen=True, slots=True)
class Candidate:
    """An estimator and its space: attributes by name with namespace (`model.eta`).

    first: the values to try before any others; only where several estimators compete.
    standardized: plain numbers among the features become STANDARDIZE of them. most_rows: there is
    no point in trying it on more.
    """

    estimator: str
    space: Mapping[str, Dimension]
    first: Mapping[str, Value] = field(default_factory=dict)
    standardized: bool = False
    most_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for, and how.

    metric: to compare trials by; empty: the one that is usual for the task. parallel: how many
    trials are chosen at a time, without knowing of each other. timeout: seconds after which no
    trial begins. exhaustive: every combination of the only candidate's choices is tried. halving:
    all trials but the first ones go on with the best of those before. predictions: for how many
    combinations an advisor predicts a training before one is tried; 0: nobody is asked.
    """

    candidates: tuple[Candidate, ...]
    metric: str = ""
    parallel: int = 4
    timeout: float | None = None
    pruner: Literal["none", "median"] = "none"
    seed: int = 0
    exhaustive: bool = False
    halving: Halving | None = None
    predictions: int = 0

    @property
    def combinations(self) -> int:
        """How many there are of the only candidate's choices."""
        dimensions = self.candidates[0].space.values()
        return prod(len(one.values) for one in dimensions if isinstance(one, Choice))

    def known(self, number: int) -> int:
        """The results of how many trials, from the first, trial `number` (from 1) knows."""
        if self.halving is not None:
            return self.halving.rungs[self.halving.rung_of(number)].start
        return (number - 1) // self.parallel * self.parallel

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Search":
        candidates = tuple(
            Candidate(**{**one, "space": {n: _dimension(d) for n, d in one["space"].items()}})
            for one in told["candidates"]
        )
        halving = told.get("halving") and Halving(**told["halving"])
        return cls(**{**told, "candidates": candidates, "halving": halving})


def _dimension(told: Mapping[str, Any]) -> Dimension:
    return Range(**told) if "low" in told else Choice(tuple(told["values"]), told["grid"])
