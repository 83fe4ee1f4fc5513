"""Fit a model to the rows of a query and store it as a new version."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlml.zoo.context import Context, Rows
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.metrics import defaults_for
from sqlml.zoo.profile import Profile
from sqlml.zoo.steps.fitted import fit_all
from sqlml.zoo.steps.fitting import Order, look
from sqlml.zoo.steps.hints import find_hints
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.points import lines_of
from sqlml.zoo.steps.profiling import columns_of, make_profile
from sqlml.zoo.steps.survey import Survey
from sqlml.zoo.steps.trial_result import TrialResult, best_of


def run(
    context: Context,
    *,
    estimator: str,
    parameters: Mapping[str, Any],
    settings: Mapping[str, Any],
    features: Mapping[str, Any],
    label: Sequence[str],
    into: str,
    statement: str = "",
    rows: Rows,
    validation: Rows | None = None,
    base: str | None = None,
    trials: Sequence[str] = (),
) -> Outcome:
    """Train, measure, and publish the model as the next version of `into`.

    With `base`, training goes on from that version, with its preprocessing and its classes. With
    `trials`, the results of a search, it takes the estimator and the values of the best one.
    Metrics on more than MOST_ROWS_MEASURED training rows are of a seeded sample of about as many.

    Raises:
        StepError: the rows, the labels or the features do not suit the model.
    """
    tried = tuple(map(TrialResult.from_text, trials))
    best = _best(context, tried, estimator) if tried else None
    if best is not None:
        estimator = best.estimator
        parameters, settings = best.applied_to(parameters, settings)
        features = best.features(features)
    order = Order.of(context, estimator, parameters, settings, base)
    looked = look(context, rows, label, order)
    if best is not None:
        order = _measuring(order, looked, best.metric)

    trained = fit_all(context, rows, validation, features, label, looked=looked, order=order)
    manifest = replace(
        trained.manifest,
        statement=statement,
        fingerprint=looked.fingerprint,
        base=base,
        trials=tuple({**one.summary(), "best": one == best} for one in tried),
    )
    folder = context.folder / "model"
    folder.mkdir()
    trained.estimator.save(folder)
    _profile(context, rows, trained.pipeline, looked).save(folder)
    reference = context.publish(into, folder, manifest.to_json())
    for line in lines_of(trained):
        context.note(line)
    return Outcome(
        summary=_summary(manifest.metrics, looked, order, best.metric if best else ""),
        metrics=manifest.metrics,
        outputs={"model": reference},
        rows=manifest.rows,
        history=manifest.history,
    )


def _profile(context: Context, rows: Rows, pipeline: Pipeline, looked: Survey) -> Profile:
    """What the rows look like; what looks wrong is told."""
    columns = columns_of(pipeline, looked.labels)
    profile, sample = make_profile(context, rows.sql, columns, looked.rows)
    for hint in find_hints(pipeline, looked.labels, profile, sample):
        context.note(hint.message, hint.about)
    return profile


def _best(context: Context, tried: Sequence[TrialResult], asked: str) -> TrialResult:
    best = best_of(tried)
    states = Counter(one.state for one in tried if one.state != "complete")
    others = "".join(f", {number} {state}" for state, number in states.items())
    estimator = "" if best.estimator == asked else f" {best.estimator}:"
    context.note(
        f"trial {best.number} is the best of {len(tried)}{others}:"
        f" {best.metric} {best.score:.4f} with{estimator} {best.words}"
    )
    return best


def _measuring(order: Order, looked: Survey, metric: str) -> Order:
    """The order, with the metric that has compared trials among those that are measured."""
    if order.metrics:
        return order.measuring(metric, *order.metrics)
    return order if metric in defaults_for(looked.task) else order.measuring(metric)


def _summary(metrics: Mapping[str, float], looked: Survey, order: Order, first: str) -> str:
    """The first metric, on rows that were held back if there are any; otherwise it says so."""
    wanted = (first, *(order.metrics or defaults_for(looked.task)))
    folds = f" ({order.settings.get('validation.folds')} folds)"
    for prefix, remark in (("validation_", ""), ("folds_", folds), ("train_", " (training)")):
        for name in wanted:
            if f"{prefix}{name}" in metrics:
                return f"{name} {metrics[f'{prefix}{name}']:.3f}{remark}"
    return f"{looked.rows:,} rows"
