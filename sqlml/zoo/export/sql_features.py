"""Fitted features as SQL: one expression per column of the matrix, NULL where it has NaN."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never

import numpy as np

from sqlml.quoting import literal
from sqlml.zoo.export.matrix import (
    Block,
    Code,
    Dates,
    Levels,
    Quantity,
    cross_table,
    unknown_feature,
)
from sqlml.zoo.features.bucket import Bucket
from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.features.category_id import CategoryId
from sqlml.zoo.features.contract import ColumnReference
from sqlml.zoo.features.cross import Cross
from sqlml.zoo.features.impute import Impute
from sqlml.zoo.features.number import Number
from sqlml.zoo.features.numeric import Numeric
from sqlml.zoo.features.scale import Log, MinMax, Standardize
from sqlml.zoo.features.vocabulary import Vocabulary

KNOWN = (
    "numbers, STANDARDIZE, MINMAX, LOG, IMPUTE, BUCKET, VOCABULARY, CATEGORY_ID, INDICATOR,"
    " CROSS of such categories, and DATE_PARTS"
)

_LARGEST = "1.7976931348623157e308"


def feature_columns(blocks: Iterable[Block]) -> tuple[str, ...]:
    """The expressions of all matrix columns, in their order.

    Raises:
        Unknown: a feature that has none.
    """
    return tuple(expression for block in blocks for expression in _columns(block))


def number_literal(value: float) -> str:
    """A number that every database reads as double precision, whatever its digits."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def _columns(block: Block) -> Sequence[str]:
    match block:
        case Quantity(of=number):
            return [_number(number)]
        case Code(of=of):
            return [_code(_tests(of))]
        case Levels(of=of, or_missing=or_missing):
            return [_is_level(test, "NULL" if or_missing else "0") for test in _tests(of)]
        case Dates(of=of):
            return [_part(of.column, part) for part in of.parts]
        case _:
            assert_never(block)


# --- numbers --------------------------------------------------------------------------------


def _number(feature: Numeric) -> str:
    match feature:
        case Number(column=column):
            return _plain(column)
        case Standardize(of=of, shift=shift, scale=scale) | MinMax(of=of, shift=shift, scale=scale):
            return f"((({_number(of)}) - ({number_literal(shift)})) / {number_literal(scale)})"
        case Log(of=of):
            return f"ln({_number(of)})"
        case Impute(of=of, value=value) if value is not None:
            return f"coalesce({_number(of)}, {number_literal(value)})"
        case _:
            raise unknown_feature(feature)


def _plain(column: ColumnReference) -> str:
    number = f"CAST({column.identifier} AS DOUBLE PRECISION)"
    # NaN is above all numbers where there is one, and counts as missing
    return f"CASE WHEN {number} <= {_LARGEST} THEN {number} END" if column.can_be_nan else number


# --- categories -----------------------------------------------------------------------------


def _tests(feature: Categorical) -> Sequence[str]:
    """For each id the condition that it is the row's; no two are true at once."""
    match feature:
        case Vocabulary():
            return list(_vocabulary_tests(feature))
        case CategoryId(of=ColumnReference() as column, n=n):
            return [f"{column.identifier} = {place}" for place in range(n)]
        case Bucket(of=Numeric() as of, boundaries=tuple(boundaries)):
            return list(_ranges(_number(of), boundaries))
        case Cross():
            return list(_combinations(feature))
        case _:
            raise unknown_feature(feature)


def _vocabulary_tests(feature: Vocabulary) -> Iterator[str]:
    name = feature.column.identifier
    text = name if feature.column.type.upper() == "VARCHAR" else f"CAST({name} AS VARCHAR)"
    values = feature.values or ()
    for value in values:
        test = f"{text} = {literal(value)}"
        yield f"({test} OR {name} IS NULL)" if value == feature.fill else test
    if feature.other:
        known = ", ".join(map(literal, values))
        yield f"{text} NOT IN ({known})" if values else f"{name} IS NOT NULL"


def _ranges(number: str, boundaries: Sequence[float]) -> Iterator[str]:
    edges = [number_literal(edge) for edge in boundaries]
    for low, high in zip([None, *edges], [*edges, None], strict=True):
        tests = [f"{number} >= {low}" if low else "", f"{number} < {high}" if high else ""]
        yield " AND ".join(filter(None, tests))


def _combinations(feature: Cross) -> Iterator[str]:
    """Numbers all combinations of the parts' ids, and lists those of each id."""
    parts, table = cross_table(feature)
    number = "0"
    for part in parts:
        number = f"({number}) * {part.size} + {_code(_tests(part))}"
    for place in range(feature.n):
        found = ", ".join(map(str, np.flatnonzero(table == place)))
        yield f"{number} IN ({found})" if found else "FALSE"


def _code(tests: Sequence[str]) -> str:
    cases = " ".join(f"WHEN {test} THEN {place}" for place, test in enumerate(tests))
    return f"CASE {cases} END"


def _is_level(test: str, other: str) -> str:
    return f"CASE WHEN {test} THEN 1 ELSE {other} END"


# --- dates ----------------------------------------------------------------------------------

_PARTS: Mapping[str, str] = {
    "weekday": "EXTRACT(isodow FROM {}) - 1",
    "dayofyear": "EXTRACT(doy FROM {})",
    "second": "floor(EXTRACT(second FROM {}))",
    "epoch": "EXTRACT(epoch FROM {}) / 86400",
}


def _part(column: ColumnReference, part: str) -> str:
    moment = column.identifier
    if column.type.upper() in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"):
        moment = f"({moment} AT TIME ZONE 'UTC')"
    return _PARTS.get(part, f"EXTRACT({part} FROM {{}})").format(moment)
