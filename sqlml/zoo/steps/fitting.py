"""Fitting a model, as training and trials do: what is asked for, what the rows are, the fit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo import MODELS
from sqlml.zoo.bundle import Bundle, load, model_type, trainer_of
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.features.contract import Encoding, Feature, feature_from_json
from sqlml.zoo.features.fit import fit
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import alike
from sqlml.zoo.model import Dataset, Estimator, FitJob, ModelType, Part
from sqlml.zoo.steps.continuing import (
    refuse_other_features,
    refuse_other_labels,
    refuse_other_model,
    shape_of,
)
from sqlml.zoo.steps.measure import measure
from sqlml.zoo.steps.survey import Survey, label_types, survey
from sqlml.zoo.steps.training_data import TrainingData
from sqlml.zoo.timeline import Timeline

_DONE_BEFORE_FITTING = (
    "weight", "group", "seed", "time", "series", "partition_by", "partition_default",
)  # fmt: skip

Specs = Mapping[str, Sequence[Any]]  # features as JSON, by what they feed
Report = Callable[[int, int, Mapping[str, float]], None]


@dataclass(frozen=True, slots=True)
class Order:
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
    ) -> "Order":
        model = model_type(estimator)
        previous = None if base is None else load(context.model(base))
        if previous is not None:
            refuse_other_model(previous.manifest, model, settings.get("partition_by") or ())
        return cls(model, parameters, settings, previous)

    @property
    def partition(self) -> tuple[str, ...]:
        """The columns whose values tell segments, where each is to have a model of its own."""
        return tuple(self.settings.get("partition_by") or ())

    @property
    def seed(self) -> int:
        return self.settings.get("seed") or 0

    @property
    def metrics(self) -> tuple[str, ...]:
        """Those that were asked for, canonical names."""
        return tuple(self.settings.get("validation.metrics") or ())

    def measuring(self, *metrics: str) -> "Order":
        """The same with these metrics, each once."""
        asked = {"validation.metrics": tuple(dict.fromkeys(metrics))}
        return replace(self, settings={**self.settings, **asked})


def look(context: Context, rows: Rows, label: Sequence[str], order: Order) -> Survey:
    if order.previous is None:
        task, classes = MODELS.load(order.model.family).task(order.model, order.parameters), None
    else:
        before = order.previous.manifest
        refuse_other_labels(before, label_types(context, rows.sql, label))
        task, classes = before.task, before.classes
    looked = survey(
        context, rows.sql, label, task=task, family=order.model.family, known=classes,
        lists=order.model.multilabel,
    )  # fmt: skip
    if not order.partition:  # else each segment has its own
        refuse_classes(order.model, looked)
    if same := alike(looked.classes or ()):
        context.note(f"the classes `{same[0]}` and `{same[1]}` differ in case only", "label")
    if looked.guessed:
        context.note(
            f"`{label[0]}` has {len(looked.counts)} whole numbers: a classification; "
            "name a regression model or objective if they are amounts"
        )
    return looked


def refuse_classes(model: ModelType, looked: Survey) -> None:
    """Check that the model can tell as many classes apart."""
    classes = len(looked.classes or ())
    if model.binary and classes > 2:
        raise StepError(
            Diagnostic(
                "E0461",
                f"`{model.name}` tells two classes apart, but the label has {classes}",
                hint="make two classes of them in the query, for example with CASE",
                about="label",
            )
        )


def unfitted(specs: Specs, order: Order) -> Pipeline:
    """All features of all targets, each once, as they are before they learn; those of an earlier
    model, which have.
    """
    features = tuple(dict.fromkeys(chain.from_iterable(_by_target(specs).values())))
    if order.previous is not None:
        refuse_other_features(order.previous, features)
        return order.previous.pipeline
    model = order.model
    encoding = Encoding(
        model.categories, model.missing, model.sparse, dtype=model.dtype, layout=model.layout
    )
    return Pipeline(features, encoding)


def fit_features(context: Context, data: TrainingData, specs: Specs, order: Order) -> TrainingData:
    """The rows with features that have learnt from those to train on alone.

    What the features learn is asked of the database; rows that are held back are left out there.
    Where nothing is to be asked, reading the rows tells soon enough of NULLs that the model does
    not take, unless some rows are read after it has been fitted.
    """
    pipeline = data.train.pipeline
    if order.previous is None:
        learns = any(feature.needs() for feature in pipeline.features)
        rows = data.learnt_from() if learns else data.query
        pipeline = fit(
            pipeline.features,
            rows,
            context.table,
            pipeline.encoding,
            data.query,
            counts=learns or data.holds_back,
        )
    return data.prepared_by(pipeline, _parts(pipeline, _by_target(specs), order))


def _by_target(specs: Specs) -> dict[str, tuple[Feature, ...]]:
    return {target: tuple(map(feature_from_json, some)) for target, some in specs.items()}


def _parts(
    pipeline: Pipeline, by_target: Mapping[str, Sequence[Feature]], order: Order
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


def fit_model(
    context: Context,
    data: TrainingData,
    looked: Survey,
    order: Order,
    report: Report = lambda _done, _total, _values: None,
) -> Estimator:
    """Fit on the training rows. report: told the rounds done, of how many, and their metrics."""
    with TemporaryDirectory(dir=context.folder) as scratch:
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
            labels=looked.outputs,
            rows=data.rows,
            parts=data.parts,
            metrics=order.metrics,
            seed=order.seed,
            threads=context.threads,
            folder=Path(scratch),
            base=None if order.previous is None else order.previous.estimator,
            report=report,
            advance=context.progress,
            note=context.note,
        )
        return trainer_of(order.model).fit(job)


def measured(
    fitted: Estimator, dataset: Dataset, looked: Survey, names: Sequence[str]
) -> dict[str, float]:
    """The metrics of a model on some rows; without names, those usual for its task."""
    classes = len(looked.classes or ())
    return measure(fitted, dataset, looked.task, names, classes=classes, loss=False)


def _for_trainer(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in settings.items()
        if name not in _DONE_BEFORE_FITTING and not name.startswith("validation.")
    }
