"""Rows as they are before preprocessing, to try what a model says when one column changes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Bundle
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.steps.dataset import Roles
from sqlml.zoo.steps.training_data import count


@dataclass(frozen=True, slots=True)
class Probe:
    """inputs: the columns that the model's features need. of_rows: how many rows the query has."""

    inputs: pa.RecordBatch
    label: NDArray[Any] | None
    group: NDArray[np.int64] | None
    of_rows: int

    @property
    def rows(self) -> int:
        return int(self.inputs.num_rows)

    @property
    def shown_rows(self) -> str:
        sampled = "" if self.rows == self.of_rows else f" of {self.of_rows:,}"
        return f"{self.rows:,}{sampled} rows"

    def replaced(self, place: int, column: pa.Array) -> pa.RecordBatch:
        """The inputs with another column at `place`."""
        columns = [*self.inputs.columns]
        columns[place] = column
        return pa.RecordBatch.from_arrays(columns, names=self.inputs.schema.names)


def probe(
    context: Context, bundle: Bundle, rows: Rows, roles: Roles, *, most: int, seed: int
) -> Probe:
    """All rows, or about `most` of them, drawn with a seed; of a ranking, whole groups.

    Raises:
        StepError: the query gives no rows, or a label is empty or no known class.
    """
    of_rows = count(context, rows)
    share = min(1.0, most / max(of_rows, 1))
    generator = np.random.default_rng(seed)
    expressions = bundle.pipeline.expressions
    selected = rows.select(", ".join((*expressions, *roles.expressions)) or "1")
    inputs, labels, groups = [], [], []
    for batch in selected.batches():
        label, _weight, group = roles.read(batch.columns[len(expressions) :])
        chosen = _drawn(generator, batch.num_rows, group, share)
        inputs.append(batch.select(range(len(expressions))).filter(pa.array(chosen)))
        labels.append(None if label is None else label[chosen])
        groups.append(None if group is None else group[chosen])
    if not sum(part.num_rows for part in inputs):
        message = "the query gives no rows"
        raise StepError(Diagnostic("E0401", message, label="nothing to explain", about="query"))
    table = pa.Table.from_batches(inputs).combine_chunks()
    return Probe(table.to_batches()[0], _together(labels), _together(groups), of_rows)


def _drawn(
    generator: np.random.Generator, rows: int, group: NDArray[Any] | None, share: float
) -> NDArray[np.bool_]:
    if share >= 1:
        return np.ones(rows, dtype=np.bool_)
    if group is not None:
        return np.asarray(group % round(1 / share) == 0)
    return generator.random(rows) < share


def _together(parts: list[Any]) -> Any:
    return None if not parts or parts[0] is None else np.concatenate(parts)
