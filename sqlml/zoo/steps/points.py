"""The points table of a score card: what each bin of each feature is worth."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sqlml.zoo.bundle import Bundle
from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.models.binning import Bins
from sqlml.zoo.models.scorecard_estimator import ScoreCardEstimator
from sqlml.zoo.steps.explainers import SCORE_CARD

SCHEMA = pa.schema(
    [
        ("feature", pa.string()),
        ("bin", pa.string()),
        ("points", pa.float64()),
        ("woe", pa.float64()),
        ("good", pa.float64()),
        ("bad", pa.float64()),
        ("information_value", pa.float64()),
        ("coefficient", pa.float64()),
    ]
)
NULL = "NULL"
POINTS = "points"
MOST_LINES = 20


def points_table(bundle: Bundle) -> pa.Table:
    """One row per bin; good and bad: its training rows of each class, weighed.

    The bin of NULL is left out where no training row is in it: it is worth as much as a woe of 0.
    """
    estimator = bundle.estimator
    assert isinstance(estimator, ScoreCardEstimator)
    parts = []
    for place, one in enumerate(estimator.characteristics):
        names = list(_bin_names(one.bins, _levels(bundle, place)))
        rows = one.evidence.good + one.evidence.bad
        shown = (rows > 0) | (np.arange(len(names)) < len(names) - 1)
        columns: Sequence[Any] = (
            np.full(len(names), one.name, dtype=object),
            np.array(names, dtype=object),
            estimator.points[place],
            one.evidence.woe,
            one.evidence.good,
            one.evidence.bad,
            one.evidence.information,
            np.full(len(names), one.coefficient),
        )
        arrays = [pa.array(column[shown]) for column in columns]
        parts.append(pa.Table.from_arrays(arrays, schema=SCHEMA))
    return pa.concat_tables(parts)


def facts_of(bundle: Bundle) -> tuple[Mapping[str, str], ...]:
    """What DESCRIBE tells of a score card: the points of each bin. Nothing of other models."""
    if bundle.manifest.estimator != SCORE_CARD:
        return ()
    return tuple(
        {"section": POINTS, "property": f"{row['feature']} {row['bin']}", "value": _said(row)}
        for row in points_table(bundle).to_pylist()
    )


def lines_of(bundle: Bundle) -> Iterator[str]:
    """The points of a score card as TRAIN tells them: a line for each feature."""
    if bundle.manifest.estimator != SCORE_CARD or bundle.manifest.segments:
        return
    bins: dict[str, list[str]] = {}
    for row in points_table(bundle).to_pylist():
        bins.setdefault(row["feature"], []).append(f"{row['bin']} → {_said(row)}")
    for feature, told in list(bins.items())[:MOST_LINES]:
        yield f"points of `{feature}`: {', '.join(told)}"
    if len(bins) > MOST_LINES:
        yield f"{len(bins) - MOST_LINES:,} more features have points: DESCRIBE MODEL tells them"


def _said(row: Mapping[str, Any]) -> str:
    return f"{row['points']:.6g}"


def _bin_names(bins: Bins, levels: Sequence[str]) -> Iterator[str]:
    if bins.codes:
        yield from (levels[code] if code < len(levels) else str(code) for code in range(bins.codes))
    else:
        ends = [f"{edge:.6g}" for edge in bins.edges]
        for low, high in zip(["", *ends], [*ends, ""], strict=True):
            yield (
                " and ".join(filter(None, (low and f"≥ {low}", high and f"< {high}")))
                or "any value"
            )
    yield NULL


def _levels(bundle: Bundle, place: int) -> Sequence[str]:
    """What the codes in a column of the matrix stand for."""
    start = 0
    for feature in bundle.pipeline.features:
        start += feature.width(bundle.pipeline.encoding)
        if place < start:
            return feature.levels if isinstance(feature, Categorical) else ()
    return ()
