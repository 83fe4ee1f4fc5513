"""A look at the labels before training: one in every row, which classes, what task they ask for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.context import Context
from sqlml.zoo.model import Task
from sqlml.zoo.label import ClassValue, Label, class_name, quoted

MOST_CLASSES = 1_000
MOST_INTEGER_CLASSES = 20
SUPERVISED: tuple[Task, ...] = ("classification", "regression", "ranking")
_DIGEST = "CAST(sum(hash(sqlml_rows)) AS VARCHAR) AS digest"


@dataclass(frozen=True, slots=True)
class Survey:
    """What the labels are. counts: rows of each class, for a classification.

    fingerprint: changes when any row of the query does, whatever their order.
    """

    task: Task
    labels: tuple[Label, ...]
    rows: int
    fingerprint: str
    counts: tuple[int, ...] = ()
    guessed: bool = False

    @property
    def classes(self) -> tuple[ClassValue, ...] | None:
        return self.labels[0].classes if self.labels else None

    @property
    def is_supervised(self) -> bool:
        return self.task in SUPERVISED


@dataclass(frozen=True, slots=True)
class _Values:
    """Distinct values of a label with their counts, NULL first; `distinct` is exact, values are cut."""

    values: tuple[Any, ...]
    counts: tuple[int, ...]
    distinct: int
    rows: int
    digest: str


def survey(
    context: Context,
    query: str,
    names: Sequence[str],
    task: Task | None,
    family: str,
    known: tuple[ClassValue, ...] | None = None,
) -> Survey:
    """Look at the labels of a query once, with an aggregate.

    Where `task` is None, the first label decides: text and booleans are classes; integers are
    classes when they have at most MOST_INTEGER_CLASSES values and two rows for each of them;
    other numbers are values of a regression. With `known` classes, there may be no others.

    Raises:
        StepError: no rows, missing labels, or labels that do not suit the task.
    """
    labels = label_types(context, query, names)
    if not labels or not (task is None or task in SUPERVISED):
        return _rows_alone(context, query, labels, task)
    label = labels[0]
    decided = task or _task_of(label)
    if len(labels) > 1 and decided is None:
        decided = "regression"
    if decided == "classification" or decided is None:
        _refuse_several(labels)
        _refuse_other_types(label)
        found = _values(context, query, label)
        _refuse_missing(label, sum(_missing(found)), found.rows, family)
        if decided is None:
            decided = "classification" if _few(found) else "regression"
        if decided == "classification":
            _refuse_broken_numbers(label, found)
            if known is not None:
                return _known_classes(label, found, known)
            return _classes(label, found, guessed=task is None)
        return Survey(decided, labels, found.rows, _fingerprint(found.rows, found.digest))
    for label in labels:
        _refuse_text(label, decided)
    return _numbers(context, query, labels, decided, family)


def source(query: str) -> str:
    """A query as something to select from; a comment at its end does no harm."""
    return f"(\n{query}\n) AS sqlml_rows"


def label_types(context: Context, query: str, names: Sequence[str]) -> tuple[Label, ...]:
    """The named columns of a query as labels, with the database's types."""
    if not names:
        return ()
    columns = ", ".join(quoted(name) for name in names)
    described = context.table(f"DESCRIBE SELECT {columns} FROM {source(query)}").to_pylist()
    return tuple(
        Label(name, column["column_type"]) for name, column in zip(names, described, strict=True)
    )


def _task_of(label: Label) -> Task | None:
    match label.kind:
        case "text" | "boolean" | "other":
            return "classification"
        case "float" | "decimal":
            return "regression"
        case "integer":
            return None


def _few(found: _Values) -> bool:
    return found.distinct <= MOST_INTEGER_CLASSES and 2 * found.distinct <= found.rows


def _rows_alone(
    context: Context, query: str, labels: tuple[Label, ...], task: Task | None
) -> Survey:
    if task is None or task in SUPERVISED:
        raise _no_label()
    row = context.table(f"SELECT count(*) AS rows, {_DIGEST} FROM {source(query)}").to_pylist()[0]
    _refuse_no_rows(row["rows"])
    return Survey(task, labels, row["rows"], _fingerprint(row["rows"], row["digest"]))


def _values(context: Context, query: str, label: Label) -> _Values:
    # NULL and NaN come first, so that the limit never cuts them off.
    value = "isfinite(value)" if label.kind in ("float", "decimal") else "value IS NOT NULL"
    table = context.table(
        f"WITH counted AS (SELECT {label.class_expression} AS value, count(*) AS members, "
        f"sum(hash(sqlml_rows)) AS digest FROM {source(query)} GROUP BY 1) "
        "SELECT value, members, count(*) OVER () AS values_, "
        "CAST(sum(members) OVER () AS BIGINT) AS rows, "
        "CAST(sum(digest) OVER () AS VARCHAR) AS digest "
        f"FROM counted ORDER BY coalesce({value}, false) LIMIT {MOST_CLASSES + 3}"
    )
    if table.num_rows == 0:
        _refuse_no_rows(0)
    first = table.slice(0, 1).to_pylist()[0]
    return _Values(
        tuple(table["value"].to_pylist()),
        tuple(table["members"].to_pylist()),
        first["values_"] - (table["value"].null_count > 0),
        first["rows"],
        first["digest"],
    )


def _missing(found: _Values) -> list[int]:
    return [n for value, n in zip(found.values, found.counts, strict=True) if value is None]


def _known_classes(label: Label, found: _Values, known: tuple[ClassValue, ...]) -> Survey:
    counts = {_original(label, v): n for v, n in zip(found.values, found.counts, strict=True)}
    new = [class_name(value) for value in counts if value not in known]
    if new:
        raise _problem(
            "E0408",
            f"column `{label.name}` holds `{new[0]}`, which the earlier model does not know",
            f"its classes: {', '.join(map(class_name, known[:10]))}",
            "train a new model, without USING",
        )
    return Survey(
        "classification",
        (replace(label, classes=known),),
        found.rows,
        _fingerprint(found.rows, found.digest),
        tuple(counts.get(value, 0) for value in known),
    )


def _classes(label: Label, found: _Values, *, guessed: bool) -> Survey:
    if found.distinct == 1:
        only = class_name(_original(label, found.values[0]))
        message = f"column `{label.name}` has a single value: `{only}`"
        raise _problem("E0402", message, "a classifier needs two classes or more")
    if found.distinct > MOST_CLASSES or (found.distinct > 2 and 2 * found.distinct > found.rows):
        message = f"column `{label.name}` has {found.distinct:,} values in {found.rows:,} rows"
        hint = "give as LABEL the column to predict, not a key"
        if label.kind in ("integer", "float", "decimal"):
            hint = "train a regression, for example with `objective = reg:squarederror`"
        raise _problem("E0403", message, "too many classes for a classifier", hint)
    pairs = zip((_original(label, v) for v in found.values), found.counts, strict=True)
    ordered = sorted(pairs, key=lambda pair: pair[0])
    classes = tuple(value for value, _ in ordered)
    return Survey(
        "classification",
        (replace(label, classes=classes),),
        found.rows,
        _fingerprint(found.rows, found.digest),
        tuple(count for _, count in ordered),
        guessed and label.kind == "integer" and set(classes) != {0, 1},
    )


def _original(label: Label, value: Any) -> ClassValue:
    """A value as it came from the database, as the class it stands for."""
    return value if label.kind in ("text", "boolean") else int(value)


def _numbers(
    context: Context, query: str, labels: tuple[Label, ...], task: Task, family: str
) -> Survey:
    looks = [
        f"count({label.number_expression}) AS filled{i}, "
        f"count(*) FILTER (NOT isfinite({label.number_expression})) AS broken{i}"
        for i, label in enumerate(labels)
    ]
    row = context.table(
        f"SELECT count(*) AS rows, {_DIGEST}, {', '.join(looks)} FROM {source(query)}"
    ).to_pylist()[0]
    _refuse_no_rows(row["rows"])
    for i, label in enumerate(labels):
        _refuse_missing(label, row["rows"] - row[f"filled{i}"], row["rows"], family)
        _refuse_infinite(label, row[f"broken{i}"], row["rows"])
    return Survey(task, labels, row["rows"], _fingerprint(row["rows"], row["digest"]))


def _fingerprint(rows: int, digest: str) -> str:
    return f"{rows}-{int(digest) % 2**64:016x}"


def _refuse_no_rows(rows: int) -> None:
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


def _refuse_missing(label: Label, missing: int, rows: int, family: str) -> None:
    if missing:
        raise _problem(
            "E0412",
            f"training stopped: column `{label.name}` is empty in {missing:,} of {rows:,} rows",
            f"{family} needs a label in every row",
            f"add `WHERE {label.identifier} IS NOT NULL`",
        )


def _refuse_infinite(label: Label, broken: int, rows: int) -> None:
    if broken:
        raise _problem(
            "E0411",
            f"column `{label.name}` is NaN or infinite in {broken:,} of {rows:,} rows",
            "not a number to learn",
            f"add `WHERE isfinite({label.identifier})`",
        )


def _refuse_broken_numbers(label: Label, found: _Values) -> None:
    if label.kind not in ("float", "decimal"):
        return
    pairs = list(zip(found.values, found.counts, strict=True))
    _refuse_infinite(label, sum(n for value, n in pairs if not math.isfinite(value)), found.rows)
    uneven = [value for value in found.values if not value.is_integer()]
    if uneven:
        raise _problem(
            "E0404",
            f"column `{label.name}` holds {uneven[0]:g}, which cannot be a class",
            "classes are text, booleans or whole numbers",
            "train a regression, or make classes in the query, for example with CASE",
        )


def _refuse_other_types(label: Label) -> None:
    if label.kind == "other":
        raise _problem(
            "E0405",
            f"column `{label.name}` is of type {label.type}, which cannot be a label",
            "labels are text, booleans or numbers",
            f"cast it in the query: `{quoted(label.name)}::VARCHAR`",
        )


def _refuse_text(label: Label, task: Task) -> None:
    _refuse_other_types(label)
    if label.kind == "text":
        raise _problem(
            "E0405",
            f"column `{label.name}` is text, and a {task} needs numbers",
            f"its type is {label.type}",
            "train a classifier instead, or cast the column in the query if it holds numbers",
        )


def _refuse_several(labels: tuple[Label, ...]) -> None:
    if len(labels) > 1:
        raise _problem(
            "E0418",
            "a classification has one label",
            f"there are {len(labels)}",
            "train one model per label",
        )


def _no_label() -> StepError:
    return StepError(
        Diagnostic(
            "E0416",
            "the model learns from a label, and none is given",
            hint="add `LABEL column`",
            about="model",
        )
    )


def _problem(code: str, message: str, label: str, hint: str = "") -> StepError:
    return StepError(Diagnostic(code, message, label=label, hint=hint, about="label"))
