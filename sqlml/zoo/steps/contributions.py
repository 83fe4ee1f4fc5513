"""SHAP values of the rows of a query, gathered to be summed up and drawn."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Bundle
from sqlml.zoo.context import Context
from sqlml.zoo.steps.dataset import QueryDataset, Sampled
from sqlml.zoo.steps.training_data import count

MOST_ROWS = 10_000
MOST_ROWS_WITHOUT_TREES = 1_000  # where values are not exact but tried out
MOST_VALUES = 20_000_000
SEED = 0


@dataclass(frozen=True, slots=True)
class Contributions:
    """values: (outputs, rows, features). features: (rows, features). expected: (outputs,).

    others: (outputs, rows), what features add that are not among these. outputs: their names,
    empty text for a single one. of_rows: how many rows the query has.
    """

    values: NDArray[np.float64]
    features: NDArray[np.float64]
    expected: NDArray[np.float64]
    others: NDArray[np.float64]
    names: tuple[str, ...]
    outputs: tuple[str, ...]
    of_rows: int

    @property
    def rows(self) -> int:
        return int(self.values.shape[1])

    @property
    def sizes(self) -> NDArray[np.float64]:
        """The mean absolute value by output and feature."""
        return np.asarray(np.abs(self.values).mean(axis=1))

    @property
    def mean_sizes(self) -> NDArray[np.float64]:
        """The mean absolute value by feature, over rows and outputs."""
        return np.asarray(self.sizes.mean(axis=0))

    def only(self, chosen: NDArray[np.intp]) -> "Contributions":
        """Some features, in the order given."""
        left_out = np.setdiff1d(np.arange(len(self.names)), chosen)
        return replace(
            self,
            values=self.values[:, :, chosen],
            features=self.features[:, chosen],
            others=self.others + self.values[:, :, left_out].sum(axis=2),
            names=tuple(self.names[i] for i in chosen),
        )


def output_names(bundle: Bundle) -> tuple[str, ...]:
    """The names of what is explained: the classes where each has values of its own."""
    outputs = len(bundle.estimator.contributions(bundle.pipeline.nothing()))
    labels = bundle.manifest.labels
    if outputs == 1:
        return ("",)
    if labels and outputs == len(labels[0].class_names):
        return labels[0].class_names
    if outputs == len(labels):
        return tuple(label.name for label in labels)
    return tuple(str(number) for number in range(1, outputs + 1))


def gathered(context: Context, bundle: Bundle, dataset: QueryDataset) -> Contributions:
    """The SHAP values of all rows, or of a seeded sample when they are many.

    Raises:
        StepError: the query gives no rows.
    """
    of_rows = count(context, dataset.rows)
    outputs = output_names(bundle)
    most = MOST_ROWS if bundle.estimator.importance() else MOST_ROWS_WITHOUT_TREES
    most = max(100, min(most, MOST_VALUES // max(1, dataset.width * len(outputs))))
    if of_rows > most:
        dataset = replace(dataset, choice=Sampled(None, most / of_rows, SEED))
    values, features = [], []
    done = 0
    for batch in dataset:
        values.append(bundle.estimator.contributions(batch.matrix))
        features.append(_dense(batch.matrix))
        done += len(features[-1])
        context.progress(done, min(most, of_rows), "rows")
    if not values:
        message = "the query gives no rows"
        raise StepError(Diagnostic("E0401", message, label="nothing to explain", about="query"))
    together = np.concatenate(values, axis=1)
    return Contributions(
        together[:, :, :-1],
        np.concatenate(features),
        together[:, :, -1].mean(axis=1),
        np.zeros(together.shape[:2]),
        tuple(dataset.names),
        outputs,
        of_rows,
    )


def _dense(matrix: Any) -> NDArray[np.float64]:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float64)
