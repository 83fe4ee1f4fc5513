"""Measure a model on the rows of a query."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Bundle, load
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.steps.dataset import QueryDataset, Roles
from sqlml.zoo.steps.distinct import fingerprint_of
from sqlml.zoo.steps.evaluation_plots import chosen_plots, draw_plots, needs_probabilities
from sqlml.zoo.steps.inputs import needed_columns, required
from sqlml.zoo.steps.measure import defined, observe, values_of
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.training_data import by_group
from sqlml.zoo.steps.truth import truth


def run(
    context: Context,
    *,
    metrics: Sequence[str],
    label: Sequence[str] = (),
    into: str | None = None,
    plots: Sequence[str] = (),
    rows: Rows,
    model: str,
) -> Outcome:
    """One row: `loss`, then the metrics, DOUBLE; NULL where one is not defined. Plots are files.

    The label is the training label unless another column is named. Clusters and outliers can be
    measured without one.

    Raises:
        StepError: there are no rows; columns or labels are missing or do not suit the model, or a
            metric or a plot does not.
    """
    bundle = load(context.model(model))
    needed_columns(bundle, rows.schema)
    task = bundle.manifest.task
    drawn = chosen_plots(plots, bundle.manifest, likely=_is_likely(bundle)) if plots else ()
    roles = Roles(truth(context, rows, bundle, label))
    if task == "ranking":
        (group,) = required((bundle.manifest.settings["group"],), rows.schema)
        rows, roles = by_group(context, rows, roles, group)
    measured = 0

    def count(done: int) -> None:
        nonlocal measured
        measured = done
        context.progress(done, 0, "rows")

    sample = observe(
        bundle.estimator,
        QueryDataset(rows, bundle.pipeline, roles),
        task,
        metrics,
        classes=len(bundle.manifest.classes or ()),
        likely=needs_probabilities(drawn),
        seen=count,
    )
    if not measured:
        message = "the query gives no rows"
        raise StepError(Diagnostic("E0401", message, label="nothing to measure", about="query"))
    found = values_of(sample, task, metrics)
    outputs = draw_plots(context, drawn, sample, bundle.manifest, model)
    result = pa.table(
        {
            name: pa.array([None if math.isnan(value) else value], pa.float64())
            for name, value in found.items()
        }
    )
    if into is None:
        context.result(result)
    else:
        context.write(into, result)
    summary = _summary(found)
    if _are_training_rows(context, rows, bundle, measured):
        context.note("these are the rows of the training: new ones tell more", "query")
        summary += " (training)"
    return Outcome(summary=summary, metrics=defined(found), outputs=outputs, rows=1)


def _are_training_rows(context: Context, rows: Rows, bundle: Bundle, measured: int) -> bool:
    """Whether the query gives what the model was trained on, which flatters it."""
    manifest = bundle.manifest
    if measured != manifest.rows + manifest.validation_rows:
        return False
    return fingerprint_of(context, rows.sql) == manifest.fingerprint


def _is_likely(bundle: Bundle) -> bool:
    """Whether the model gives probabilities of classes."""
    nothing = np.zeros((1, bundle.pipeline.width), dtype=np.float32)
    is_classifier = bundle.manifest.task == "classification"
    return is_classifier and bundle.estimator.probabilities(nothing) is not None


def _summary(found: Mapping[str, float]) -> str:
    shown = {name: value for name, value in defined(found).items() if name != "loss"}
    name, value = next(iter(shown.items() or found.items()))
    return f"{name} {value:.3f}"
