"""The columns that PREDICT adds: the result, probabilities, extra outputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError, did_you_mean
from sqlml.zoo.bundle import Bundle, Manifest
from sqlml.zoo.label import ClassValue, alike
from sqlml.zoo.model import CountedOutputs, ExtraOutputs
from sqlml.zoo.steps.measure import said

_LABELLED = ("classification", "regression", "forecasting")


@dataclass(frozen=True, slots=True)
class Results:
    """What a model adds to rows. results, probabilities and extras: the columns of each kind."""

    bundle: Bundle
    results: tuple[pa.Field, ...]
    probabilities: tuple[pa.Field, ...]
    extras: Mapping[str, tuple[pa.Field, ...]]

    @property
    def schema(self) -> pa.Schema:
        extras = (field for fields in self.extras.values() for field in fields)
        return pa.schema([*self.results, *self.probabilities, *extras])

    @property
    def types(self) -> dict[str, str]:
        """The database types of the results that have a label's."""
        manifest = self.bundle.manifest
        if manifest.task not in _LABELLED:
            return {}
        names = (field.name for field in self.results)
        return {n: label.result_type for n, label in zip(names, manifest.labels, strict=True)}

    def compute(self, matrix: Any) -> list[pa.Array]:
        """The columns of `schema` for a matrix of features."""
        estimator = self.bundle.estimator
        predicted, chances = said(estimator, matrix, likely=bool(self.probabilities))
        arrays = self._results(predicted)
        if chances is not None:
            arrays += map(pa.array, chances.T)
        for name in self.extras:
            assert isinstance(estimator, ExtraOutputs)
            arrays += [pa.array(values) for values in _columns(estimator.extra(name, matrix))]
        return arrays

    def _results(self, predicted: NDArray[Any]) -> list[pa.Array]:
        if self.bundle.manifest.task in _LABELLED:
            labels = self.bundle.manifest.labels
            ends = np.cumsum([label.length or 1 for label in labels])[:-1]
            parts = np.split(predicted.reshape(len(predicted), -1), ends, axis=1)
            return [
                label.decode(part if label.length else part[:, 0])
                for label, part in zip(labels, parts, strict=True)
            ]
        columns = _columns(predicted)
        return [
            pa.array(values).cast(field.type, safe=False)
            for values, field in zip(columns, self.results, strict=True)
        ]


def results_of(bundle: Bundle, column: str, settings: Mapping[str, Any]) -> Results:
    """What PREDICT adds with these settings, the result named `column`.

    Raises:
        StepError: the model has no probabilities, or no such extra output.
    """
    extras = tuple(settings.get("extra_outputs") or ())
    if settings.get("probability"):
        _refuse_without_probabilities(bundle)
        if problem := no_columns(bundle.manifest.classes or (), column):
            raise StepError(problem)
    _refuse_unknown_extras(bundle, extras)
    probabilities = settings.get("probability") and bundle.manifest.labels[0].class_names
    return Results(
        bundle,
        _result_fields(bundle, column),
        tuple(pa.field(f"{column}_proba_{name}", pa.float64()) for name in probabilities or ()),
        {name: _numbered(f"{column}_{name}", _extra_width(bundle, name)) for name in extras},
    )


def no_columns(classes: Sequence[ClassValue], column: str) -> Diagnostic | None:
    """Why there cannot be a column for the probability of each class; None where there can."""
    same = alike(classes)
    if same is None:
        return None
    return Diagnostic(
        "E0314",
        f"the classes `{same[0]}` and `{same[1]}` would have their probabilities in one column"
        f" `{column}_proba_{same[0]}`",
        label="names of columns differ in more than case",
        hint="make one class of them in the query, as with `lower`, and train again",
        about="attribute predict.probability",
    )


def _result_fields(bundle: Bundle, column: str) -> tuple[pa.Field, ...]:
    manifest = bundle.manifest
    match manifest.task:
        case "classification" | "regression" | "forecasting":
            names = _label_names(manifest, column)
            types = [label.arrow_type for label in manifest.labels]
            return tuple(map(pa.field, names, types))
        case "clustering" | "outliers":
            return (pa.field(column, pa.int32()),)
        case "ranking" | "density":
            return (pa.field(column, pa.float64()),)
        case "transformation":
            return _numbered(column, _result_width(bundle))


def _label_names(manifest: Manifest, column: str) -> list[str]:
    """One result column per label; several are told apart by their labels' names."""
    names = [label.name for label in manifest.labels]
    if len(names) == 1:
        return [column]
    return names if column == names[0] else [f"{column}_{name}" for name in names]


def _numbered(column: str, width: int) -> tuple[pa.Field, ...]:
    names = [column] if width == 1 else [f"{column}_{i}" for i in range(1, width + 1)]
    return tuple(pa.field(name, pa.float64()) for name in names)


def _result_width(bundle: Bundle) -> int:
    estimator = bundle.estimator
    if isinstance(estimator, CountedOutputs):
        return estimator.count_outputs()
    return _width(estimator.predict(bundle.pipeline.nothing()))


def _extra_width(bundle: Bundle, name: str) -> int:
    assert isinstance(bundle.estimator, ExtraOutputs)
    if bundle.manifest.task == "forecasting":
        return 1
    return _width(bundle.estimator.extra(name, bundle.pipeline.nothing()))


def _width(values: NDArray[Any]) -> int:
    return 1 if values.ndim == 1 else values.shape[1]


def _columns(values: NDArray[Any]) -> list[NDArray[Any]]:
    return [values] if values.ndim == 1 else list(values.T)


def _refuse_without_probabilities(bundle: Bundle) -> None:
    task = bundle.manifest.task
    if (
        task != "classification"
        or bundle.estimator.probabilities(bundle.pipeline.nothing()) is None
    ):
        raise StepError(
            Diagnostic(
                "E0415",
                f"{bundle.manifest.estimator} gives no probabilities",
                label=f"the model is a {task}",
                hint="leave `predict.probability` out",
                about="attribute predict.probability",
            )
        )


def _refuse_unknown_extras(bundle: Bundle, names: tuple[str, ...]) -> None:
    estimator = bundle.estimator
    known = estimator.extra_outputs if isinstance(estimator, ExtraOutputs) else ()
    for name in names:
        if name not in known:
            listed = f"it has: {', '.join(known)}" if known else "it has none"
            if name.casefold().startswith("prob"):
                listed = "write `predict.probability = TRUE`"
            raise StepError(
                Diagnostic(
                    "E0415",
                    f"{bundle.manifest.estimator} has no extra output `{name}`",
                    hint=did_you_mean(name, known) or listed,
                    about="attribute predict.extra_outputs",
                )
            )
