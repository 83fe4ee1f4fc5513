"""Labels that a model cannot learn from, and what to do about them."""

import math
from collections.abc import Iterable

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.label import ClassValue, Label, class_name
from sqlml.zoo.model import Task
from sqlml.zoo.steps.distinct import DistinctValues


def refuse_no_rows(rows: int) -> None:
    if rows == 0:
        raise StepError(
            Diagnostic(
                "E0401",
                "training stopped: the query gives no rows",
                label="nothing to learn from",
                hint="look at its WHERE and LIMIT",
                about="query",
            )
        )


def refuse_missing(label: Label, missing: int, rows: int, family: str) -> None:
    if missing:
        hint = f"add `WHERE {label.identifier} IS NOT NULL`"
        raise _problem(
            "E0412",
            f"training stopped: column `{label.name}` is empty in {missing:,} of {rows:,} rows",
            f"{family} needs a label in every row",
            hint if missing < rows else "no row has one: look at the query, or name another column",
        )


def refuse_infinite(label: Label, broken: int, rows: int) -> None:
    if broken:
        raise _problem(
            "E0411",
            f"column `{label.name}` is NaN or infinite in {broken:,} of {rows:,} rows",
            "no number that could be learnt",
            f"add `WHERE isfinite({label.identifier})`",
        )


def refuse_uneven(label: Label, found: DistinctValues) -> None:
    """Numbers that are classes must be whole."""
    if label.kind not in ("float", "decimal"):
        return
    broken = sum(count for value, count in found.pairs if not math.isfinite(value))
    refuse_infinite(label, broken, found.rows)
    uneven = [value for value in found.values if not value.is_integer()]
    if uneven:
        raise _problem(
            "E0404",
            f"column `{label.name}` holds {uneven[0]:g}, which cannot be a class",
            "classes are text, booleans or whole numbers",
            "train a regression, or make classes in the query, for example with CASE",
        )


def refuse_single(label: Label, found: DistinctValues) -> None:
    if found.distinct == 1:
        (only,) = found.by_class(label)
        raise _problem(
            "E0402",
            f"column `{label.name}` has a single value: `{class_name(only)}`",
            "a classifier needs two classes or more",
            "look at the query's WHERE and LIMIT",
        )


def refuse_many(label: Label, found: DistinctValues, few: int, most: int) -> None:
    """Values that hardly repeat are a key or an amount: no two rows alike, or many and rare."""
    rare = found.distinct > few and 2 * found.distinct > found.rows
    if rare or found.distinct > most or found.distinct == found.rows > 2:
        hint = "give as LABEL the column to predict, not a key"
        if label.kind in ("integer", "float", "decimal"):
            hint = "train a regression, for example with `objective = reg:squarederror`"
        raise _problem(
            "E0403",
            f"column `{label.name}` has {found.distinct:,} values in {found.rows:,} rows",
            "too many classes for a classifier",
            hint,
        )


def refuse_new_classes(
    label: Label, values: Iterable[ClassValue], known: tuple[ClassValue, ...]
) -> None:
    new = [class_name(value) for value in values if value not in known]
    if new:
        raise _problem(
            "E0408",
            f"column `{label.name}` holds `{new[0]}`, which the earlier model does not know",
            f"its classes: {', '.join(map(class_name, known[:10]))}",
            "train a new model, without USING",
        )


def refuse_other_types(label: Label) -> None:
    if label.kind in ("list", "other") and label.length is None:
        raise _problem(
            "E0405",
            f"column `{label.name}` is of type {label.type}, which cannot be a label",
            "labels are text, booleans or numbers",
            f"cast it in the query: `{label.identifier}::VARCHAR`",
        )


def refuse_text(label: Label, task: Task) -> None:
    refuse_other_types(label)
    if label.kind == "text" and label.length is None:
        raise _problem(
            "E0405",
            f"column `{label.name}` is text, and a {task} needs numbers",
            f"its type is {label.type}",
            "train a classifier instead, or cast the column in the query if it holds numbers",
        )


def refuse_several(labels: tuple[Label, ...]) -> None:
    if len(labels) > 1:
        raise _problem(
            "E0418",
            "a classification has one label",
            f"there are {len(labels)}",
            "train one model per label",
        )


def no_label() -> StepError:
    return StepError(
        Diagnostic(
            "E0416",
            "the model learns from a label, and none is given",
            hint="add `LABEL column`",
            about="model",
        )
    )


def _problem(code: str, message: str, label: str, hint: str) -> StepError:
    return StepError(Diagnostic(code, message, label=label, hint=hint, about="label"))
