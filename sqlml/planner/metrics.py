"""`validation.metrics`: names of metrics that have a meaning for a task."""

from sqlml.planner.attributes import Given
from sqlml.planner.schema import listed
from sqlml.planner.scope import Scope
from sqlml.zoo.measures.catalog import METRICS
from sqlml.zoo.metrics import canonical, names_for
from sqlml.zoo.model import Task


def canonical_metrics(
    scope: Scope, given: Given, task: Task | None, owner: str, *, labelled: bool = True
) -> tuple[str, ...]:
    """The metrics under their own names, each once; those without a meaning are told to the scope.

    labelled: there is a label to compare with.
    """
    spellings = given.value if isinstance(given.value, tuple) else (given.value,)
    names = tuple(
        dict.fromkeys(canonical(str(spelling)) or str(spelling) for spelling in spellings)
    )
    for name in names:
        if task is not None and task not in METRICS[name].tasks:
            fitting = listed(names_for(task))
            scope.fault(
                "E0211",
                f"`{name}` does not measure {task}, which {owner} is for",
                given.written.value.span,
                hint=f"metrics: {fitting}" if fitting else "leave `validation.metrics` out",
            )
        elif METRICS[name].needs_truth and not labelled:
            scope.fault(
                "E0211",
                f"`{name}` compares with a label, and none is given",
                given.written.value.span,
                hint="add `LABEL column`, or choose another metric",
            )
    return names
