"""Fits Keras networks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import Batch, Estimator, FitJob, Part
from sqlml.zoo.models.class_weight import weighed_by_class
from sqlml.zoo.models.keras_estimator import KerasEstimator, load
from sqlml.zoo.models.keras_inputs import Inputs
from sqlml.zoo.models.keras_library import begin
from sqlml.zoo.models.keras_networks import Plan, loss, metrics, network, value_of
from sqlml.zoo.models.keras_stream import Feed, Stream
from sqlml.zoo.models.keras_training import Method, Training, batch_size
from sqlml.zoo.models.replay import Replay

# How each model's network is made, as `module:attribute`.
PLANS: Mapping[str, str] = {
    "keras.DNNClassifier": "sqlml.zoo.models.keras_networks:DEEP",
    "keras.DNNRegressor": "sqlml.zoo.models.keras_networks:DEEP",
    "keras.LinearClassifier": "sqlml.zoo.models.keras_networks:LINEAR",
    "keras.LinearRegressor": "sqlml.zoo.models.keras_networks:LINEAR",
    "keras.DNNLinearCombinedClassifier": "sqlml.zoo.models.keras_combined:COMBINED",
    "keras.DNNLinearCombinedRegressor": "sqlml.zoo.models.keras_combined:COMBINED",
    "keras.StackedRNNClassifier": "sqlml.zoo.models.keras_recurrent:SEQUENCES",
    "keras.StackedBiLSTMClassifier": "sqlml.zoo.models.keras_recurrent:SEQUENCES",
    "keras.RNNBasedTimeSeriesModel": "sqlml.zoo.models.keras_recurrent:SERIES",
    "keras.LSTMBasedTimeSeriesModel": "sqlml.zoo.models.keras_recurrent:SERIES",
    "keras.dnnclassifier_functional_model": "sqlml.zoo.models.keras_functional:FUNCTIONAL",
}
MEASURED_ROWS = 1_024  # at a time
BACKGROUND_ROWS = 100
BACKGROUND_CELLS = 1_000_000


class KerasTrainer:
    """See zoo.model.Trainer."""

    def fit(self, job: FitJob) -> KerasEstimator:
        """Train batch by batch, and keep the best epoch if training may stop early.

        Raises:
            StepError: E0232-E0234, the number of classes, the loss or the earlier model.
        """
        begin(job.seed, job.threads, anew=job.base is None)
        job = weighed_by_class(job)
        plan = _plan_of(job.model)
        parts = parts_of(job, plan.combiner)
        inputs = Inputs(parts, plan.looked_up(parts))
        outputs = count_outputs(job)
        model = network(job, plan, inputs, outputs)
        method = Method(
            model, plan.optimizers(job, model), loss(job, outputs), metrics(job, outputs)
        )
        if job.base is not None:
            _go_on(model, inputs, job.base)
        rows = Replay(job.train, as_it_is, job.folder)
        _train(method, job, rows, inputs, outputs)
        return KerasEstimator(job.task, model, inputs, background(rows, job))

    def load(self, folder: Path) -> KerasEstimator:
        return load(folder)


def _plan_of(model: str) -> Plan:
    module, _, attribute = PLANS[model].partition(":")
    plan: Plan = getattr(import_module(module), attribute)
    return plan


def parts_of(job: FitJob, combiner: str = "") -> tuple[Part, ...]:
    """The parts of the matrix, in the order of the earlier model where they are the same.

    combiner: the parameter that says how categories without vectors are combined.
    """
    parts = job.parts or (Part(stop=job.train.width),)
    if combiner:
        chosen = value_of(job, combiner)
        parts = tuple(p if p.dimension else replace(p, combiner=chosen) for p in parts)
    base = job.base.inputs.parts if isinstance(job.base, KerasEstimator) else ()
    return base if set(base) == set(parts) else parts


def count_outputs(job: FitJob) -> int:
    """One per label, or one per class; two classes have one.

    Raises:
        StepError: E0232, the user gave a smaller number of classes.
    """
    if job.task != "classification":
        return job.labels
    given = job.parameters.get("n_classes")
    if isinstance(given, int) and given < job.classes:
        raise _problem(
            "E0232",
            f"`model.n_classes` is {given}, but the label has {job.classes} classes",
            "leave it out: classes are counted",
            "attribute model.n_classes",
        )
    if isinstance(given, int) and given > job.classes:
        job.note(f"`model.n_classes` is {given}, but the label has {job.classes} classes")
    return 1 if job.classes <= 2 else job.classes


def _train(
    method: Method, job: FitJob, rows: Iterable[Batch], inputs: Inputs, outputs: int
) -> None:
    size = batch_size(job)
    targets = targets_of(job, outputs)
    feed = Feed(Stream(rows, inputs, targets, size, job.seed), outputs)
    held = None
    if job.validation is not None:
        kept = Replay(job.validation, as_it_is, job.folder)
        held = Feed(Stream(kept, inputs, targets, max(size, MEASURED_ROWS)), outputs)
    Training(method, job, feed, held).run()


def targets_of(job: FitJob, outputs: int) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """What turns labels into what the network should say, shape (rows, outputs)."""
    if job.task == "classification" and outputs > 1:
        return lambda label: (label[:, None] == np.arange(outputs)).astype(np.float32)
    return lambda label: label.reshape(len(label), -1).astype(np.float32)


def _go_on(model: Any, inputs: Inputs, base: Estimator) -> None:
    """Start from an earlier network, its optimizer included if it is the same.

    Raises:
        StepError: E0234, its layers are others.
    """
    before = base.network if isinstance(base, KerasEstimator) and base.inputs == inputs else None
    if before is None or _shapes(before) != _shapes(model):
        raise other_layers()
    model.set_weights(before.get_weights())
    if _configuration(before) == _configuration(model) != {}:
        model.optimizer.build(model.trainable_variables)
        values = [variable.numpy() for variable in before.optimizer.variables]
        for variable, value in zip(model.optimizer.variables, values, strict=True):
            variable.assign(value)


def other_layers() -> StepError:
    return _problem(
        "E0234",
        "the earlier model has other layers, so that training cannot go on from it",
        "use the parameters, features and classes that it was trained with",
        "using",
    )


def _shapes(model: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in model.weights]


def _configuration(model: Any) -> dict[str, Any]:
    """The settings of the optimizer that is stored with a network, if one is."""
    optimizer = getattr(model, "optimizer", None)
    settings = optimizer.get_config() if optimizer else {}
    return {name: value for name, value in settings.items() if name != "name"}


def background(rows: Iterable[Batch], job: FitJob) -> NDArray[np.float32]:
    """Some rows that stand for all, drawn by the seed, for explanations."""
    most = max(min(BACKGROUND_ROWS, BACKGROUND_CELLS // max(job.train.width, 1)), 1)
    generator = np.random.default_rng(job.seed)
    found = np.empty((0, job.train.width), dtype=np.float32)
    lots = np.empty(0)
    for batch in rows:
        drawn = generator.random(batch.matrix.shape[0])
        first = np.argsort(drawn)[:most]
        some = batch.matrix[first]
        dense = some.toarray() if hasattr(some, "toarray") else some
        found, lots = np.concatenate([found, dense]), np.concatenate([lots, drawn[first]])
        kept = np.argsort(lots)[:most]
        found, lots = found[kept], lots[kept]
    return found.astype(np.float32)


def as_it_is(matrix: Any) -> Any:
    return matrix


def _problem(code: str, message: str, hint: str, about: str) -> StepError:
    return StepError(Diagnostic(code, message, hint=hint, about=about))
