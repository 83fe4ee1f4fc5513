"""Fit a model to the rows of a query and store it as a new version."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import sqlml
from sqlml.zoo import MODELS
from sqlml.zoo.bundle import Bundle, Manifest, load, model_type, trainer_of
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.features import Encoding, fit
from sqlml.zoo.metrics import defaults_for
from sqlml.zoo.model import Estimator, FitJob, ModelType
from sqlml.zoo.steps.continuing import refuse_other_model, refuse_other_shape
from sqlml.zoo.steps.dataset import QueryDataset, Sampled
from sqlml.zoo.steps.measure import defined, measure
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.survey import Survey, survey
from sqlml.zoo.steps.training_data import TrainingData, prepare

MOST_ROWS_MEASURED = 100_000
_UNMEASURED = ("transformation", "density")
_DONE_BEFORE_FITTING = ("weight", "group", "seed")


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

    With `base`, training goes on from that version, with its preprocessing and its classes. Training
    metrics of more than MOST_ROWS_MEASURED rows are those of a seeded sample of about as many.

    Raises:
        StepError: the rows, the labels or the features do not suit the model.
    """
    started = perf_counter()
    model = model_type(estimator)
    previous = None if base is None else load(context.model(base))
    if previous is not None:
        refuse_other_model(previous.manifest, model, base or "")
    looked = _look(context, rows, label, model, parameters, previous)
    if previous is None:
        pipeline = fit(features[""], rows.sql, context.table, encoding_of(model))
    else:
        pipeline = previous.pipeline
        refuse_other_shape(previous, features[""], looked.labels, base or "")
    data = prepare(context, rows, validation, pipeline, looked, settings)
    read = perf_counter()
    fitted, history = _fit(context, model, parameters, settings, data, looked, previous)
    ended = perf_counter()
    metrics = {**_last(history), **_measured(fitted, data, looked, settings)}
    folder = context.folder / "model"
    folder.mkdir()
    fitted.save(folder)
    manifest = Manifest(
        estimator=model.name,
        family=model.family,
        task=looked.task,
        pipeline={"": pipeline.to_json()},
        columns=tuple({"name": c.name, "type": c.type} for c in pipeline.columns),
        label=tuple({"name": one.name, "type": one.type} for one in looked.labels),
        classes=looked.classes,
        parameters=parameters,
        settings=settings,
        statement=statement,
        metrics=metrics,
        history=history,
        rows=data.rows,
        validation_rows=data.validation_rows,
        fingerprint=looked.fingerprint,
        libraries=_libraries(model),
        seconds={"read": read - started, "fit": ended - read, "measure": perf_counter() - ended},
        sqlml=sqlml.__version__,
        base=base,
    )
    reference = context.publish(into, folder, manifest.to_json())
    return Outcome(
        summary=_summary(metrics, looked, settings.get("validation.metrics") or ()),
        metrics=metrics,
        outputs={"model": reference},
        rows=data.rows,
        history=history,
    )


def encoding_of(model: ModelType) -> Encoding:
    """How features must look for a kind of model."""
    return Encoding(categories=model.categories, missing=model.missing, sparse=model.sparse)


def _look(
    context: Context,
    rows: Rows,
    label: Sequence[str],
    model: ModelType,
    parameters: Mapping[str, Any],
    previous: Bundle | None,
) -> Survey:
    task = MODELS.load(model.family).task(model, parameters)
    if previous is None:
        looked = survey(context, rows.sql, label, task, model.family)
    else:
        before = previous.manifest
        looked = survey(context, rows.sql, label, before.task, model.family, known=before.classes)
    if looked.guessed:
        context.note(
            f"`{label[0]}` has {len(looked.counts)} whole numbers: a classification; "
            "name a regression model or objective if they are amounts"
        )
    return looked


def _fit(
    context: Context,
    model: ModelType,
    parameters: Mapping[str, Any],
    settings: Mapping[str, Any],
    data: TrainingData,
    looked: Survey,
    previous: Bundle | None,
) -> tuple[Estimator, tuple[Mapping[str, float], ...]]:
    history: list[Mapping[str, float]] = []

    def report(done: int, total: int, values: Mapping[str, float]) -> None:
        if values:
            history.append({"round": done, **values})
        context.progress(done, total, "rounds", **values)

    scratch = context.folder / "scratch"
    scratch.mkdir()
    job = FitJob(
        model=model.name,
        task=looked.task,
        parameters=parameters,
        settings=_for_trainer(settings, model),
        train=data.train,
        validation=data.validation,
        classes=len(looked.classes or ()),
        metrics=tuple(settings.get("validation.metrics") or ()),
        seed=settings.get("seed") or 0,
        threads=context.threads,
        folder=scratch,
        base=None if previous is None else previous.estimator,
        report=report,
    )
    return trainer_of(model).fit(job), tuple(history)


def _for_trainer(settings: Mapping[str, Any], model: ModelType) -> dict[str, Any]:
    done = {*_DONE_BEFORE_FITTING, *(("class_weight",) if "weight" in model.settings else ())}
    return {
        name: value
        for name, value in settings.items()
        if name not in done and not name.startswith("validation.")
    }


def _measured(
    fitted: Estimator, data: TrainingData, looked: Survey, settings: Mapping[str, Any]
) -> dict[str, float]:
    """Metrics on the training rows and on the validation rows, each under its own names."""
    names = tuple(settings.get("validation.metrics") or ())
    if looked.task in _UNMEASURED and not names:
        return {}
    train = data.train
    if data.rows > MOST_ROWS_MEASURED:
        share = MOST_ROWS_MEASURED / data.rows
        train = replace(train, choice=Sampled(train.choice, share, settings.get("seed") or 0))
    found = {}
    for prefix, dataset in (("train_", train), ("validation_", data.validation)):
        if dataset is not None:
            values = measure(
                fitted,
                dataset,
                looked.task,
                names,
                classes=len(looked.classes or ()),
                loss=False,
            )
            found.update(defined(values, prefix))
    return found


def _last(history: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What the library itself measured in its last round."""
    return {k: v for k, v in history[-1].items() if k != "round"} if history else {}


def _summary(metrics: Mapping[str, float], looked: Survey, names: Sequence[str]) -> str:
    """The first metric, on validation rows if there are any; else it says that it is no validation."""
    wanted = names or defaults_for(looked.task)
    for prefix, remark in (("validation_", ""), ("train_", " (training)")):
        for name in wanted:
            if f"{prefix}{name}" in metrics:
                return f"{name} {metrics[f'{prefix}{name}']:.3f}{remark}"
    return f"{looked.rows:,} rows"


def _libraries(model: ModelType) -> dict[str, str]:
    module = sys.modules.get(model.family)
    version = getattr(module, "__version__", None)
    return {} if version is None else {model.family: str(version)}
