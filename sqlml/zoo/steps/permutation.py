"""Permutation importance: how much worse a model gets when one column's values are mixed up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.zoo import metrics
from sqlml.zoo.bundle import Bundle
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.measures.sample import Sample
from sqlml.zoo.steps.dataset import Roles
from sqlml.zoo.steps.importance_plots import draw_importance
from sqlml.zoo.steps.inputs import required
from sqlml.zoo.steps.measure import said
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.probe import Probe, probe
from sqlml.zoo.steps.survey import SUPERVISED
from sqlml.zoo.steps.training_data import by_group
from sqlml.zoo.steps.truth import truth

MOST_ROWS = 20_000
DEFAULT_REPEATS = 5
DEFAULT_DISPLAY = 20
# Models that learn from no label are compared with what they say of the unchanged rows.
_ITSELF = {
    "clustering": ("clustering", "adjusted_rand"),
    "outliers": ("outliers", "accuracy"),
    "transformation": ("regression", "r2"),
    "density": ("regression", "r2"),
}

Floats = NDArray[np.float64]
Score = Callable[[pa.RecordBatch], float]


@dataclass(frozen=True, slots=True)
class Importance:
    """values: how much was lost, (columns, repeats). score: of the rows as they are."""

    names: tuple[str, ...]
    values: Floats
    metric: str
    score: float

    @property
    def means(self) -> Floats:
        return np.asarray(self.values.mean(axis=1))

    @property
    def deviations(self) -> Floats:
        return np.asarray(self.values.std(axis=1))


def explain_by_permutation(
    context: Context,
    bundle: Bundle,
    rows: Rows,
    settings: Mapping[str, Any],
    *,
    into: str | None,
    model: str,
) -> Outcome:
    """A table `feature, importance, std`: of the query's columns, before any preprocessing.

    importance: the mean loss of the metric over the repeats. Without `into`, a plot too. Of more
    than MOST_ROWS rows a seeded sample of about as many is taken.

    Raises:
        StepError: there are no rows, or the label is missing.
    """
    found, taken = importance(context, bundle, rows, settings)
    order = np.arange(len(found.names))
    if settings.get("sort", True):
        order = np.argsort(-found.means, kind="stable")
    table = pa.table(
        {
            "feature": pa.array([found.names[i] for i in order], pa.string()),
            "importance": pa.array(found.means[order], pa.float64()),
            "std": pa.array(found.deviations[order], pa.float64()),
        }
    )
    outputs = {}
    if into is None:
        context.result(table)
        shown = order[: settings.get("max_display") or DEFAULT_DISPLAY]
        outputs = draw_importance(
            context, table.take(pa.array(np.arange(len(shown)))), found.metric, model
        )
    else:
        context.write(into, table)
    summary = f"{found.metric} {found.score:.3f} on {taken.shown_rows}"
    return Outcome(summary=summary, outputs=outputs, rows=table.num_rows)


def importance(
    context: Context, bundle: Bundle, rows: Rows, settings: Mapping[str, Any]
) -> tuple[Importance, Probe]:
    """Draws as scikit-learn's `permutation_importance` does: the same seed, the same permutations.

    Raises:
        StepError: there are no rows, or the label is missing.
    """
    seed = settings.get("seed") or 0
    task = bundle.manifest.task
    roles = Roles()
    if task in SUPERVISED:
        roles = Roles(truth(context, rows, bundle, ()))
    if task == "ranking":
        (group,) = required((bundle.manifest.settings["group"],), rows.schema)
        rows, roles = by_group(context, rows, roles, group)
    taken = probe(context, bundle, rows, roles, most=MOST_ROWS, seed=seed)
    metric, score = _scorer(bundle, taken, settings.get("metric"))
    before = score(taken.inputs)
    sign = -1.0 if metrics.less_is_better(metric) else 1.0
    repeats = settings.get("repeats") or DEFAULT_REPEATS
    names = bundle.pipeline.columns
    values = np.empty((len(names), repeats))
    start = np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1)
    for place in range(len(names)):
        generator, order = np.random.RandomState(start), np.arange(taken.rows)
        column = taken.inputs.column(place)
        for repeat in range(repeats):
            generator.shuffle(order)
            column = column.take(pa.array(order))
            after = score(taken.replaced(place, column))
            values[place, repeat] = sign * (before - after)
        context.progress(place + 1, len(names), "features")
    return Importance(names, values, metric, before), taken


def _scorer(bundle: Bundle, taken: Probe, wanted: str | None) -> tuple[str, Score]:
    """The metric's name, and what it is for inputs."""
    task: str = bundle.manifest.task
    label, classes = taken.label, len(bundle.manifest.classes or ())
    if task in SUPERVISED:
        usual = metrics.defaults_for(task)[0]
    else:
        label = said(bundle.estimator, bundle.pipeline.transform(taken.inputs), likely=False)[0]
        task, usual = _ITSELF[task]
    name = metrics.canonical(wanted or "") or usual
    likely = metrics.needs_probabilities(name)

    def score(inputs: pa.RecordBatch) -> float:
        matrix = bundle.pipeline.transform(inputs)
        predicted, chances = said(bundle.estimator, matrix, likely=likely)
        sample = Sample(
            label, predicted, chances, group=taken.group, matrix=matrix, classes=classes
        )
        return metrics.evaluate([name], task, sample)[name]

    return name, score
