"""Drawing rows by a seed: the same rows for the same table, in whatever order they come."""

from collections.abc import Sequence

from sqlml.quoting import identifier, subquery
from sqlml.zoo.attributes import Attribute
from sqlml.zoo.runnables.contract import Argument, column_argument

RANK, COUNT = "sqlml_rank", "sqlml_count"
SEED = Argument(
    Attribute(
        "seed",
        ("integer",),
        default=0,
        minimum=0,
        doc="The same seed and rows give the same choice; another seed gives another.",
    )
)
STRATIFY = column_argument(
    "stratify", "Columns whose values keep their shares in every part.", several=True
)


def drawn(rows: str, seed: object, strata: Sequence[str] = ()) -> str:
    """The rows of a query in a drawn order: with their rank from 1, and how many there are.

    The order comes from the rows' contents. Among the first k rows each stratum has its share of k,
    give or take one row.
    """
    placed = (
        f"SELECT *, hash({seed}, *COLUMNS(*)) AS sqlml_hash, 0 AS sqlml_place FROM {subquery(rows)}"
    )
    if strata:
        within = f"PARTITION BY {listed(strata)}"
        placed = (
            f"SELECT * REPLACE ((row_number() OVER ({within} ORDER BY sqlml_hash) - 0.5::DOUBLE)"
            f" / count(*) OVER ({within}) AS sqlml_place) FROM ({placed})"
        )
    return (
        "SELECT * EXCLUDE (sqlml_hash, sqlml_place), count(*) OVER () AS sqlml_count,"
        f" row_number() OVER (ORDER BY sqlml_place, sqlml_hash) AS sqlml_rank FROM ({placed})"
    )


def listed(columns: Sequence[str]) -> str:
    """Columns as SQL lists them."""
    return ", ".join(map(identifier, columns))
