"""A stored model as a function that SQL can call: PREDICT and PREDICT_PROBA."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import identifier
from sqlml.zoo.bundle import Bundle, Manifest
from sqlml.zoo.label import ClassValue, alike
from sqlml.zoo.steps.results import results_of

Kind = Literal["predict", "predict_proba"]


def result_type(manifest: Manifest, kind: Kind) -> str:
    """The database type of what the function gives; the model's library is not needed for it.

    PREDICT gives the label's type, for several labels a STRUCT of them, for a transformation a
    list of its numbers. PREDICT_PROBA gives a STRUCT with a DOUBLE for each class.

    Raises:
        StepError: E0572 the classes cannot be the names of a STRUCT's fields.
    """
    labels = manifest.labels
    if kind == "predict_proba":
        if manifest.classes is None:
            return "DOUBLE"  # the call will say that there are none
        if problem := no_fields(manifest.classes):
            raise StepError(problem)
        return _struct(dict.fromkeys(labels[0].class_names, "DOUBLE"))
    match manifest.task:
        case "clustering" | "outliers":
            return "INTEGER"
        case "ranking" | "density":
            return "DOUBLE"
        case "transformation":
            return "DOUBLE[]"
    if len(labels) == 1:
        return labels[0].result_type
    return _struct({label.name: label.result_type for label in labels})


def no_fields(classes: Sequence[ClassValue]) -> Diagnostic | None:
    """Why classes cannot be the fields of PREDICT_PROBA's STRUCT; None where they can."""
    if "" in classes:
        message = "`PREDICT_PROBA` has a field for each class, and the class of empty text no name"
        hint = "`TO PREDICT … WITH predict.probability = TRUE` gives columns instead"
    elif same := alike(classes):
        message = (
            "`PREDICT_PROBA` has a field for each class, and `{}` and `{}` are one name in SQL"
        )
        message = message.format(*same)
        hint = "make one class of them in the query, as with `lower`, and train again"
    else:
        return None
    return Diagnostic("E0572", message, hint=hint, about="query")


def function_of(bundle: Bundle, kind: Kind) -> Callable[[pa.StructArray], pa.Array]:
    """What computes the results of records that have the model's columns.

    Raises:
        StepError: then or later: the model has no probabilities, a record lacks a column, or holds
            what its feature or the model cannot take.
    """
    settings = {"probability": True} if kind == "predict_proba" else {}
    results = results_of(bundle, "prediction", settings)
    first = len(results.results) if kind == "predict_proba" else 0
    label_names = [label.name for label in bundle.manifest.labels]
    names = [*bundle.manifest.labels[0].class_names] if first else label_names

    def compute(records: pa.StructArray) -> pa.Array:
        batch = pa.RecordBatch.from_struct_array(records)
        arrays = results.compute(bundle.pipeline.transform(batch))[first:]
        if bundle.manifest.task == "transformation":
            return _lists(arrays)
        if len(arrays) == 1 and not first:
            return arrays[0]
        return pa.StructArray.from_arrays(arrays, names)

    return compute


def _lists(columns: list[pa.Array]) -> pa.Array:
    """One list per row."""
    values = np.column_stack([column.to_numpy(zero_copy_only=False) for column in columns])
    offsets = np.arange(0, values.size + 1, values.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))


def _struct(fields: dict[str, str]) -> str:
    return f"STRUCT({', '.join(f'{identifier(name)} {kind}' for name, kind in fields.items())})"
