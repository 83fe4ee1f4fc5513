"""What a model gives, as far as it is known before the program runs: columns and types."""

from collections.abc import Iterator

from sqlml.databases.database import Column
from sqlml.planner.models import Model
from sqlml.quoting import identifier
from sqlml.zoo.label import class_name, result_type

_TYPES = {"clustering": "INTEGER", "outliers": "INTEGER"}
_UNLABELLED = ("ranking", "density", "clustering", "outliers")


def result_columns(column: str, model: Model) -> Iterator[Column]:
    """The columns that TO PREDICT adds, the result named `column`; none for a transformation."""
    labels = model.labels
    if not labels or model.task in _UNLABELLED:
        if model.task != "transformation":
            yield Column(column, _TYPES.get(model.task or "", "DOUBLE"))
        return
    for label in labels:
        name = column if len(labels) == 1 else f"{column}_{label.name}"
        plain = len(labels) > 1 and column == labels[0].name
        yield Column(label.name if plain else name, _result_type(label, model))


def function_type(model: Model, kind: str) -> str:
    """The type of PREDICT (`predict`) or PREDICT_PROBA; empty where only the run can tell."""
    if not model.is_understood:
        return ""
    if kind == "predict_proba":
        return _struct((class_name(value), "DOUBLE") for value in model.classes or ())
    if model.task == "transformation":
        return "DOUBLE[]"
    if len(model.labels) > 1 and model.task not in _UNLABELLED:
        return _struct((label.name, _result_type(label, model)) for label in model.labels)
    return next(iter(result_columns("", model))).type


def _struct(fields: Iterator[tuple[str, str]]) -> str:
    listed = ", ".join(f"{identifier(name)} {kind}" for name, kind in fields)
    return f"STRUCT({listed})" if listed else ""


def _result_type(label: Column, model: Model) -> str:
    return result_type(label.type, is_class=model.task not in ("regression", "forecasting"))
