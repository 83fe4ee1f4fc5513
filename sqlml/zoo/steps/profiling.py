"""The profile of a training's rows: one aggregate over all of them, and a look at some."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.quoting import subquery
from sqlml.zoo.context import Context
from sqlml.zoo.features.contract import Aggregate, Answers, ColumnReference, Ranking, Statistic
from sqlml.zoo.features.fit import ask
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import Label
from sqlml.zoo.profile import ColumnKind, ColumnProfile, Profile

MOST_COLUMNS = 500
MOST_ROWS = 20_000
MOST_CELLS = 2_000_000  # of the sample
MOST_POINTS = 100
MOST_CATEGORIES = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column to look at, and how. required: the model takes no missing value."""

    reference: ColumnReference
    role: Any
    kind: ColumnKind
    required: bool = False

    @property
    def name(self) -> str:
        return self.reference.name

    @property
    def number(self) -> str:
        """The value as a DOUBLE, NULL where it is missing or infinite."""
        value = f"CAST({self.reference.identifier} AS DOUBLE)"
        if not self.reference.can_be_nan:
            return value
        return f"CASE WHEN isfinite({self.reference.identifier}) THEN {value} END"

    @property
    def category(self) -> str:
        return f"CAST({self.reference.identifier} AS VARCHAR)"

    @property
    def filled(self) -> Aggregate:
        """How many rows have a value; NaN is none."""
        name = self.reference.identifier
        if self.reference.can_be_nan:
            return Aggregate(f"count(*) FILTER (NOT isnan({name}))")
        return Aggregate(f"count({name})")

    @property
    def range(self) -> tuple[Aggregate, Aggregate]:
        return Aggregate(f"min({self.number})"), Aggregate(f"max({self.number})")

    @property
    def quick(self) -> tuple[Aggregate, Aggregate, Aggregate]:
        """As `filled` and `range`, five times as fast: right unless a bound is not finite."""
        name = self.reference.identifier
        return (
            Aggregate(f"count({name})"),
            Aggregate(f"CAST(min({name}) AS DOUBLE)"),
            Aggregate(f"CAST(max({name}) AS DOUBLE)"),
        )

    @property
    def ranking(self) -> Ranking:
        return Ranking(self.category, MOST_CATEGORIES)

    @property
    def needs(self) -> Iterator[Statistic]:
        if self.kind == "number":
            yield from self.quick
        else:
            yield self.filled
        if self.kind == "category":
            yield self.ranking


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows, each column by its name: numbers with NaN where missing, or text."""

    numbers: dict[str, NDArray[np.float64]]
    texts: dict[str, pa.Array]


def columns_of(pipeline: Pipeline, labels: Sequence[Label]) -> list[Column]:
    """The columns that features need, and the labels."""
    gaps = {column.name for feature in pipeline.features for column in feature.gaps}
    features = [
        Column(
            one,
            "feature",
            _kind(one),
            required=one.name in gaps and not pipeline.encoding.missing,
        )
        for one in pipeline.references
    ]
    return features + [_label_column(label) for label in labels]


def make_profile(
    context: Context, query: str, columns: Sequence[Column], rows: int
) -> tuple[Profile, Sample]:
    """What the rows of a query look like; and a sample of them, the same for the same rows.

    Counts of categories, and the range of numbers, are those of all rows.
    """
    looked = columns[:MOST_COLUMNS]
    sample = _sample(context, query, looked, rows)
    known = _known(looked, sample, rows)
    asked = [column for column in looked if column.filled not in known]
    answers = known | (_answers(context, query, asked) if asked else {})
    found = tuple(_profile(column, answers, sample, rows) for column in looked)
    return Profile(rows, found, len(columns) - len(looked)), sample


def _known(columns: Sequence[Column], sample: Sample, rows: int) -> dict[Statistic, Any]:
    """What the sample tells of numbers where it has all rows, and each has a value."""
    known: dict[Statistic, Any] = {}
    for column in columns:
        values = sample.numbers.get(column.name, ())
        if 0 < len(values) == rows and not np.isnan(values).any():
            bounds = float(np.min(values)), float(np.max(values))
            known |= zip((column.filled, *column.range), (rows, *bounds), strict=True)
    return known


def _answers(context: Context, query: str, columns: Sequence[Column]) -> dict[Statistic, Any]:
    """What is asked of all rows. NaN is the largest number, so that the bounds tell of it."""
    answers = dict(ask([n for column in columns for n in column.needs], query, context.table))
    odd: list[Column] = []
    for column in columns:
        if column.kind == "number":
            filled, *bounds = (answers[need] for need in column.quick)
            if any(bound is not None and not isfinite(bound) for bound in bounds):
                odd.append(column)
            else:
                answers |= zip((column.filled, *column.range), (filled, *bounds), strict=True)
    again = [need for column in odd for need in (column.filled, *column.range)]
    return answers | dict(ask(again, query, context.table)) if again else answers


def _kind(column: ColumnReference) -> ColumnKind:
    match column.kind:
        case "integer" | "float":
            return "number"
        case "text" | "boolean":
            return "category"
        case _:  # times go on by themselves; lists have no order
            return "other"


def _label_column(label: Label) -> Column:
    reference = ColumnReference(label.name, label.type)
    if label.length is not None:
        return Column(reference, "label", "other")
    return Column(reference, "label", "category" if label.classes else _kind(reference))


def _sample(context: Context, query: str, columns: Sequence[Column], rows: int) -> Sample:
    """All rows where they are few; else about 1 in so many, told by their contents."""
    shown = [column for column in columns if column.kind != "other"]
    most = max(1_000, min(MOST_ROWS, MOST_CELLS // max(len(shown), 1)))
    every = rows // most
    chosen = f" WHERE hash(sqlml_rows) % {every} = 0" if every > 1 else ""
    selected = ", ".join(
        f"{column.number if column.kind == 'number' else column.category} AS s{place}"
        for place, column in enumerate(shown)
    )
    table = context.table(f"SELECT {selected or '1'} FROM {subquery(query)}{chosen}")
    sample = Sample({}, {})
    for column, values in zip(shown, table.columns, strict=False):
        if column.kind == "number":
            sample.numbers[column.name] = values.to_numpy()
        else:
            sample.texts[column.name] = values.combine_chunks()
    return sample


def _profile(column: Column, answers: Answers, sample: Sample, rows: int) -> ColumnProfile:
    filled = answers[column.filled]
    known = {
        "name": column.name,
        "role": column.role,
        "kind": column.kind,
        "missing": (rows - filled) / rows,
        "required": column.required,
    }
    match column.kind:
        case "number":
            low, high = (answers[bound] for bound in column.range)
            points, counts = _points(sample.numbers[column.name])
            return ColumnProfile(**known, points=points, counts=counts, low=low, high=high)
        case "category":
            ranked = answers[column.ranking]
            counts = tuple(count for _value, count in ranked)
            values = tuple(value for value, _count in ranked)
            return ColumnProfile(**known, values=values, counts=counts, others=filled - sum(counts))
        case _:
            return ColumnProfile(**known)


def _points(values: NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """All values where they are few, else quantiles; and how many rows each is the next one of."""
    ordered = np.sort(values[~np.isnan(values)])
    if not len(ordered):
        return (), ()
    points = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
    if len(points) > MOST_POINTS:
        places = np.linspace(0, len(ordered) - 1, MOST_POINTS + 1).astype(np.intp)
        points = np.unique(ordered[places])
    reached = np.searchsorted(ordered, points, side="right")
    return tuple(points.tolist()), tuple(np.diff(reached, prepend=0).tolist())
