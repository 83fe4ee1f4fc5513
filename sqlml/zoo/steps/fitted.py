"""A model fitted to rows and measured: one, or one for each segment of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import sqlml
from sqlml.zoo.bundle import Bundle, Manifest, library_versions
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.label import Label
from sqlml.zoo.model import Estimator
from sqlml.zoo.steps.cross_validation import cross_validate
from sqlml.zoo.steps.dataset import QueryDataset, Sampled
from sqlml.zoo.steps.fitting import (
    Order,
    Specs,
    fit_features,
    fit_model,
    measured,
    refuse_classes,
    unfitted,
)
from sqlml.zoo.steps.measure import MOST_ROWS_MEASURED, defined
from sqlml.zoo.steps.partition import fit_segments, without_partition
from sqlml.zoo.steps.points import facts_of
from sqlml.zoo.steps.survey import Survey, survey
from sqlml.zoo.steps.training_data import TrainingData, prepare

_UNMEASURED = ("transformation", "density")
_MEASURED_BY_TRAINER = ("forecasting",)
History = tuple[Mapping[str, float], ...]


def fit_all(
    context: Context,
    rows: Rows,
    validation: Rows | None,
    features: Specs,
    label: Sequence[str],
    *,
    looked: Survey,
    order: Order,
) -> Bundle:
    """The model that is ordered, which has segments where the order says by what.

    Raises:
        StepError: the rows, the labels or the features do not suit the model.
    """
    if not order.partition:
        return _fit_rows(context, rows, validation, features, looked=looked, order=order)

    def fit_segment(
        corner: Context, own: Rows, held: Rows | None, earlier: Bundle | None
    ) -> Bundle:
        settings = without_partition(order.settings)
        part = replace(order, settings=settings, previous=earlier)
        known = None if earlier is None else earlier.manifest.classes
        model = order.model
        seen = survey(
            corner, own.sql, label, task=looked.task, family=model.family, known=known,
            lists=model.multilabel,
        )  # fmt: skip
        refuse_classes(model, seen)
        return _fit_rows(corner, own, held, features, looked=seen, order=part)

    return fit_segments(context, rows, validation, order=order, fit=fit_segment)


def _fit_rows(
    context: Context,
    rows: Rows,
    validation: Rows | None,
    features: Specs,
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
    bundle = Bundle(manifest, data.train.pipeline, fitted)
    return replace(bundle, manifest=replace(manifest, facts=facts_of(bundle)))


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
