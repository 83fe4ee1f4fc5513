"""What a forecast must know of its rows beside their numbers: the kind of time, the series."""

from dataclasses import dataclass
from typing import Self

from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.features.time import Time
from sqlml.zoo.features.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Timeline:
    """The matrix of a forecast has the time and, where there are several series, the series' code.

    numbers: times are plain numbers, not days. series: the names by code; empty for a single one.
    """

    numbers: bool
    series: tuple[str, ...] = ()

    @classmethod
    def of(cls, pipeline: Pipeline) -> Self:
        time, *series = pipeline.features
        assert isinstance(time, Time)
        names = [one.values or () for one in series if isinstance(one, Vocabulary)]
        return cls(time.column.kind in ("integer", "float"), names[0] if names else ())
