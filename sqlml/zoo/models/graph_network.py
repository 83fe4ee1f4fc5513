"""Graph convolution: Kipf and Welling, Semi-Supervised Classification with GCNs (2017)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Weights = tuple[Floats, ...]


def propagation(edges: NDArray[np.int64], nodes: int) -> Any:
    """D^-½ (A + I) D^-½ as CSR, of edges (pairs of nodes) taken in both directions; section 2."""
    begin, end = edges.T
    pairs = (np.concatenate((begin, end)), np.concatenate((end, begin)))
    adjacency = sparse.csr_matrix((np.ones(2 * len(edges)), pairs), shape=(nodes, nodes))
    adjacency.data[:] = 1  # an edge that is given twice is one edge
    adjacency = adjacency.tolil()
    adjacency.setdiag(1)
    adjacency = adjacency.tocsr()
    scale = sparse.diags(1 / np.sqrt(np.asarray(adjacency.sum(axis=1)).ravel()))
    return (scale @ adjacency @ scale).tocsr()


def first_weights(widths: Sequence[int], seed: int) -> Weights:
    """Uniform within ±√(6 / (in + out)), after Glorot and Bengio (2010)."""
    draw = np.random.default_rng(seed)
    limits = ((np.sqrt(6 / sum(shape)), shape) for shape in pairwise(widths))
    return tuple(draw.uniform(-limit, limit, shape) for limit, shape in limits)


def probabilities(spread: Any, features: Floats, weights: Weights) -> Floats:
    """The class probabilities of each node: softmax(Â … relu(Â X W0) … W1); equation 9."""
    values = features
    for place, weight in enumerate(weights):
        values = spread @ ((np.maximum(values, 0) if place else values) @ weight)
    return _softmax(values)


@dataclass(frozen=True, slots=True)
class Objective:
    """What is learnt: the classes of the nodes `known`, with `decay` of the first layer."""

    spread: Any
    features: Floats
    classes: NDArray[np.int64]
    known: NDArray[np.int64]
    decay: float

    def loss(self, weights: Weights, keep: Sequence[Floats] | None = None) -> tuple[float, Weights]:
        """The mean cross-entropy, regularized, and its gradient; equation 10.

        keep: what each layer's input is multiplied by, for dropout; None: nothing is left out.
        """
        inputs, values = [], self.features
        for place, weight in enumerate(weights):
            values = np.maximum(values, 0) if place else values
            inputs.append(values if keep is None else values * keep[place])
            values = self.spread @ (inputs[-1] @ weight)
        chances = _softmax(values)
        truth = (self.known, self.classes[self.known])
        loss = -np.log(np.maximum(chances[truth], 1e-300)).mean()
        loss += self.decay / 2 * np.sum(weights[0] ** 2)
        slope = np.zeros_like(chances)
        slope[self.known] = chances[self.known]
        slope[truth] -= 1
        slope /= len(self.known)
        gradients: list[Floats] = []
        for place in reversed(range(len(weights))):
            back = self.spread.T @ slope
            gradients.insert(0, inputs[place].T @ back)
            if place:
                slope = (back @ weights[place].T) * (inputs[place] > 0)
                slope = slope if keep is None else slope * keep[place]
        gradients[0] = gradients[0] + self.decay * weights[0]
        return float(loss), tuple(gradients)


class Adam:
    """Kingma and Ba (2015), algorithm 1, with the usual 0.9, 0.999 and 1e-8."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._step = 0
        self._means: list[tuple[Floats, Floats]] = []

    def step(self, weights: Weights, gradients: Weights) -> Weights:
        self._step += 1
        self._means = self._means or [(np.zeros_like(g), np.zeros_like(g)) for g in gradients]
        moved = []
        for place, (weight, slope) in enumerate(zip(weights, gradients, strict=True)):
            first, second = self._means[place]
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            self._means[place] = first, second
            size = first / (1 - 0.9**self._step)
            moved.append(
                weight - self._rate * size / (np.sqrt(second / (1 - 0.999**self._step)) + 1e-8)
            )
        return tuple(moved)


def dropped(widths: Sequence[int], nodes: int, share: float, draw: np.random.Generator) -> Any:
    """What inputs are multiplied by: 0 for a `share` of them, more than 1 for the rest."""
    return [(draw.random((nodes, width)) >= share) / (1 - share) for width in widths[:-1]]


def _softmax(values: Floats) -> Floats:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
