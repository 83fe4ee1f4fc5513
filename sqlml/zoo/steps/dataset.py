"""The rows of a query as batches that a trainer can take."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import identifier
from sqlml.zoo.context import Rows
from sqlml.zoo.features.fit import refuse_gaps
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import Label
from sqlml.zoo.model import Batch, FeatureType
from sqlml.zoo.steps.listed_labels import refuse_other_lengths

MOST_KEPT = 32 * 2**20  # bytes

Mask = NDArray[np.bool_]
Numbers = NDArray[Any]


class Choice(Protocol):
    """Some of the rows, told from the strata that they belong to."""

    def begin(self) -> Callable[[Numbers], Mask]: ...


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns that are no features. group: the one that numbers the groups of a ranking."""

    labels: tuple[Label, ...] = ()
    weight: str | None = None
    group: str | None = None

    @property
    def of_strata(self) -> "Roles":
        """The columns that tell the stratum of a row."""
        classes = tuple(label for label in self.labels if label.classes is not None)
        return Roles(group=self.group) if self.group is not None else Roles(classes)

    @property
    def expressions(self) -> tuple[str, ...]:
        weight = () if self.weight is None else (f"CAST({identifier(self.weight)} AS DOUBLE)",)
        group = () if self.group is None else (f"CAST({identifier(self.group)} AS BIGINT)",)
        return (*(label.expression for label in self.labels), *weight, *group)

    def read(
        self, columns: list[pa.Array]
    ) -> tuple[Numbers | None, Numbers | None, Numbers | None]:
        """Labels, weights and groups from the columns of `expressions`.

        Raises:
            StepError: a label is empty or no known class, or a weight is empty or negative.
        """
        remaining = iter(columns)
        labels = [_checked_label(label, next(remaining)) for label in self.labels]
        label = labels[0] if len(labels) == 1 else np.column_stack(labels) if labels else None
        weight = None if self.weight is None else _checked_weight(self.weight, next(remaining))
        group = None if self.group is None else next(remaining).to_numpy(zero_copy_only=False)
        return label, weight, group


@dataclass(frozen=True, slots=True)
class QueryDataset:
    """The chosen rows of a query, preprocessed batch by batch; see zoo.model.Dataset.

    size: how many rows there are at most, where that is known.
    """

    rows: Rows
    pipeline: Pipeline
    roles: Roles = Roles()
    choice: Choice | None = None
    size: int | None = None
    _kept: list[Batch] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def width(self) -> int:
        return self.pipeline.width

    @property
    def names(self) -> tuple[str, ...]:
        return self.pipeline.names

    @property
    def types(self) -> tuple[FeatureType, ...]:
        return self.pipeline.types

    def __iter__(self) -> Iterator[Batch]:
        """Batches, none of them empty. Where they are small, they are made only once.

        Raises:
            StepError: a label is empty or no known class, or a weight is empty or negative.
        """
        if self._kept:
            yield from self._kept
            return
        kept: list[Batch] = []
        room: float = MOST_KEPT
        for batch in self._made():
            room -= _bytes_of(batch)
            kept.append(batch)
            if room < 0:
                kept.clear()
            yield batch
        if room >= 0:
            self._kept.extend(kept)

    def _made(self) -> Iterator[Batch]:
        features = len(self.pipeline.expressions)
        selected = self.rows.select(
            ", ".join((*self.pipeline.expressions, *self.roles.expressions)) or "1"
        )
        chosen = None if self.choice is None else self.choice.begin()
        for batch in selected.batches():
            label, weight, group = self.roles.read(batch.columns[features:])
            inputs = batch.select(range(features))
            if chosen is not None:
                mask = chosen(strata_of(batch.num_rows, label, group))
                inputs = inputs.filter(pa.array(mask))
                label, weight, group = (
                    None if part is None else part[mask] for part in (label, weight, group)
                )
            if inputs.num_rows:
                yield Batch(self._transformed(inputs), label, weight, group)

    def whole(self) -> Batch:
        """All rows in one batch; dense rows of a known number are held in memory only once.

        It is the caller's own, to change as a library likes.
        """
        batches = iter(self)
        first = next(batches, None)
        if first is None:
            return Batch(np.empty((0, self.width)), np.empty(0) if self.roles.labels else None)
        if isinstance(first.matrix, np.ndarray) and self.size is not None:
            return _filled(first, batches, self.size)
        return _joined([first, *batches])

    def _transformed(self, inputs: pa.RecordBatch) -> Any:
        """Raises:
        StepError: a value that its feature or the model cannot take.
        """
        try:
            return self.pipeline.transform(inputs)
        except StepError:
            refuse_gaps(self.pipeline, lambda selected: self.rows.select(selected).batches())
            raise


@dataclass(frozen=True, slots=True)
class Others:
    """The rows that another choice leaves."""

    of: Choice

    def begin(self) -> Callable[[Numbers], Mask]:
        chosen = self.of.begin()
        return lambda strata: ~chosen(strata)


@dataclass(frozen=True, slots=True)
class Sampled:
    """About `share` of the rows that another choice gives (or of all), drawn with a seed."""

    of: Choice | None
    share: float
    seed: int

    def begin(self) -> Callable[[Numbers], Mask]:
        generator = np.random.default_rng(self.seed)
        among = None if self.of is None else self.of.begin()

        def chosen(strata: Numbers) -> Mask:
            drawn = generator.random(len(strata)) < self.share
            return drawn if among is None else drawn & among(strata)

        return chosen


def strata_of(rows: int, label: Numbers | None, group: Numbers | None) -> Numbers:
    """The stratum of each row: its group in ranking, its class, or the only one."""
    if group is not None:
        return group
    if label is not None and label.dtype == np.int32:
        return label
    return np.zeros(rows, dtype=np.int64)


def _checked_label(label: Label, column: pa.Array) -> Numbers:
    if column.null_count:
        raise StepError(
            Diagnostic(
                "E0412",
                f"column `{label.name}` is empty in {column.null_count:,} of the rows read",
                label="a label is needed in every row",
                hint=f"add `WHERE {label.identifier} IS NOT NULL`",
                about="label",
            )
        )
    if label.length is not None:
        refuse_other_lengths(label, column)
    numbers = label.encode(column)
    wrong = numbers < 0 if label.classes is not None else ~np.isfinite(numbers)
    if not wrong.any():
        return numbers
    value = column[int(np.argmax(wrong)) // (label.length or 1)].as_py()
    if label.classes is None:
        message = f"column `{label.name}` holds {value}, which is no value to come near to"
        raise StepError(Diagnostic("E0411", message, about="label"))
    raise StepError(
        Diagnostic(
            "E0407",
            f"column `{label.name}` holds `{value}`, which is none of the model's classes",
            label=f"classes: {_some(label)}",
            hint="train on rows that have it, or leave those rows out",
            about="label",
        )
    )


def _some(label: Label) -> str:
    shown = label.class_names[:10]
    return ", ".join(shown) + (" …" if len(label.class_names) > len(shown) else "")


def _checked_weight(name: str, column: pa.Array) -> NDArray[np.float32]:
    weight = column.to_numpy(zero_copy_only=False)
    if column.null_count or not np.isfinite(weight).all() or (weight < 0).any():
        raise StepError(
            Diagnostic(
                "E0413",
                f"column `{name}` cannot weigh rows: it has empty, negative or infinite values",
                hint="a weight is a number ≥ 0 in every row",
                about="attribute train.weight",
            )
        )
    return np.asarray(weight, dtype=np.float32)


def _filled(first: Batch, rest: Iterator[Batch], size: int) -> Batch:
    """The batches in one matrix, made once for `size` rows and filled."""
    matrix = np.empty((size, first.matrix.shape[1]), dtype=first.matrix.dtype)
    parts, filled = [], 0
    for batch in _chained(first, rest):
        end = filled + len(batch.matrix)
        matrix[filled:end] = batch.matrix
        parts.append(Batch(None, batch.label, batch.weight, batch.group))
        filled = end
    return Batch(matrix[:filled], *_columns(parts))


def _chained(first: Batch, rest: Iterator[Batch]) -> Iterator[Batch]:
    yield first
    yield from rest


def _bytes_of(batch: Batch) -> float:
    """Of its matrix; those of a sparse one are said to be very many."""
    return batch.matrix.nbytes if isinstance(batch.matrix, np.ndarray) else math.inf


def _joined(batches: list[Batch]) -> Batch:
    matrices = [batch.matrix for batch in batches]
    if isinstance(matrices[0], np.ndarray):
        return Batch(np.concatenate(matrices), *_columns(batches))
    from scipy import sparse

    return Batch(sparse.vstack(matrices, format="csr"), *_columns(batches))


def _columns(batches: list[Batch]) -> tuple[Numbers | None, Numbers | None, Numbers | None]:
    """Labels, weights and groups of all batches."""
    columns = ([getattr(b, name) for b in batches] for name in ("label", "weight", "group"))
    label, weight, group = (
        None if parts[0] is None else np.concatenate(parts) for parts in columns
    )
    return label, weight, group
