"""A model for each segment of the rows, used as one: a row's key says which of them answers.

The models live side by side in a bundle, each with its own preprocessing and its own files. What
goes from the pipeline to the estimator is no matrix but one matrix per segment, with the places of
its rows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sqlml.errors import MAX_SHOWN, Diagnostic, StepError
from sqlml.quoting import as_written
from sqlml.zoo.bundle import FILE, Bundle, Manifest, load
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import ColumnReference
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.model import FeatureType, Task

Key = tuple[str, ...]
Rows = NDArray[np.intp]

FOLDER = "segments"


@dataclass(frozen=True, slots=True)
class Segment:
    """The model of the rows with a key; without one, of all rows whose key has no model."""

    key: Key | None
    bundle: Bundle


def segment_name(key: Key | None) -> str:
    """How a segment is called in messages."""
    return "the model of all rows" if key is None else ", ".join(key)


@dataclass(frozen=True, slots=True)
class SegmentedMatrix:
    """Rows by segment: its number, the places of its rows among all, and their matrix."""

    rows: int
    names: tuple[str, ...]
    parts: tuple[tuple[int, Rows, Any], ...]
    places: tuple[Rows, ...]  # by segment: of its matrix columns among the names

    def __len__(self) -> int:
        return self.rows

    def toarray(self) -> NDArray[np.float64]:
        """All rows with the columns of all segments; NaN where a segment has no such column."""
        whole = np.full((self.rows, len(self.names)), np.nan)
        for number, rows, matrix in self.parts:
            dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
            whole[np.ix_(rows, self.places[number])] = dense
        return whole


@dataclass(frozen=True)
class SegmentedPipeline(Pipeline):
    """The segments' pipelines, whose features have the same inputs, and the columns of the key.

    `features` and `encoding` are those of the first segment.
    """

    keys: tuple[ColumnReference, ...] = ()
    segments: tuple[Segment, ...] = ()

    @cached_property
    def references(self) -> tuple[ColumnReference, ...]:
        return (*self.segments[0].bundle.pipeline.references, *self.keys)

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        texts = (f"CAST({key.identifier} AS VARCHAR) AS {key.identifier}" for key in self.keys)
        return (*self.segments[0].bundle.pipeline.expressions, *texts)

    @cached_property
    def names(self) -> tuple[str, ...]:
        found = (name for one in self.segments for name in one.bundle.pipeline.names)
        return tuple(dict.fromkeys(found))

    @property
    def types(self) -> tuple[FeatureType, ...]:
        found: dict[str, FeatureType] = {}
        for one in self.segments:
            found.update(zip(one.bundle.pipeline.names, one.bundle.pipeline.types, strict=True))
        return tuple(found[name] for name in self.names)

    @cached_property
    def width(self) -> int:
        return len(self.names)

    @cached_property
    def places(self) -> tuple[Rows, ...]:
        """By segment: where its matrix columns are among the names of all."""
        place = {name: i for i, name in enumerate(self.names)}
        return tuple(
            np.array([place[name] for name in one.bundle.pipeline.names], dtype=np.intp)
            for one in self.segments
        )

    def transform(self, batch: pa.RecordBatch) -> SegmentedMatrix:
        """Each row in the matrix of its segment.

        Raises:
            StepError: E0575 a key has no model; and as for any pipeline.
        """
        members = self._members(batch)
        parts = []
        for number in np.unique(members):
            rows = np.flatnonzero(members == number)
            part = batch if len(rows) == batch.num_rows else batch.take(pa.array(rows))
            matrix = self.segments[number].bundle.pipeline.transform(part)
            parts.append((int(number), rows, matrix))
        return SegmentedMatrix(batch.num_rows, self.names, tuple(parts), self.places)

    def nothing(self) -> SegmentedMatrix:
        row = self.segments[0].bundle.pipeline.nothing()
        part = (0, np.zeros(1, dtype=np.intp), row)
        return SegmentedMatrix(1, self.names, (part,), self.places)

    def _members(self, batch: pa.RecordBatch) -> Rows:
        """The number of each row's segment."""
        columns = Columns(batch)
        texts = [_plain(columns.text(key)) for key in self.keys]
        known = [one.key for one in self.segments if one.key is not None]
        places = np.zeros(batch.num_rows, dtype=np.int64)
        wanted = np.zeros(len(known), dtype=np.int64)
        is_known = np.ones(batch.num_rows, dtype=bool)
        for text, values in zip(texts, zip(*known, strict=True), strict=True):
            distinct = pa.array(list(dict.fromkeys(values)), pa.string())
            found = _indices(text, distinct)
            is_known &= found >= 0
            places = places * len(distinct) + found
            wanted = wanted * len(distinct) + _indices(pa.array(values, pa.string()), distinct)
        order = np.argsort(wanted)
        nearest = np.minimum(np.searchsorted(wanted, places, sorter=order), len(known) - 1)
        members: Rows = order[nearest]
        is_known &= wanted[members] == places
        if not is_known.all():
            if self.segments[-1].key is not None:
                raise _unknown(self.keys, texts, ~is_known)
            members[~is_known] = len(known)
        return members


@dataclass(slots=True)
class SegmentedEstimator:
    """See zoo.model.Estimator: the segments' estimators, each for its own rows.

    classes: by segment, the numbers that its classes have among those of all; None: no classes.
    """

    task: Task
    segments: tuple[Segment, ...]
    classes: tuple[Rows, ...] | None = None
    class_count: int = 0

    def save(self, folder: Path) -> None:
        for number, one in enumerate(self.segments):
            place = folder / FOLDER / str(number)
            place.mkdir(parents=True)
            one.bundle.estimator.save(place)
            content = json.dumps(one.bundle.manifest.to_json(), ensure_ascii=False)
            (place / FILE).write_text(content, encoding="utf-8")

    def predict(self, matrix: SegmentedMatrix) -> NDArray[Any]:
        whole: NDArray[Any] | None = None
        for number, rows, part in matrix.parts:
            found = self.segments[number].bundle.estimator.predict(part)
            if self.classes is not None:
                found = self.classes[number][found.astype(np.int64)]
            if whole is None:
                whole = np.empty((matrix.rows, *found.shape[1:]), dtype=found.dtype)
            whole[rows] = found
        return np.empty(0) if whole is None else whole

    def probabilities(self, matrix: SegmentedMatrix) -> NDArray[np.float64] | None:
        if self.classes is None:
            return None
        whole = np.zeros((matrix.rows, self.class_count))
        for number, rows, part in matrix.parts:
            found = self.segments[number].bundle.estimator.probabilities(part)
            if found is None:
                return None
            whole[np.ix_(rows, self.classes[number])] = found
        return whole

    def contributions(self, matrix: SegmentedMatrix) -> NDArray[np.float64]:
        """Zero for a feature that a row's own model does not have.

        Raises:
            StepError: E0578 the segments explain different classes.
        """
        if self.classes is not None and len({tuple(one) for one in self.classes}) > 1:
            raise StepError(
                Diagnostic(
                    "E0578",
                    "the models of the segments have different classes: there is no explaining"
                    " them together",
                    hint="train on rows where every segment has every class",
                    about="model",
                )
            )
        whole = np.zeros((1, matrix.rows, len(matrix.names) + 1))
        for number, rows, part in matrix.parts:
            found = self.segments[number].bundle.estimator.contributions(part)
            if len(found) != len(whole):
                whole = np.zeros((len(found), *whole.shape[1:]))
            places = np.append(matrix.places[number], len(matrix.names))
            whole[np.ix_(np.arange(len(found)), rows, places)] = found
        return whole

    def importance(self) -> Mapping[str, tuple[float, float]]:
        """Splits of all segments together, and the mean gain of them."""
        totals: dict[str, tuple[float, float]] = {}
        for one in self.segments:
            for name, (splits, gain) in one.bundle.estimator.importance().items():
                before, gained = totals.get(name, (0.0, 0.0))
                totals[name] = before + splits, gained + splits * gain
        return {name: (splits, gained / splits) for name, (splits, gained) in totals.items()}


def together(manifest: Manifest, segments: Sequence[Segment]) -> Bundle:
    """The segments as one model; the one without a key, if there is any, is the last."""
    first = segments[0].bundle.pipeline
    keys = tuple(ColumnReference(one["name"], one["type"]) for one in manifest.partition_by)
    pipeline = SegmentedPipeline(first.features, first.encoding, keys, tuple(segments))
    classes = None
    if manifest.classes is not None:
        place = {value: number for number, value in enumerate(manifest.classes)}
        classes = tuple(
            np.array([place[value] for value in one.bundle.manifest.classes or ()], dtype=np.intp)
            for one in segments
        )
    estimator = SegmentedEstimator(
        manifest.task, tuple(segments), classes, len(manifest.classes or ())
    )
    return Bundle(manifest, pipeline, estimator)


def load_together(manifest: Manifest, folder: Path) -> Bundle:
    """The model whose segments are stored in a folder.

    Raises:
        StepError: as `bundle.load`.
    """
    keys = [one["key"] for one in manifest.segments]
    segments = [
        Segment(None if key is None else tuple(key), load(folder / FOLDER / str(number)))
        for number, key in enumerate(keys)
    ]
    return together(manifest, segments)


def _plain(text: pa.Array) -> pa.Array:
    return text.cast(pa.string()) if pa.types.is_dictionary(text.type) else text


def _indices(values: pa.Array, among: pa.Array) -> NDArray[np.int64]:
    """Where values are among others; -1 for those that are not, and for NULL."""
    found = pc.fill_null(pc.index_in(values, value_set=among, skip_nulls=True), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def _unknown(
    keys: Sequence[ColumnReference], texts: Sequence[pa.Array], wrong: NDArray[np.bool_]
) -> StepError:
    mask = pa.array(wrong)
    table = pa.table([text.filter(mask) for text in texts], [str(i) for i in range(len(texts))])
    counted = table.group_by(table.column_names).aggregate([([], "count_all")]).to_pylist()
    shown = [_described(keys, row) for row in counted[:MAX_SHOWN]]
    more = f" and {len(counted) - MAX_SHOWN:,} more" if len(counted) > MAX_SHOWN else ""
    return StepError(
        Diagnostic(
            "E0575",
            f"there is no model for {'; '.join(shown)}{more}",
            label="the model has one model per segment, and none of them is for these rows",
            hint="leave these rows out, or train with `train.partition_default = 'global'`",
            about="query",
        )
    )


def _described(keys: Sequence[ColumnReference], row: Mapping[str, Any]) -> str:
    pairs = (
        f"`{as_written(key.name)}` {'NULL' if row[str(i)] is None else row[str(i)]}"
        for i, key in enumerate(keys)
    )
    return f"{', '.join(pairs)} ({row['count_all']:,} row{'' if row['count_all'] == 1 else 's'})"
