"""Some of the training rows, for the trials of successive halving that do with fewer."""

from math import ceil

from sqlml.quoting import select_from
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.runnables.draw import COUNT, RANK, drawn
from sqlml.zoo.steps.fitting import Order
from sqlml.zoo.steps.survey import Survey, survey

LEAST = 100


def fewer_rows(
    context: Context, rows: Rows, looked: Survey, order: Order, share: float
) -> tuple[Rows, Survey]:
    """A share of the rows, but LEAST of them, and what their labels are.

    The same rows are drawn for every trial with that share, more rows hold those of fewer, and
    classes keep their shares. looked: what the labels of all rows are.
    """
    count = max(LEAST, ceil(share * looked.rows))
    if count >= looked.rows:
        return rows, looked
    names = [label.name for label in looked.labels]
    strata = names if looked.task == "classification" else ()
    sql = select_from(f"* EXCLUDE ({RANK}, {COUNT})", drawn(rows.sql, order.seed, strata))
    some = context.rows(f"{sql} WHERE {RANK} <= {count}", stable=False)
    found = survey(
        context, some.sql, names, task=looked.task, family=order.model.family,
        known=looked.classes, lists=order.model.multilabel,
    )  # fmt: skip
    return some, found
