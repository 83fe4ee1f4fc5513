"""A look at the labels before training: one in every row, which classes, what task they ask for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlml.quoting import identifier, subquery
from sqlml.zoo.context import Context
from sqlml.zoo.label import ClassValue, Label
from sqlml.zoo.model import Task
from sqlml.zoo.steps import refusals
from sqlml.zoo.steps.distinct import DIGEST, DistinctValues, distinct_values, fingerprint
from sqlml.zoo.steps.listed_labels import with_length

MOST_CLASSES = 1_000
MOST_INTEGER_CLASSES = 20
FIRST_ROWS = 10_000
NUMBERS: tuple[Task, ...] = ("regression", "ranking", "forecasting")
SUPERVISED: tuple[Task, ...] = ("classification", *NUMBERS)


@dataclass(frozen=True, slots=True)
class Survey:
    """What the labels are. counts: rows of each class, for a classification.

    fingerprint: changes when any row of the query does, whatever their order. guessed: that whole
    numbers are classes follows from how few they are.
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
    def outputs(self) -> int:
        """How many numbers a row is labelled with."""
        return sum(label.length or 1 for label in self.labels)

    @property
    def is_supervised(self) -> bool:
        return self.task in SUPERVISED


def survey(
    context: Context,
    query: str,
    names: Sequence[str],
    *,
    task: Task | None,
    family: str,
    known: tuple[ClassValue, ...] | None = None,
    lists: bool = False,
) -> Survey:
    """Look at the labels of a query with one aggregate.

    Where `task` is None, the label decides: text and booleans are classes; integers are classes
    when they have at most MOST_INTEGER_CLASSES values and two rows for each of them; other numbers
    are values of a regression, and so are several labels. With `known` classes, there may be no
    others. lists: a label may hold several numbers.

    Raises:
        StepError: no rows, missing labels, or labels that do not suit the task.
    """
    labels = label_types(context, query, names)
    if task is not None and task not in SUPERVISED:
        return _rows_alone(context, query, labels, task)
    if not labels:
        raise refusals.no_label()
    decided = task or _task_of(context, query, labels)
    if decided in NUMBERS:
        if lists:
            labels = tuple(with_length(context, query, label) for label in labels)
        return _numbers(context, query, labels, decided, family)
    label = labels[0]
    refusals.refuse_several(labels)
    refusals.refuse_other_types(label)
    found = distinct_values(context, query, label, MOST_CLASSES)
    refusals.refuse_no_rows(found.rows)
    refusals.refuse_missing(label, found.missing, found.rows, family)
    if decided is None and not _few(found):
        return Survey("regression", labels, found.rows, found.fingerprint)
    refusals.refuse_uneven(label, found)
    if known is not None:
        return _known_classes(label, found, known)
    refusals.refuse_single(label, found)
    refusals.refuse_many(label, found, MOST_INTEGER_CLASSES, MOST_CLASSES)
    return _classes(label, found, guessed=decided is None)


def label_types(context: Context, query: str, names: Sequence[str]) -> tuple[Label, ...]:
    """The named columns of a query as labels, with the database's types."""
    if not names:
        return ()
    columns = ", ".join(identifier(name) for name in names)
    described = context.table(f"DESCRIBE SELECT {columns} FROM {subquery(query)}").to_pylist()
    return tuple(
        Label(name, column["column_type"]) for name, column in zip(names, described, strict=True)
    )


def _task_of(context: Context, query: str, labels: tuple[Label, ...]) -> Task | None:
    """What the labels' types ask for; None where the number of classes has to tell."""
    label = labels[0]
    if len(labels) > 1 or label.kind in ("float", "decimal", "list"):
        return "regression"
    if label.kind != "integer":
        return "classification"
    # Counting every value of a large column is dear; its first rows mostly tell enough.
    first = f"SELECT {identifier(label.name)} AS value FROM {subquery(query)} LIMIT {FIRST_ROWS}"
    found = context.table(f"SELECT count(DISTINCT value) FROM ({first})").column(0)[0].as_py()
    return "regression" if found > MOST_INTEGER_CLASSES else None


def _few(found: DistinctValues) -> bool:
    return found.distinct <= MOST_INTEGER_CLASSES and 2 * found.distinct <= found.rows


def _rows_alone(context: Context, query: str, labels: tuple[Label, ...], task: Task) -> Survey:
    row = context.table(f"SELECT count(*) AS rows, {DIGEST} FROM {subquery(query)}").to_pylist()[0]
    refusals.refuse_no_rows(row["rows"])
    return Survey(task, labels, row["rows"], fingerprint(row["rows"], row["digest"]))


def _numbers(
    context: Context, query: str, labels: tuple[Label, ...], task: Task, family: str
) -> Survey:
    for label in labels:
        refusals.refuse_text(label, task)
    looks = [
        f"count({label.expression}) AS filled{i}, "
        f"count(*) FILTER (NOT isfinite({label.sum_expression})) AS broken{i}"
        for i, label in enumerate(labels)
    ]
    row = context.table(
        f"SELECT count(*) AS rows, {DIGEST}, {', '.join(looks)} FROM {subquery(query)}"
    ).to_pylist()[0]
    refusals.refuse_no_rows(row["rows"])
    for i, label in enumerate(labels):
        refusals.refuse_missing(label, row["rows"] - row[f"filled{i}"], row["rows"], family)
        refusals.refuse_infinite(label, row[f"broken{i}"], row["rows"])
    return Survey(task, labels, row["rows"], fingerprint(row["rows"], row["digest"]))


def _known_classes(label: Label, found: DistinctValues, known: tuple[ClassValue, ...]) -> Survey:
    counts = found.by_class(label)
    refusals.refuse_new_classes(label, counts, known)
    return Survey(
        "classification",
        (replace(label, classes=known),),
        found.rows,
        found.fingerprint,
        tuple(counts.get(value, 0) for value in known),
    )


def _classes(label: Label, found: DistinctValues, *, guessed: bool) -> Survey:
    counts = found.by_class(label)
    classes = tuple(sorted(counts))
    return Survey(
        "classification",
        (replace(label, classes=classes),),
        found.rows,
        found.fingerprint,
        tuple(counts[value] for value in classes),
        guessed and set(classes) != {0, 1},
    )
