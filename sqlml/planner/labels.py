"""LABEL: the columns to learn from, and whether a model can learn from their types."""

from collections.abc import Sequence

from sqlml.databases.database import Column
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes
from sqlml.planner.models import Model
from sqlml.planner.schema import Schema, is_null
from sqlml.planner.scope import Scope
from sqlml.source import Span
from sqlml.zoo.label import Label
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.steps.survey import NUMBERS, SUPERVISED

_SINGLE = ("boolean", "integer", "float", "decimal")  # kinds of labels that are one number


def find_labels(scope: Scope, written: Sequence[ast.Name], schema: Schema) -> tuple[Column, ...]:
    """The labels' columns, as the query spells them; those at fault are told to the scope."""
    found: dict[str, Column] = {}
    for name in written:
        column = schema.find(name.text) or schema.find(name.parts[-1])
        if column is None:
            message = f"the query has no column `{name.text}` to be the label"
            scope.fault("E0305", message, name.span, hint=schema.did_you_mean(name.text))
        elif schema.is_ambiguous(column.name):
            message = f"the query gives several columns `{column.name}`"
            hint = "give each a name of its own with AS, or select it once"
            scope.fault("E0304", message, name.span, hint=hint)
        elif column.name.casefold() in found:
            message = f"`{name.text}` stands twice in LABEL"
            scope.fault("E0309", message, name.span, hint="name each label once")
        else:
            found[column.name.casefold()] = column
    return tuple(found.values())


def training_labels(
    scope: Scope, query: Span, model: Model, schema: Schema, way_out: str = "select it"
) -> tuple[Column, ...]:
    """The columns that a trained model is compared with; a missing one is told to the scope."""
    found = [schema.find(label.name) for label in model.labels]
    missing = [
        label.name for label, column in zip(model.labels, found, strict=True) if column is None
    ]
    if missing:
        scope.fault(
            "E0306",
            f"the query has no column `{missing[0]}`, the label of `{model.name}`",
            query,
            hint=way_out,
        )
    return tuple(column for column in found if column is not None)


def check_labels(
    scope: Scope,
    statement: ast.Train,
    labels: Sequence[Column],
    model: ModelType,
    task: Task | None,
) -> None:
    """Whether there are as many labels as the model needs, of types that it takes.

    What is wrong is told to the scope.
    """
    written = statement.labels
    if task is not None and task not in SUPERVISED:
        if written:
            scope.fault(
                "E0307",
                f"`{model.name}` learns without a label",
                _cover(written),
                hint="leave LABEL out; TO EVALUATE … LABEL compares with it afterwards",
            )
        return
    if not written:
        scope.fault(
            "E0306",
            f"`{model.name}` learns from a label, and none is given",
            statement.model.span,
            hint="add `LABEL column`",
        )
    if len(written) > 1 and (task in ("classification", "ranking") or not model.multilabel):
        what = f"a {task}" if task in ("classification", "ranking") else f"`{model.name}`"
        message = f"{what} has one label, and there are {len(written)}"
        scope.fault("E0309", message, _cover(written), hint="train one model per label")
        return
    for name, column in zip(written, labels, strict=False):
        label = Label(column.name, column.type)
        if not _may_list(label, model, task):
            _check_type(scope, name.span, label, len(written), task)


def check_outputs(scope: Scope, attributes: Attributes, labels: Sequence[Column]) -> None:
    """Whether there are as many labels as `model.n_out` says, where none lists several numbers.

    What is wrong is told to the scope.
    """
    given = attributes.find("model", "n_out")
    numbers = [Label(one.name, one.type).kind in _SINGLE for one in labels]
    if given and isinstance(given.value, int) and all(numbers) and given.value != len(labels) > 0:
        scope.fault(
            "E0532",
            f"`model.n_out` is {given.value}, and the labels are {len(labels)}",
            given.span,
            hint="leave it out: labels are counted",
        )


def _may_list(label: Label, model: ModelType, task: Task | None) -> bool:
    """Whether several numbers may stand in each row of a label."""
    if label.kind == "text":
        return model.text_lists
    return label.kind == "list" and model.multilabel and task in (None, "regression")


def _check_type(scope: Scope, span: Span, label: Label, labels: int, task: Task | None) -> None:
    if not label.type:
        return
    if is_null(label.type):
        message = f"column `{label.name}` is NULL in every row"
        scope.fault("E0308", message, span, label="there is nothing to learn")
    elif label.kind in ("list", "other"):
        scope.fault(
            "E0308",
            f"column `{label.name}` is of type {label.type}, which cannot be a label",
            span,
            label="labels are text, booleans or numbers",
            hint=f"cast it in the query: `{label.identifier}::VARCHAR AS {label.identifier}`",
        )
    elif label.kind == "text" and (task in NUMBERS or labels > 1):
        scope.fault(
            "E0308",
            f"column `{label.name}` is text, and a {task or 'regression'} needs numbers",
            span,
            label=f"its type is {label.type}",
            hint="train a classifier instead, or cast the column in the query if it holds numbers",
        )


def _cover(names: Sequence[ast.Name]) -> Span:
    first, last = names[0].span, names[-1].span
    return Span(first.source, first.start, last.end)
