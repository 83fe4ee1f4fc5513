"""Fit a model to the rows of a query and store it as a new version."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import sqlml
from sqlml.zoo.bundle import Bundle, Manifest, library_versions
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import Label
from sqlml.zoo.metrics import defaults_for
from sqlml.zoo.model import Estimator
from sqlml.zoo.profile import Profile
from sqlml.zoo.steps.cross_validation import cross_validate
from sqlml.zoo.steps.dataset import QueryDataset, Sampled
from sqlml.zoo.steps.fitting import Order, fit_features, fit_model, look, measured, unfitted
from sqlml.zoo.steps.hints import find_hints
from sqlml.zoo.steps.measure import MOST_ROWS_MEASURED, defined
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.partition import fit_segments, without_partition
from sqlml.zoo.steps.profiling import columns_of, make_profile
from sqlml.zoo.steps.survey import Survey, survey
from sqlml.zoo.steps.training_data import TrainingData, prepare
from sqlml.zoo.steps.trial_result import TrialResult, best_of

_UNMEASURED = ("transformation", "density")
_MEASURED_BY_TRAINER = ("forecasting",)
History = tuple[Mapping[str, float], ...]


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

    def fit_segment(corner: Context, own: Rows, held: Rows | None) -> Bundle:
        part = replace(order, settings=without_partition(order.settings))
        model = order.model
        seen = survey(
            corner, own.sql, label, task=looked.task, family=model.family, lists=model.multilabel
        )
        return _fit_rows(corner, own, held, features, looked=seen, order=part)

    if order.settings.get("partition_by"):
        trained = fit_segments(context, rows, validation, order=order, fit=fit_segment)
    else:
        trained = _fit_rows(context, rows, validation, features, looked=looked, order=order)
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
    return Outcome(
        summary=_summary(manifest.metrics, looked, order, best.metric if best else ""),
        metrics=manifest.metrics,
        outputs={"model": reference},
        rows=manifest.rows,
        history=manifest.history,
    )


def _fit_rows(
    context: Context,
    rows: Rows,
    validation: Rows | None,
    features: Mapping[str, Any],
    *,
    looked: Survey,
    order: Order,
) -> Bundle:
    """Fit the features and the estimator to rows, and measure them."""
    started = perf_counter()
    drawn = prepare(
        context,
        rows,
        validation,
        pipeline=unfitted(features, order),
        looked=looked,
        settings=order.settings,
    )
    data = fit_features(context, drawn, features, order)
    read = perf_counter()
    fitted, history = _fit(context, data, looked, order)
    ended = perf_counter()
    metrics = {
        **_last(history, order.settings),
        **_measured(fitted, data, looked, order),
        **cross_validate(context, drawn, specs=features, looked=looked, order=order),
    }
    manifest = replace(
        _describe(order, looked, data),
        metrics=metrics,
        history=history,
        seconds={"read": read - started, "fit": ended - read, "measure": perf_counter() - ended},
    )
    return Bundle(manifest, data.train.pipeline, fitted)


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


def _fit(
    context: Context, data: TrainingData, looked: Survey, order: Order
) -> tuple[Estimator, History]:
    history: list[Mapping[str, float]] = []

    def report(done: int, total: int, values: Mapping[str, float]) -> None:
        if values:
            history.append({"round": done, **values})
        context.progress(done, total, order.model.unit, **values)

    return fit_model(context, data, looked, order, report), tuple(history)


def _measured(
    fitted: Estimator, data: TrainingData, looked: Survey, order: Order
) -> dict[str, float]:
    """Metrics on the training rows and on the validation rows, each under its own names."""
    if looked.task in _UNMEASURED and not order.metrics:
        return {}
    train: QueryDataset | None = data.train
    if looked.task in _MEASURED_BY_TRAINER:
        train = None
    elif data.rows > MOST_ROWS_MEASURED:
        share = MOST_ROWS_MEASURED / data.rows
        choice = Sampled(data.train.choice, share, order.seed)
        train = replace(data.train, choice=choice)
    found = {}
    for prefix, dataset in (("train_", train), ("validation_", data.validation)):
        if dataset is not None:
            found.update(defined(measured(fitted, dataset, looked, order.metrics), prefix))
    return found


def _describe(order: Order, looked: Survey, data: TrainingData) -> Manifest:
    pipeline = data.train.pipeline
    return Manifest(
        estimator=order.model.name,
        family=order.model.family,
        task=looked.task,
        pipeline={"": pipeline.to_json()},
        columns=tuple({"name": one.name, "type": one.type} for one in pipeline.references),
        label=tuple(map(_written, looked.labels)),
        classes=looked.classes,
        parameters=order.parameters,
        settings=order.settings,
        rows=data.rows,
        validation_rows=data.validation_rows,
        fingerprint=looked.fingerprint,
        libraries=library_versions(order.model),
        sqlml=sqlml.__version__,
    )


def _written(label: Label) -> dict[str, Any]:
    length = {} if label.length is None else {"length": label.length}
    return {"name": label.name, "type": label.type, **length}


def _last(history: History, settings: Mapping[str, Any]) -> dict[str, float]:
    """What the library measured in its last round, if that is the one which is kept."""
    if not history or settings.get("early_stopping_rounds"):
        return {}
    return {name: value for name, value in history[-1].items() if name != "round"}


def _summary(metrics: Mapping[str, float], looked: Survey, order: Order, first: str) -> str:
    """The first metric, on rows that were held back if there are any; otherwise it says so."""
    wanted = (first, *(order.metrics or defaults_for(looked.task)))
    folds = f" ({order.settings.get('validation.folds')} folds)"
    for prefix, remark in (("validation_", ""), ("folds_", folds), ("train_", " (training)")):
        for name in wanted:
            if f"{prefix}{name}" in metrics:
                return f"{name} {metrics[f'{prefix}{name}']:.3f}{remark}"
    return f"{looked.rows:,} rows"
