"""A model's matrix as every format walks over it: blocks of columns, in their order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.export.scoring import Scoring, Unknown
from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.features.contract import Feature
from sqlml.zoo.features.cross import Cross
from sqlml.zoo.features.date_parts import DateParts
from sqlml.zoo.features.hashing import combine, mix
from sqlml.zoo.features.indicator import Indicator
from sqlml.zoo.features.numeric import Numeric
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.features.vocabulary import Vocabulary

KNOWN = (
    "numbers, STANDARDIZE, MINMAX, LOG, IMPUTE, BUCKET, VOCABULARY, CATEGORY_ID, INDICATOR and"
    " CROSS of such categories, and DATE_PARTS"
)
MOST_COMBINATIONS = 10_000
_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_EXACT = 2**53  # whole numbers above are not all numbers of double precision


@dataclass(frozen=True, slots=True)
class Quantity:
    """One column: a number."""

    of: Numeric


@dataclass(frozen=True, slots=True)
class Code:
    """One column: the id of a category, missing where there is none."""

    of: Categorical


@dataclass(frozen=True, slots=True)
class Levels:
    """A column per id: 1 in the row's own; in the others 0 or, with `or_missing`, nothing."""

    of: Categorical
    or_missing: bool


@dataclass(frozen=True, slots=True)
class Dates:
    """A column per part of a date."""

    of: DateParts


Block = Quantity | Code | Levels | Dates


def blocks(pipeline: Pipeline, scoring: Scoring | None = None) -> tuple[Block, ...]:
    """The blocks of the matrix of a model; scoring: its arithmetic, where it has one.

    Raises:
        Unknown: a feature that no format can say.
    """
    or_missing = pipeline.is_sparse and scoring is not None and scoring.absent_is_missing
    is_native = pipeline.encoding.categories == "native"

    def block(feature: Feature) -> Block:
        match feature:
            case Numeric():
                return Quantity(feature)
            case Indicator(of=of) if not of.is_bag:
                return Levels(of, or_missing)
            case Categorical() if not feature.is_bag:
                return Code(feature) if is_native else Levels(feature, or_missing)
            case DateParts():
                return Dates(feature)
            case _:
                raise unknown_feature(feature)

    return tuple(map(block, pipeline.features))


def starts(pipeline: Pipeline) -> tuple[int, ...]:
    """The place of each feature's first matrix column."""
    widths = (feature.width(pipeline.encoding) for feature in pipeline.features)
    return tuple(accumulate(widths, initial=0))[:-1]


def unknown_feature(feature: Feature) -> Unknown:
    """That a format has no words for a feature."""
    return Unknown(f"the feature {feature.function}(…) of `{feature.label}`")


def known_values(feature: Vocabulary) -> dict[str, int]:
    """The id of each value of a vocabulary, as text; values that its column cannot have left out.

    Raises:
        Unknown: a whole number that is no number of double precision.
    """
    places = {value: place for place, value in enumerate(feature.values or ())}
    match feature.column.kind:
        case "boolean":
            return {value: place for value, place in places.items() if value in ("false", "true")}
        case "integer":
            whole = {value: int(value) for value in places if _WHOLE.fullmatch(value)}
            if any(abs(number) > _EXACT for number in whole.values()):
                raise Unknown(f"a category of `{feature.label}` above 2⁵³")
            return {value: places[value] for value in whole}
        case _:
            return places


def cross_table(cross: Cross) -> tuple[Sequence[Categorical], NDArray[np.int64]]:
    """The categories that are crossed, and the id of each combination of their ids, as an array.

    Raises:
        Unknown: a text is hashed as it is, so that there is no list of them; or there are too many.
    """
    parts = [part for part in cross.parts if isinstance(part, Categorical)]
    sizes = [part.size for part in parts]
    if len(parts) < len(cross.parts) or prod(sizes) > MOST_COMBINATIONS:
        raise unknown_feature(cross)
    hashes = np.zeros(sizes, dtype=np.uint64)
    for ids in np.indices(sizes, dtype=np.uint64):
        hashes = combine(hashes, mix(ids))
    return parts, (hashes % np.uint64(cross.n)).astype(np.int64)
