"""deduplicate: one row of those with the same keys."""

from sqlml.quoting import identifier, subquery
from sqlml.zoo.attributes import Attribute
from sqlml.zoo.runnables.contract import (
    Argument,
    ArgumentProblem,
    Options,
    Runnable,
    Sources,
    column_argument,
    values,
)
from sqlml.zoo.runnables.draw import listed


def build(sources: Sources, options: Options, _tables: int) -> tuple[str, ...]:
    """The first or last row by `order`; of those with the same order, one by their contents."""
    keys, order = values(options, "keys"), options["order"]
    if order is None and options["keep"] != "first":
        message = "what is last is not known without an order"
        raise ArgumentProblem("E0245", message, "add `--order column`", name="keep")
    if not keys:
        if order is not None:
            message = "`--order` means nothing among rows that are the same"
            raise ArgumentProblem("E0245", message, "add `--keys column`", name="order")
        return (f"SELECT DISTINCT * FROM {subquery(sources.rows)}",)
    first = (
        "" if order is None else f"{identifier(str(order))} {_DIRECTIONS[str(options['keep'])]}, "
    )
    hashed = f"SELECT *, hash(*COLUMNS(*)) AS sqlml_hash FROM {subquery(sources.rows)}"
    return (
        f"SELECT * EXCLUDE (sqlml_hash) FROM ({hashed}) QUALIFY row_number() OVER"
        f" (PARTITION BY {listed(keys)} ORDER BY {first}sqlml_hash) = 1",
    )


_DIRECTIONS = {"first": "ASC NULLS LAST", "last": "DESC NULLS LAST"}

DEDUPLICATE = Runnable(
    "deduplicate",
    "Keeps one row of those with the same keys.",
    (
        column_argument(
            "keys", "The columns that make rows the same; without them, all.", several=True
        ),
        column_argument("order", "The column that says which row comes first; NULL comes last."),
        Argument(
            Attribute("keep", choices=("first", "last"), default="first", doc="Which row to keep.")
        ),
    ),
    build,
)
