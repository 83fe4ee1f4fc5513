"""What looks wrong with the columns of a training: identifiers, constants, the label itself."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.features.contract import Feature
from sqlml.zoo.features.indicator import Indicator
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import Label
from sqlml.zoo.measures.drift import FINE
from sqlml.zoo.profile import ColumnProfile, Profile
from sqlml.zoo.steps.profiling import Sample

FEWEST_ROWS = 100
FEWEST_IDENTIFIED = 200
ROWS_IN_A_GROUP = 50
ALMOST_ALL = 0.995  # of the rows whose class a column tells
COMMONEST = 0.95  # a class of so many rows is told by anything
SAME = 0.999999  # correlation
_FREE_TEXT = ("TFIDF", "DENSE", "SPARSE", "TIME")

Codes = NDArray[np.int64]


class Hint(NamedTuple):
    message: str
    about: str


def find_hints(
    pipeline: Pipeline, labels: Sequence[Label], profile: Profile, sample: Sample
) -> Iterator[Hint]:
    """At most one for each feature column. None of them stops a training."""
    free = {f.columns[0] for f in pipeline.features if _is_free(f)}
    integers = {one.name for one in pipeline.references if one.kind == "integer"}
    target = _Target.of(labels, sample)
    for column in profile.columns:
        if column.role == "label":
            continue
        name = f"`{column.name}`"
        told = None
        if column.missing == 1:
            told = f"{name} has no value in any row"
        elif _is_constant(column):
            told = f"{name} has the same value in every row: nothing can be learnt from it"
        elif column.name not in free and _is_identifier(
            column, profile.rows, sample, is_integer=column.name in integers
        ):
            told = f"{name} has another value in every row, as an identifier: leave it out"
        elif target is not None:
            told = target.told_by(column, sample)
        if told:
            yield Hint(told, f"column {column.name}")


def _is_free(feature: Feature) -> bool:
    """Whether every row may well have another value: free text, a time, or several categories."""
    of = feature.of if isinstance(feature, Indicator) else feature
    return feature.function in _FREE_TEXT or (isinstance(of, Categorical) and of.is_bag)


def _is_constant(column: ColumnProfile) -> bool:
    if column.missing > 0:
        return False
    if column.kind == "number":
        return column.low is not None and column.low == column.high
    return column.kind == "category" and len(column.values) == 1 and not column.others


def _is_identifier(column: ColumnProfile, rows: int, sample: Sample, *, is_integer: bool) -> bool:
    """Whether no two rows have the same value: of text, or of numbers close to each other."""
    if rows < FEWEST_IDENTIFIED or column.missing > 0:
        return False
    if column.kind == "category":
        return max(column.counts, default=0) == 1
    if not is_integer or column.low is None or column.high is None:
        return False
    values = sample.numbers[column.name]
    return column.high - column.low < 10 * rows and len(np.unique(values)) == len(values)


class _Target(NamedTuple):
    """The label of the sample's rows: class numbers, or values."""

    name: str
    classes: Codes | None
    values: NDArray[np.float64] | None

    @classmethod
    def of(cls, labels: Sequence[Label], sample: Sample) -> "_Target | None":
        """None where there is none, or several, or where any column could tell it."""
        if len(labels) != 1:
            return None
        name = labels[0].name
        if name in sample.numbers:
            values = sample.numbers[name]
            return cls(name, None, values) if len(values) >= FEWEST_ROWS else None
        if name not in sample.texts:
            return None
        codes = _codes_of_text(sample.texts[name])
        shares = np.bincount(codes) / max(len(codes), 1)
        usable = len(codes) >= FEWEST_ROWS and shares.max(initial=0.0) <= COMMONEST
        return cls(name, codes, None) if usable else None

    def told_by(self, column: ColumnProfile, sample: Sample) -> str | None:
        """What a column alone tells of the label, if that is nearly all."""
        if self.values is not None:
            same = column.name in sample.numbers and _goes_with(
                sample.numbers[column.name], self.values
            )
            told = f"`{column.name}` rises or falls exactly as the label `{self.name}` does"
            return f"{told}: is it known beforehand?" if same else None
        assert self.classes is not None
        codes = _codes(column, sample)
        if codes is None:
            return None
        table = np.zeros((codes.max() + 1, self.classes.max() + 1), dtype=np.int64)
        np.add.at(table, (codes, self.classes), 1)
        told_rows = table.max(axis=1).sum() / len(codes)
        if told_rows < ALMOST_ALL:
            return None
        told = f"`{column.name}` alone tells the label `{self.name}` of {told_rows:.1%} of the rows"
        return f"{told}: is it known beforehand?"


def _goes_with(values: NDArray[np.float64], label: NDArray[np.float64]) -> bool:
    known = ~np.isnan(values) & ~np.isnan(label)
    if known.sum() < FEWEST_ROWS or np.ptp(values[known]) == 0 or np.ptp(label[known]) == 0:
        return False
    return bool(abs(np.corrcoef(values[known], label[known])[0, 1]) > SAME)


def _codes(column: ColumnProfile, sample: Sample) -> Codes | None:
    """Groups of the sample's rows by a column's value; None where they would be too small.

    Missing values are a group of their own.
    """
    if column.name in sample.texts:
        codes = _codes_of_text(sample.texts[column.name])
        return codes if codes.max() * ROWS_IN_A_GROUP <= len(codes) else None
    if column.name not in sample.numbers:
        return None
    values = sample.numbers[column.name]
    points = np.asarray(column.points)
    groups = min(FINE, len(values) // ROWS_IN_A_GROUP)
    if len(points) > groups:
        points = np.unique(np.nanquantile(values, np.linspace(0, 1, groups + 1)[1:]))
    return np.where(np.isnan(values), len(points) + 1, np.searchsorted(points, values))


def _codes_of_text(values: pa.Array) -> Codes:
    indices = values.dictionary_encode(null_encoding="encode").indices
    return np.asarray(indices.to_numpy(zero_copy_only=False), dtype=np.int64)
