"""Apply a model to the rows of a query."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from sqlml.zoo.bundle import load
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.steps.inputs import needed_columns, spellings
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.results import results_of

BATCH_ROWS = 65_536


def run(
    context: Context,
    *,
    column: str,
    settings: Mapping[str, Any],
    into: str | None = None,
    rows: Rows,
    model: str,
) -> Outcome:
    """Write the query's columns, without the label and the result column, then the results.

    Raises:
        StepError: the query lacks columns that the model needs, or the model lacks what is asked.
    """
    bundle = load(context.model(model))
    results = results_of(bundle, column, settings)
    size = settings.get("batch_size") or BATCH_ROWS
    done = 0

    def compute(batch: pa.RecordBatch) -> list[pa.Array]:
        nonlocal done
        parts = []
        for start in range(0, batch.num_rows, size):
            part = batch.slice(start, size)
            parts.append(results.compute(bundle.pipeline.transform(part)))
        done += batch.num_rows
        context.progress(done, 0, "rows")
        return [pa.concat_arrays(list(arrays)) for arrays in zip(*parts, strict=True)]

    labels = [label.name for label in bundle.manifest.labels]
    replaced = spellings([*labels, *results.schema.names], rows.schema)
    written = context.extend(
        rows.sql,
        uses=needed_columns(bundle, rows.schema),
        drops=tuple(replaced.values()),
        adds=results.schema,
        compute=compute,
        into=into,
    )
    return Outcome(summary=f"{written:,} rows", rows=written)
