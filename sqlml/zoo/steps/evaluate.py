"""Measure a model on the rows of a query."""

import math
from collections.abc import Mapping, Sequence

import pyarrow as pa

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import load
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.steps.dataset import QueryDataset, Roles
from sqlml.zoo.steps.inputs import needed_columns, required
from sqlml.zoo.steps.measure import defined, measure
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.training_data import by_group
from sqlml.zoo.steps.truth import truth


def run(
    context: Context,
    *,
    metrics: Sequence[str],
    label: Sequence[str] = (),
    into: str | None = None,
    rows: Rows,
    model: str,
) -> Outcome:
    """One row: `loss`, then the metrics, DOUBLE; NULL where one is not defined.

    The label is the training label unless another column is named. Clusters and outliers can be
    measured without one.

    Raises:
        StepError: there are no rows; columns or labels are missing or do not suit the model, or a
            metric does not.
    """
    bundle = load(context.model(model))
    needed_columns(bundle, rows.schema)
    roles = Roles(truth(context, rows, bundle, label))
    if bundle.manifest.task == "ranking":
        (group,) = required((bundle.manifest.settings["group"],), rows.schema)
        rows, roles = by_group(context, rows, roles, group)
    measured = 0

    def count(done: int) -> None:
        nonlocal measured
        measured = done
        context.progress(done, 0, "rows")

    found = measure(
        bundle.estimator,
        QueryDataset(rows, bundle.pipeline, roles),
        bundle.manifest.task,
        metrics,
        classes=len(bundle.manifest.classes or ()),
        seen=count,
    )
    if not measured:
        message = "the query gives no rows"
        raise StepError(Diagnostic("E0401", message, label="nothing to measure", about="query"))
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
    return Outcome(summary=_summary(found), metrics=defined(found), rows=1)


def _summary(found: Mapping[str, float]) -> str:
    shown = {name: value for name, value in defined(found).items() if name != "loss"}
    name, value = next(iter(shown.items() or found.items()))
    return f"{name} {value:.3f}"
