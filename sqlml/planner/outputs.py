"""The names of a model's matrix columns, as far as they are known before the program runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlml.zoo.features.contract import Feature


def names_of_stored(pipelines: Mapping[str, Any]) -> tuple[str, ...]:
    """All columns of fitted features, which are given as JSON, by target."""
    from sqlml.zoo.features.pipeline import Pipeline

    return tuple(name for each in pipelines.values() for name in Pipeline.from_json(each).names)


def names_of_numbers(features: Mapping[str, Sequence[Feature]]) -> tuple[str, ...]:
    """The columns that need not be learnt."""
    from sqlml.zoo.features.numeric import Numeric

    every = (feature for several in features.values() for feature in several)
    return tuple(feature.label for feature in every if isinstance(feature, Numeric))
