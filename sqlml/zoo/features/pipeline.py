"""Fitted features: from a batch of rows to the matrix that a trainer takes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa

from sqlml.zoo.features import problems
from sqlml.zoo.features.blocks import Block, Entries, csr_of_block, write_block
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import (
    ColumnReference,
    Encoding,
    Feature,
    Output,
    Reading,
    feature_from_json,
)
from sqlml.zoo.model import Part

MOST_DENSE_COLUMNS = 20_000
SLICE_ROWS = 65_536  # rows done at a time: what is computed on the way stays small


@dataclass(frozen=True)
class Pipeline:
    """Fitted features in the order of their matrix columns, and what the trainer takes."""

    features: tuple[Feature, ...]
    encoding: Encoding

    @cached_property
    def references(self) -> tuple[ColumnReference, ...]:
        """The input columns with their database types, each once whatever its case."""
        found: dict[str, ColumnReference] = {}
        for feature in self.features:
            for column in feature.references:
                found.setdefault(column.name.casefold(), column)
        return tuple(found.values())

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the input columns."""
        return tuple(column.name for column in self.references)

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        """For each input column the SQL that reads it in the form that is fastest to take over.

        `transform` gives the same for columns that were not read this way, up to the rounding of a
        number to single precision.
        """
        readings: dict[str, set[Reading]] = {}
        for feature in self.features:
            for column, reading in feature.readings():
                readings.setdefault(column.name.casefold(), set()).add(reading)
        return tuple(
            _expression(column, readings[column.name.casefold()], self.encoding)
            for column in self.references
        )

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """The matrix columns; no two have the same name."""
        taken: Counter[str] = Counter()
        outputs = []
        for output in (o for f in self.features for o in f.outputs(self.encoding)):
            name = output.name
            while taken[name]:
                name = f"{output.name} ({taken[output.name] + 1})"
                taken[output.name] += 1
            taken[name] += 1
            outputs.append(Output(name, output.type, output.cardinality))
        return tuple(outputs)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(output.name for output in self.outputs)

    @property
    def types(self) -> tuple[Literal["q", "c"], ...]:
        return tuple(output.type for output in self.outputs)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """The number of categories of each matrix column; 0 for a quantity."""
        return tuple(output.cardinality for output in self.outputs)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What each feature gives to the matrix, in the order of the features."""
        parts, start = [], 0
        for feature, width in zip(self.features, self._widths, strict=True):
            part = feature.part(self.encoding)
            parts.append(replace(part, start=start, stop=start + width))
            start += width
        return tuple(parts)

    @cached_property
    def width(self) -> int:
        return sum(self._widths)

    @cached_property
    def is_sparse(self) -> bool:
        """Whether `transform` gives CSR."""
        return self.encoding.sparse and any(f.is_wide(self.encoding) for f in self.features)

    def transform(self, batch: pa.RecordBatch) -> Any:
        """The rows as a matrix of shape (rows, width): contiguous, or CSR where `is_sparse`.

        Columns are found by name in any case; further ones do not matter.

        Raises:
            StepError: a column is missing, or holds what its feature or the model cannot take.
        """
        rows = batch.num_rows
        slices = range(0, max(rows, 1), SLICE_ROWS)
        if self.is_sparse:
            from scipy import sparse

            parts = [self._csr(batch.slice(start, SLICE_ROWS)) for start in slices]
            return sparse.vstack(parts, format="csr") if len(parts) > 1 else parts[0]
        order: Literal["C", "F"] = "C" if self.encoding.layout == "rows" else "F"
        matrix = np.empty((rows, self.width), dtype=self.encoding.dtype, order=order)
        for start in slices:
            part = batch.slice(start, SLICE_ROWS)
            self._fill(part, matrix[start : start + part.num_rows])
        return matrix

    def nothing(self) -> Any:
        """A row of zeros, to see what a model makes of one."""
        return np.zeros((1, self.width), dtype=np.float32)

    def checked(self) -> Self:
        """The pipeline itself.

        Raises:
            StepError: the matrix would have no column, or be dense and absurdly wide.
        """
        widths = self._widths
        if self.features and not self.width:
            raise problems.nothing_left(self.references[0].name)
        expanded = sum(width for width in widths if width > 1)
        if not self.is_sparse and expanded > MOST_DENSE_COLUMNS:
            widest = self.features[widths.index(max(widths))]
            raise problems.too_wide(widest.label, self.width, MOST_DENSE_COLUMNS)
        return self

    def to_json(self) -> dict[str, Any]:
        features = tuple(feature.to_json() for feature in self.features)
        return {"encoding": asdict(self.encoding), "features": features}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        features = tuple(map(feature_from_json, content["features"]))
        return cls(features, Encoding(**content["encoding"]))

    @cached_property
    def _widths(self) -> tuple[int, ...]:
        return tuple(feature.width(self.encoding) for feature in self.features)

    def _blocks(self, batch: pa.RecordBatch) -> Iterator[tuple[Feature, Block, int]]:
        columns = Columns(batch)
        for feature, width in zip(self.features, self._widths, strict=True):
            yield feature, feature.apply(columns, self.encoding), width

    def _fill(self, batch: pa.RecordBatch, matrix: Any) -> None:
        start = 0
        with np.errstate(over="ignore"):  # too large for single precision: infinite, found below
            for _feature, block, width in self._blocks(batch):
                write_block(block, matrix[:, start : start + width])
                start += width
        if np.isinf(matrix).any() or (not self.encoding.missing and np.isnan(matrix).any()):
            self._explain(batch)

    def _csr(self, batch: pa.RecordBatch) -> Any:
        from scipy import sparse

        with np.errstate(over="ignore"):
            blocks = [
                csr_of_block(block, width, self.encoding.dtype)
                for _feature, block, width in self._blocks(batch)
            ]
        matrix = sparse.hstack(blocks, format="csr", dtype=self.encoding.dtype)
        values = matrix.data
        if np.isinf(values).any() or (not self.encoding.missing and np.isnan(values).any()):
            self._explain(batch)
        return matrix

    def _explain(self, batch: pa.RecordBatch) -> None:
        """Raise what is wrong with the first feature that has infinite or, if wrong, no values."""
        for feature, block, _width in self._blocks(batch):
            content = block.values if isinstance(block, Entries) else block
            if content is None or not np.issubdtype(content.dtype, np.floating):
                continue
            name = feature.references[0].name
            with np.errstate(over="ignore"):
                content = content.astype(self.encoding.dtype)
            if np.isinf(content).any():
                raise problems.infinite_value(name)
            if feature.gaps and not self.encoding.missing and np.isnan(content).any():
                rows = int(np.isnan(content.reshape(len(content), -1)).any(axis=1).sum())
                hint = problems.hint_for_empty(name, feature.references[0].kind)
                raise problems.empty_values(name, rows, hint=hint)


def _expression(column: ColumnReference, readings: set[Reading], encoding: Encoding) -> str:
    name = column.identifier
    if readings <= {"single", "double"}:
        single = readings == {"single"} and encoding.dtype == "float32"
        wanted = "FLOAT" if single else "DOUBLE"
        return name if column.type.upper() == wanted else f"CAST({name} AS {wanted}) AS {name}"
    if readings == {"text"} and column.type.upper() == "UUID":
        return f"CAST({name} AS VARCHAR) AS {name}"
    return name
