"""Fit a model to the rows of a query and store it as a new version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from time import perf_counter
from typing import Any

import sqlml
from sqlml.zoo import MODELS
from sqlml.zoo.bundle import Bundle, Manifest, library_versions, load, model_type, trainer_of
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.features.contract import Encoding, Feature, feature_from_json
from sqlml.zoo.features.fit import fit
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.metrics import defaults_for
from sqlml.zoo.model import Estimator, FitJob, ModelType, Part
from sqlml.zoo.steps.continuing import refuse_other_features, refuse_other_model, shape_of
from sqlml.zoo.steps.dataset import QueryDataset, Sampled
from sqlml.zoo.steps.measure import defined, measure
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.survey import Survey, survey
from sqlml.zoo.steps.training_data import TrainingData, prepare
from sqlml.zoo.timeline import Timeline

MOST_ROWS_MEASURED = 50_000
_UNMEASURED = ("transformation", "density")
_MEASURED_BY_TRAINER = ("forecasting",)
_DONE_BEFORE_FITTING = ("weight", "group", "seed", "time", "series")

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
) -> Outcome:
    """Train, measure, and publish the model as the next version of `into`.

    With `base`, training goes on from that version, with its preprocessing and its classes.
    Metrics on more than MOST_ROWS_MEASURED training rows are of a seeded sample of about as many.

    Raises:
        StepError: the rows, the labels or the features do not suit the model.
    """
    order = _Order.of(context, estimator, parameters, settings, base)
    started = perf_counter()
    looked = _look(context, rows, label, order)
    by_target = {t: tuple(map(feature_from_json, specs)) for t, specs in features.items()}
    pipeline = _fit_features(context, rows, by_target, order)
    data = prepare(context, rows, validation, pipeline=pipeline, looked=looked, settings=settings)
    read = perf_counter()
    fitted, history = _fit(context, data, _parts(pipeline, by_target, order), looked, order)
    ended = perf_counter()
    metrics = {**_last(history, settings), **_measured(fitted, data, looked, settings)}
    manifest = replace(
        _describe(order, pipeline, looked, data),
        statement=statement,
        metrics=metrics,
        history=history,
        seconds={"read": read - started, "fit": ended - read, "measure": perf_counter() - ended},
        base=base,
    )
    folder = context.folder / "model"
    folder.mkdir()
    fitted.save(folder)
    reference = context.publish(into, folder, manifest.to_json())
    return Outcome(
        summary=_summary(metrics, looked, settings.get("validation.metrics") or ()),
        metrics=metrics,
        outputs={"model": reference},
        rows=data.rows,
        history=history,
    )


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be trained; `previous` is the model to go on from."""

    model: ModelType
    parameters: Mapping[str, Any]
    settings: Mapping[str, Any]
    previous: Bundle | None

    @classmethod
    def of(
        cls,
        context: Context,
        estimator: str,
        parameters: Mapping[str, Any],
        settings: Mapping[str, Any],
        base: str | None,
    ) -> "_Order":
        model = model_type(estimator)
        previous = None if base is None else load(context.model(base))
        if previous is not None:
            refuse_other_model(previous.manifest, model)
        return cls(model, parameters, settings, previous)

    @property
    def seed(self) -> int:
        return self.settings.get("seed") or 0


def _look(context: Context, rows: Rows, label: Sequence[str], order: _Order) -> Survey:
    if order.previous is None:
        task, classes = MODELS.load(order.model.family).task(order.model, order.parameters), None
    else:
        task, classes = order.previous.manifest.task, order.previous.manifest.classes
    looked = survey(context, rows.sql, label, task=task, family=order.model.family, known=classes)
    if looked.guessed:
        context.note(
            f"`{label[0]}` has {len(looked.counts)} whole numbers: a classification; "
            "name a regression model or objective if they are amounts"
        )
    return looked


def _fit_features(
    context: Context, rows: Rows, by_target: Mapping[str, Sequence[Feature]], order: _Order
) -> Pipeline:
    """All features of all targets, each once."""
    features = tuple(dict.fromkeys(chain.from_iterable(by_target.values())))
    if order.previous is not None:
        refuse_other_features(order.previous, features)
        return order.previous.pipeline
    model = order.model
    encoding = Encoding(
        model.categories, model.missing, model.sparse, dtype=model.dtype, layout=model.layout
    )
    return fit(features, rows.sql, context.table, encoding)


def _parts(
    pipeline: Pipeline, by_target: Mapping[str, Sequence[Feature]], order: _Order
) -> tuple[Part, ...]:
    """What each target is fed with, in the order of the targets.

    An earlier model's features have learnt, and may stand in another order.
    """

    def key(feature: Feature) -> Any:
        return feature if order.previous is None else shape_of(feature)

    features = dict.fromkeys(chain.from_iterable(by_target.values()))
    keys = map(key, features if order.previous is None else pipeline.features)
    parts = dict(zip(keys, pipeline.parts, strict=True))
    return tuple(
        replace(parts[key(feature)], target=target)
        for target, several in by_target.items()
        for feature in several
    )


def _fit(
    context: Context,
    data: TrainingData,
    parts: tuple[Part, ...],
    looked: Survey,
    order: _Order,
) -> tuple[Estimator, History]:
    history: list[Mapping[str, float]] = []

    def report(done: int, total: int, values: Mapping[str, float]) -> None:
        if values:
            history.append({"round": done, **values})
        context.progress(done, total, order.model.unit, **values)

    scratch = context.folder / "scratch"
    scratch.mkdir()
    job = FitJob(
        model=order.model.name,
        task=looked.task,
        parameters=order.parameters,
        settings=_for_trainer(order.settings),
        train=data.train,
        validation=data.validation,
        classes=len(looked.classes or ()),
        timeline=Timeline.of(data.train.pipeline) if looked.task == "forecasting" else None,
        class_counts=data.class_counts,
        labels=len(looked.labels),
        rows=data.rows,
        parts=parts,
        metrics=tuple(order.settings.get("validation.metrics") or ()),
        seed=order.seed,
        threads=context.threads,
        folder=scratch,
        base=None if order.previous is None else order.previous.estimator,
        report=report,
        advance=context.progress,
        note=context.note,
    )
    return trainer_of(order.model).fit(job), tuple(history)


def _for_trainer(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in settings.items()
        if name not in _DONE_BEFORE_FITTING and not name.startswith("validation.")
    }


def _measured(
    fitted: Estimator, data: TrainingData, looked: Survey, settings: Mapping[str, Any]
) -> dict[str, float]:
    """Metrics on the training rows and on the validation rows, each under its own names."""
    names = tuple(settings.get("validation.metrics") or ())
    if looked.task in _UNMEASURED and not names:
        return {}
    train: QueryDataset | None = data.train
    if looked.task in _MEASURED_BY_TRAINER:
        train = None
    elif data.rows > MOST_ROWS_MEASURED:
        share = MOST_ROWS_MEASURED / data.rows
        choice = Sampled(data.train.choice, share, settings.get("seed") or 0)
        train = replace(data.train, choice=choice)
    found = {}
    for prefix, dataset in (("train_", train), ("validation_", data.validation)):
        if dataset is not None:
            classes = len(looked.classes or ())
            values = measure(fitted, dataset, looked.task, names, classes=classes, loss=False)
            found.update(defined(values, prefix))
    return found


def _describe(order: _Order, pipeline: Pipeline, looked: Survey, data: TrainingData) -> Manifest:
    return Manifest(
        estimator=order.model.name,
        family=order.model.family,
        task=looked.task,
        pipeline={"": pipeline.to_json()},
        columns=tuple({"name": one.name, "type": one.type} for one in pipeline.references),
        label=tuple({"name": one.name, "type": one.type} for one in looked.labels),
        classes=looked.classes,
        parameters=order.parameters,
        settings=order.settings,
        rows=data.rows,
        validation_rows=data.validation_rows,
        fingerprint=looked.fingerprint,
        libraries=library_versions(order.model),
        sqlml=sqlml.__version__,
    )


def _last(history: History, settings: Mapping[str, Any]) -> dict[str, float]:
    """What the library measured in its last round, if that is the one which is kept."""
    if not history or settings.get("early_stopping_rounds"):
        return {}
    return {name: value for name, value in history[-1].items() if name != "round"}


def _summary(metrics: Mapping[str, float], looked: Survey, names: Sequence[str]) -> str:
    """The first metric, on validation rows if there are any; otherwise it says so."""
    wanted = names or defaults_for(looked.task)
    for prefix, remark in (("validation_", ""), ("train_", " (training)")):
        for name in wanted:
            if f"{prefix}{name}" in metrics:
                return f"{name} {metrics[f'{prefix}{name}']:.3f}{remark}"
    return f"{looked.rows:,} rows"
