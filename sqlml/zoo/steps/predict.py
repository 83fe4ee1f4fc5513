"""Apply a model to the rows of a query."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from sqlml.zoo.bundle import load
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.steps.forecast import at_level, forecast, horizon_of
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

    A forecast of a range of times has no rows of the query, only times and results.

    Raises:
        StepError: the query lacks columns that the model needs, or the model lacks what is asked.
    """
    bundle = at_level(load(context.model(model)), settings)
    results = results_of(bundle, column, settings)
    horizon = horizon_of(bundle, settings)
    if horizon is not None:
        return _forecast(context, forecast(bundle, results, horizon), into)
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


def _forecast(context: Context, table: pa.Table, into: str | None) -> Outcome:
    if into is None:
        context.result(table)
    else:
        context.write(into, table)
    return Outcome(summary=f"{table.num_rows:,} times", rows=table.num_rows)
