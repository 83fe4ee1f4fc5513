"""The rows that are chosen from a dataset as a query, for what the database computes of them."""

from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

from sqlml.quoting import select_from, unused
from sqlml.zoo.steps.dataset import Choice, QueryDataset, strata_of


def chosen_rows(dataset: QueryDataset, choice: Choice, total: int) -> str:
    """A query of the chosen rows among the `total` rows of a dataset's query.

    A choice goes by the place of a row in its stratum. It is made here, after a look at the labels
    where they tell the strata, and stands in the query as one bit for each row.
    """
    bits = b64encode(np.packbits(_mask(dataset, choice, total)).tobytes()).decode()
    place = unused("sqlml_place", dataset.rows.schema.names)
    numbered = select_from(f"*, row_number() OVER () - 1 AS {place}", dataset.rows.sql)
    return (
        f"SELECT * FROM ({numbered})"
        f" WHERE get_bit(CAST(from_base64('{bits}') AS BIT), CAST({place} AS INTEGER)) = 1"
    )


def _mask(dataset: QueryDataset, choice: Choice, total: int) -> NDArray[np.bool_]:
    """For each row of the dataset's query, in order, whether it is chosen."""
    chosen = choice.begin()
    telling = dataset.roles.of_strata
    if not telling.expressions:
        return chosen(np.zeros(total, dtype=np.int64))
    parts = []
    for batch in dataset.rows.select(", ".join(telling.expressions)).batches():
        label, _weight, group = telling.read(batch.columns)
        parts.append(chosen(strata_of(batch.num_rows, label, group)))
    return np.concatenate(parts)
