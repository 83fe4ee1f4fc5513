"""Fits scikit-learn estimators."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import Batch, Estimator, FitJob
from sqlml.zoo.models.class_weight import class_weights
from sqlml.zoo.models.library_notes import noted
from sqlml.zoo.models.sklearn import dictionary
from sqlml.zoo.models.sklearn_estimator import SklearnEstimator, load
from sqlml.zoo.models.sklearn_memory import remember

BACKGROUND_ROWS = 100
BACKGROUND_CELLS = 1_000_000
MOST_CATEGORIES = 255  # of a feature that HistGradientBoosting splits natively


@dataclass(frozen=True, slots=True)
class SklearnTrainer:
    """Fits the estimators of the dictionary."""

    def fit(self, job: FitJob) -> SklearnEstimator:
        """Fit on all rows at once.

        Raises:
            StepError: the library refuses the rows or parameters, or cannot do what is asked.
        """
        entry = dictionary()["estimators"][job.model]
        batch = job.train.whole()
        if "HistGradientBoosting" in job.model:
            _give_values(batch.matrix)
        with noted("scikit-learn", job.note), _refusals(job.model):
            estimator = _class(job.model)(**_parameters(job, batch))
            if job.base is not None:
                estimator = _continued(job, job.base, estimator)
            _fit(estimator, job, batch, _arguments(job, batch, estimator))
            _forget_threads(estimator, job)
        memorizes = entry.get("memorizes", False)
        return SklearnEstimator(
            job.model,
            job.task,
            estimator,
            job.classes,
            tuple(job.train.names),
            background(batch, job),
            remember(estimator, batch.matrix) if memorizes else None,
        )

    def load(self, folder: Path) -> SklearnEstimator:
        return load(folder)


def _give_values(matrix: NDArray[Any]) -> None:
    """Make columns without any value zeros, which tell as little: its bins need a value."""
    for place in np.flatnonzero(np.isnan(matrix[:1]).any(axis=0)):
        if np.isnan(matrix[:, place]).all():
            matrix[:, place] = 0


def _class(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _parameters(job: FitJob, batch: Batch) -> dict[str, Any]:
    """The estimator's own parameters, with those that sqlml knows better than their defaults."""
    accepted = signature(_class(job.model)).parameters
    parameters: dict[str, Any] = dict(job.parameters)
    if "random_state" in accepted and parameters.get("random_state") is None:
        parameters["random_state"] = job.seed
    if "n_jobs" in accepted:
        wanted = parameters.get("n_jobs") or job.threads
        parameters["n_jobs"] = min(wanted, job.threads) if wanted > 0 else job.threads
    if "novelty" in accepted:
        parameters["novelty"] = True
    if "categorical_features" in accepted:
        most = min(parameters.get("max_bins", MOST_CATEGORIES), MOST_CATEGORIES)
        parameters["categorical_features"] = _native_categories(job, batch, most)
    if "class_weight" in accepted:
        weights = parameters.get("class_weight", job.settings.get("class_weight"))
        parameters["class_weight"] = _class_weight(weights, job.classes)
    return parameters


def _native_categories(job: FitJob, batch: Batch, most: int) -> list[int]:
    """Category features that the estimator can split natively; others stay numbers."""
    natives = []
    for i, (name, kind) in enumerate(zip(job.train.names, job.train.types, strict=True)):
        if kind != "c":
            continue
        codes = batch.matrix[:, i]
        if np.nanmax(codes, initial=0) < most:
            natives.append(i)
        else:
            job.note(
                f"`{name}` has more than {most} categories, so that its codes are taken as "
                f"numbers; CATEGORY_HASH({name}, {most}) keeps categories"
            )
    return natives


def _class_weight(weights: Any, classes: int) -> Any:
    """`balanced`, None, or weights in class order as the library wants them."""
    if not isinstance(weights, tuple | list):
        return weights
    return dict(enumerate(class_weights(tuple(weights), (0,) * classes).tolist()))


def _arguments(job: FitJob, batch: Batch, estimator: Any) -> dict[str, Any]:
    """What `fit` gets beside rows and label: a weight per row."""
    weight: NDArray[Any] | None = batch.weight
    if "class_weight" in job.settings and "class_weight" not in estimator.get_params(deep=False):
        by_class = _weight_by_class(job, batch)
        weight = by_class if weight is None else weight * by_class
    if weight is None:
        return {}
    if "sample_weight" not in signature(estimator.fit).parameters:
        raise _problem(
            "E0483",
            f"`{job.model}` cannot weigh rows",
            "leave `train.weight` out, or choose another model",
            "attribute train.weight",
        )
    return {"sample_weight": np.asarray(weight, dtype=np.float64)}


def _weight_by_class(job: FitJob, batch: Batch) -> NDArray[np.float64]:
    """Each row's class weight, for estimators that have weights of rows only."""
    assert batch.label is not None, "class weights are for classifiers, which have a label"
    labels = batch.label.astype(np.int64)
    weights = job.settings["class_weight"]
    if weights is None:
        return np.ones(len(labels))
    counts = np.bincount(labels, minlength=job.classes)
    return class_weights(weights, tuple(counts.tolist()))[labels]


def _continued(job: FitJob, base: Estimator, fresh: Any) -> Any:
    """The earlier estimator, set to go on from where it stopped."""
    if not isinstance(base, SklearnEstimator) or base.name != job.model:
        raise _problem(
            "E0481",
            f"`{job.model}` cannot go on from a model of another kind",
            "USING must name a model trained with the same estimator",
            "using",
        )
    parameters = fresh.get_params(deep=False)
    estimator = base.fitted
    if "warm_start" in parameters:
        for rounds, done in (("n_estimators", "estimators_"), ("max_iter", "_predictors")):
            if rounds in parameters and hasattr(estimator, done):
                parameters[rounds] += len(getattr(estimator, done))
        return estimator.set_params(**parameters | {"warm_start": True})
    if hasattr(estimator, "partial_fit"):
        return estimator
    raise _problem(
        "E0481",
        f"`{job.model}` cannot go on from an earlier model",
        "leave USING out: the model is trained from the start",
        "using",
    )


def _fit(estimator: Any, job: FitJob, batch: Batch, arguments: dict[str, Any]) -> None:
    import joblib

    goes_on = job.base is not None and not hasattr(estimator, "warm_start")
    method = estimator.partial_fit if goes_on else estimator.fit
    label = () if batch.label is None else (batch.label,)
    with joblib.parallel_config(backend="threading"):
        method(batch.matrix, *label, **arguments)


def _forget_threads(estimator: Any, job: FitJob) -> None:
    """A model is the same whatever the number of threads that happened to be free for it."""
    if "n_jobs" in estimator.get_params(deep=False):
        estimator.set_params(n_jobs=job.parameters.get("n_jobs"))


def background(batch: Batch, job: FitJob) -> NDArray[np.float64] | None:
    """Some rows that stand for all, drawn by the seed, for explanations."""
    if job.task not in ("classification", "regression", "outliers"):
        return None
    total, width = batch.matrix.shape
    count = min(total, BACKGROUND_ROWS, max(BACKGROUND_CELLS // max(width, 1), 1))
    chosen = np.sort(np.random.default_rng(job.seed).choice(total, count, replace=False))
    rows = batch.matrix[chosen]
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=np.float64)


@contextmanager
def _refusals(model: str) -> Iterator[None]:
    """What the library refuses becomes an error that quotes it."""
    try:
        yield
    except ValueError as error:
        reason = " ".join(str(error).splitlines()[0].split())
        raise _problem(
            "E0480", f"`{model}` cannot be trained on these rows: {reason}", "", "model"
        ) from error


def _problem(code: str, message: str, hint: str, about: str) -> StepError:
    return StepError(Diagnostic(code, message, hint=hint, about=about))
