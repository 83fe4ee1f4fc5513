"""Explain what a model says about the rows of a query, or what it has learnt."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from sqlml.errors import Diagnostic, StepError, did_you_mean
from sqlml.zoo.bundle import Bundle, load
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.steps.contributions import gathered, output_names
from sqlml.zoo.steps.dataset import QueryDataset
from sqlml.zoo.steps.explainers import NAMES, find_explainer, key_and_feature
from sqlml.zoo.steps.inputs import needed_columns, spellings
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.partial_dependence import explain_by_dependence
from sqlml.zoo.steps.permutation import explain_by_permutation
from sqlml.zoo.steps.plot import draw_into
from sqlml.zoo.steps.points import points_table

DEFAULT_PLOT = "bar"
DEFAULT_DISPLAY = 20


def run(
    context: Context,
    *,
    explainer: str,
    settings: Mapping[str, Any],
    into: str | None = None,
    rows: Rows,
    model: str,
) -> Outcome:
    """SHAP values of every row into a table; without a table, their mean sizes and a plot.

    Other explainers: how often and how well each feature split (gain), how much worse the model
    gets without a column (permutation), what it says of each of a column's values (partial), and
    what each bin of a score card is worth (points).

    Raises:
        StepError: the query lacks columns, or the model cannot be explained so.
    """
    kind = find_explainer(explainer)
    if kind is None:
        raise _unknown(explainer)
    bundle = load(context.model(model))
    if kind == "gain":
        return _gains(context, bundle, into)
    if kind == "points":
        return _points(context, bundle, into)
    needed_columns(bundle, rows.schema)
    match kind:
        case "permutation":
            return explain_by_permutation(context, bundle, rows, settings, into=into, model=model)
        case "partial":
            return explain_by_dependence(context, bundle, rows, settings, into=into, model=model)
    if into is not None:
        return _explain_rows(context, bundle, rows, settings, into)
    return _summarize(context, bundle, rows, settings, model)


def _gains(context: Context, bundle: Bundle, into: str | None) -> Outcome:
    found = bundle.estimator.importance()
    if not found:
        raise StepError(
            Diagnostic(
                "E0414",
                f"{bundle.manifest.estimator} knows no gain of its features",
                label="only models made of trees do",
                hint="leave USING out for SHAP values",
                about="using",
            )
        )
    ordered = sorted(found.items(), key=lambda item: -item[1][1])
    table = pa.table(
        {
            "feature": pa.array([name for name, _ in ordered], pa.string()),
            "fscore": pa.array([fscore for _, (fscore, _) in ordered], pa.float64()),
            "gain": pa.array([gain for _, (_, gain) in ordered], pa.float64()),
        }
    )
    _give(context, table, into)
    return Outcome(summary=f"{table.num_rows:,} features", rows=table.num_rows)


def _points(context: Context, bundle: Bundle, into: str | None) -> Outcome:
    table = points_table(bundle)
    _give(context, table, into)
    return Outcome(summary=f"{table.num_rows:,} bins", rows=table.num_rows)


def _give(context: Context, table: pa.Table, into: str | None) -> None:
    if into is None:
        context.result(table)
    else:
        context.write(into, table)


def _explain_rows(
    context: Context, bundle: Bundle, rows: Rows, settings: Mapping[str, Any], into: str
) -> Outcome:
    columns = [
        f"{feature}_{output}" if output else feature
        for output in output_names(bundle)
        for feature in bundle.pipeline.names
    ]
    keys = _keys(settings, rows, columns)
    done = 0

    def compute(batch: pa.RecordBatch) -> list[pa.Array]:
        nonlocal done
        values = bundle.estimator.contributions(bundle.pipeline.transform(batch))
        done += batch.num_rows
        context.progress(done, 0, "rows")
        by_column = values[:, :, :-1].astype(np.float32).transpose(0, 2, 1)
        return [pa.array(column) for column in by_column.reshape(len(columns), -1)]

    written = context.extend(
        rows.sql,
        uses=needed_columns(bundle, rows.schema),
        drops=tuple(name for name in rows.schema.names if name not in keys),
        adds=pa.schema([pa.field(name, pa.float32()) for name in columns]),
        compute=compute,
        into=into,
    )
    return Outcome(summary=f"{written:,} rows", rows=written)


def _summarize(
    context: Context, bundle: Bundle, rows: Rows, settings: Mapping[str, Any], model: str
) -> Outcome:
    explained = gathered(context, bundle, QueryDataset(rows, bundle.pipeline))
    sizes = explained.mean_sizes
    order = (
        np.argsort(-sizes, kind="stable") if settings.get("sort", True) else np.arange(len(sizes))
    )
    shown = order[: settings.get("max_display") or DEFAULT_DISPLAY]
    names = [bundle.pipeline.names[i] for i in order]
    context.result(
        pa.table(
            {
                "feature": pa.array(names, pa.string()),
                "mean_abs_shap": pa.array(sizes[order], pa.float64()),
            }
        )
    )
    plot = settings.get("plot_type") or DEFAULT_PLOT
    drawn = draw_into(context, plot, explained.only(shown), model)
    summary = f"{explained.rows:,} of {explained.of_rows:,} rows"
    if explained.rows == explained.of_rows:
        summary = f"{explained.rows:,} rows"
    outputs = {} if drawn is None else {"plot": str(drawn)}
    return Outcome(summary=summary, outputs=outputs, rows=explained.rows)


def _keys(settings: Mapping[str, Any], rows: Rows, columns: list[str]) -> tuple[str, ...]:
    """The key columns, spelt as in the query.

    Raises:
        StepError: the query has no such column, or it is named like a result.
    """
    keys = tuple(settings.get("keys") or ())
    spelt = spellings(keys, rows.schema)
    taken = {column.casefold() for column in columns}
    for key in keys:
        if key not in spelt:
            raise _bad_key(f"the query has no column `{key}`", did_you_mean(key, rows.schema.names))
        if key.casefold() in taken:
            raise StepError(key_and_feature(key))
    return tuple(spelt[key] for key in keys)


def _bad_key(message: str, hint: str) -> StepError:
    return StepError(Diagnostic("E0424", message, hint=hint, about="attribute explain.keys"))


def _unknown(explainer: str) -> StepError:
    hint = did_you_mean(explainer, NAMES) or f"there are: {', '.join(NAMES)}"
    message = f"there is no explainer `{explainer}`"
    return StepError(Diagnostic("E0425", message, hint=hint, about="using"))
