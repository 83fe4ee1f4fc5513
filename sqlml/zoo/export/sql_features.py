"""Fitted features as SQL: one expression per column of the matrix, NULL where it has NaN."""

from collections.abc import Iterator, Mapping, Sequence

from sqlml.quoting import literal
from sqlml.zoo.export.scoring import Unknown
from sqlml.zoo.features.bucket import Bucket
from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.features.category_id import CategoryId
from sqlml.zoo.features.contract import ColumnReference, Encoding, Feature
from sqlml.zoo.features.date_parts import DateParts
from sqlml.zoo.features.impute import Impute
from sqlml.zoo.features.indicator import Indicator
from sqlml.zoo.features.number import Number
from sqlml.zoo.features.numeric import Numeric
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.features.scale import Log, MinMax, Standardize
from sqlml.zoo.features.vocabulary import Vocabulary

KNOWN = "numbers, STANDARDIZE, MINMAX, LOG, IMPUTE, BUCKET, categories and DATE_PARTS"

_LARGEST = "1.7976931348623157e308"


def feature_columns(pipeline: Pipeline) -> tuple[str, ...]:
    """The expressions of all matrix columns, in their order.

    Raises:
        Unknown: a feature that has none.
    """
    return tuple(
        expression
        for feature in pipeline.features
        for expression in _columns(feature, pipeline.encoding)
    )


def number_literal(value: float) -> str:
    """A number that every database reads as double precision, whatever its digits."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def _columns(feature: Feature, encoding: Encoding) -> Sequence[str]:
    match feature:
        case Numeric():
            return [_number(feature)]
        case Indicator(of=of):
            return [_is_level(test) for test in _tests(of)]
        case Categorical() if encoding.categories == "native":
            return [_code(_tests(feature))]
        case Categorical():
            return [_is_level(test) for test in _tests(feature)]
        case DateParts():
            return [_part(feature.column, part) for part in feature.parts]
        case _:
            raise Unknown(f"the feature {feature.function}(…) of `{feature.label}`")


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
            raise Unknown(f"the feature {feature.function}(…) of `{feature.label}`")


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
        case _:
            raise Unknown(f"the feature {feature.function}(…) of `{feature.label}`")


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


def _code(tests: Sequence[str]) -> str:
    cases = " ".join(f"WHEN {test} THEN {place}" for place, test in enumerate(tests))
    return f"CASE {cases} END"


def _is_level(test: str) -> str:
    return f"CASE WHEN {test} THEN 1 ELSE 0 END"


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
