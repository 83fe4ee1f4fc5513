"""Apply a model to the rows of a query."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from sqlml.zoo.bundle import Bundle, load
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.steps.forecast import (
    Horizon,
    at_level,
    forecast,
    horizon_of,
    known_times,
    tell_known_times,
)
from sqlml.zoo.steps.inputs import needed_columns, spellings
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.results import Results, results_of

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
        return _forecast(context, bundle, results, horizon, into)
    size = settings.get("batch_size") or BATCH_ROWS
    done = known = 0

    def compute(batch: pa.RecordBatch) -> list[pa.Array]:
        nonlocal done, known
        parts = []
        for start in range(0, batch.num_rows, size):
            matrix = bundle.pipeline.transform(batch.slice(start, size))
            parts.append(results.compute(matrix))
            known += known_times(bundle, matrix)
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
        types=results.types,
    )
    tell_known_times(context, known, written)
    return Outcome(summary=f"{written:,} rows", rows=written)


def _forecast(
    context: Context, bundle: Bundle, results: Results, horizon: Horizon, into: str | None
) -> Outcome:
    table, known = forecast(bundle, results, horizon)
    tell_known_times(context, known, table.num_rows)
    if into is None:
        context.result(table)
    else:
        context.write(into, table)
    return Outcome(summary=f"{table.num_rows:,} times", rows=table.num_rows)
