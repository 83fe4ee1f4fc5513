"""A network fitted to a graph: the classes of its nodes, found by their numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import Task

FILE = "graph.npz"


@dataclass(frozen=True, slots=True)
class GraphEstimator:
    """See zoo.model.Estimator; the first column of a matrix is a node's number.

    nodes: ascending. chances: the class probabilities of each, which follow from the whole graph.
    weights: of the layers, kept for who wants to apply them to another graph.
    """

    nodes: NDArray[np.float64]
    chances: NDArray[np.float64]
    weights: tuple[NDArray[np.float64], ...]

    task: ClassVar[Task] = "classification"
    predicts_likeliest: ClassVar[bool] = True

    def save(self, folder: Path) -> None:
        layers = {f"layer{place}": weight for place, weight in enumerate(self.weights)}
        np.savez_compressed(
            folder / FILE, allow_pickle=False, nodes=self.nodes, chances=self.chances, **layers
        )

    def predict(self, matrix: Any) -> NDArray[Any]:
        return np.asarray(self.probabilities(matrix).argmax(axis=1))

    def probabilities(self, matrix: Any) -> NDArray[np.float64]:
        """Raises StepError: E0484, a node was not in the graph."""
        wanted = np.asarray(matrix, dtype=np.float64)[:, 0]
        places = np.minimum(np.searchsorted(self.nodes, wanted), len(self.nodes) - 1)
        unknown = np.flatnonzero(self.nodes[places] != wanted)
        if len(unknown):
            raise StepError(
                Diagnostic(
                    "E0484",
                    f"node {wanted[unknown[0]]:.15g} is not in the graph that was trained on",
                    hint="train on the whole graph: its edges decide about every node",
                    about="query",
                )
            )
        return self.chances[places]

    def contributions(self, matrix: Any) -> NDArray[np.float64]:
        raise StepError(
            Diagnostic(
                "E0486",
                "a node's class follows from its neighbours too: its features do not explain it",
                hint="`predict.probability = TRUE` tells how sure it is",
                about="model",
            )
        )

    def importance(self) -> Mapping[str, tuple[float, float]]:
        return {}


def load(folder: Path) -> GraphEstimator:
    """The estimator saved in `folder`."""
    with np.load(folder / FILE, allow_pickle=False) as saved:
        layers = sum(name.startswith("layer") for name in saved)
        weights = tuple(saved[f"layer{place}"] for place in range(layers))
        return GraphEstimator(saved["nodes"], saved["chances"], weights)
