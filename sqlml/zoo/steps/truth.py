"""The labels that a stored model's predictions are compared with."""

from collections.abc import Sequence
from dataclasses import replace

from sqlml.errors import Diagnostic, StepError, did_you_mean
from sqlml.quoting import subquery
from sqlml.zoo.bundle import Bundle
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.label import Label
from sqlml.zoo.steps.inputs import spellings
from sqlml.zoo.steps.survey import SUPERVISED, label_types

_NUMBERS = ("integer", "float", "decimal")


def truth(context: Context, rows: Rows, bundle: Bundle, named: Sequence[str]) -> tuple[Label, ...]:
    """The named labels, or the training labels, in terms of the model's classes.

    Empty where a model that learns from no label is measured without one.

    Raises:
        StepError: a label is not among the columns, or of a type that the model does not give.
    """
    trained = bundle.manifest.labels
    supervised = bundle.manifest.task in SUPERVISED
    names = tuple(named) or tuple(label.name for label in trained)
    spelt = spellings(names, rows.schema)
    missing = [name for name in names if name not in spelt]
    if missing and not named and not supervised:
        return ()
    if missing:
        raise _missing(missing[0], rows, named=bool(named))
    found = label_types(context, rows.sql, [spelt[name] for name in names])
    if not supervised:
        return tuple(_grouping(context, rows, bundle, label) for label in found)
    for label, before in zip(found, trained, strict=False):
        if not _comparable(label, before):
            raise _other_type(label, before)
    return tuple(
        replace(label, classes=before.classes, length=before.length)
        for label, before in zip(found, trained, strict=False)
    )


def _comparable(label: Label, before: Label) -> bool:
    if before.length is not None:
        return label.kind in ("list", "text")
    if before.classes is None:
        return label.kind in (*_NUMBERS, "boolean")
    return label.kind == before.kind or (label.kind in _NUMBERS and before.kind in _NUMBERS)


def _grouping(context: Context, rows: Rows, bundle: Bundle, label: Label) -> Label:
    """A known grouping to compare clusters with, or a column that says what is an outlier."""
    if label.kind in (*_NUMBERS, "boolean"):
        return label
    if bundle.manifest.task != "clustering":
        raise _problem(
            "E0405",
            f"column `{label.name}` is of type {label.type}",
            "TRUE or a number other than 0 says that a row is an outlier",
            "cast it in the query",
        )
    values = context.table(
        f"SELECT DISTINCT {label.class_expression} AS value FROM {subquery(rows.sql)} ORDER BY 1"
    )
    return replace(label, classes=tuple(v for v in values["value"].to_pylist() if v is not None))


def _missing(name: str, rows: Rows, *, named: bool) -> StepError:
    hint = did_you_mean(name, rows.schema.names) or "select it"
    if not named:
        hint += ", or name the column that holds it with LABEL"
    message = f"the query lacks the label `{name}`"
    return _problem("E0422", message, "nothing to compare the predictions with", hint, named=named)


def _other_type(label: Label, before: Label) -> StepError:
    return _problem(
        "E0405",
        f"column `{label.name}` is of type {label.type}; the model gives {before.type}",
        "cannot be compared",
        f"cast it in the query: `{label.identifier}::{before.type}`",
    )


def _problem(code: str, message: str, label: str, hint: str, *, named: bool = True) -> StepError:
    about = "label" if named else "query"
    return StepError(Diagnostic(code, message, label=label, hint=hint, about=about))
