"""Nearest neighbours as a graph: skl2onnx forgets weights by distance."""

from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from sqlml.zoo.export.onnx_graph import DOUBLE, Graph
from sqlml.zoo.export.onnx_scoring import Answer

_POWERS = {"manhattan": 1.0, "euclidean": 2.0, "l1": 1.0, "l2": 2.0}


def has_neighbors(fitted: Any) -> bool:
    """Whether an estimator is one of these, with a distance that is a sum of powers."""
    is_one = isinstance(fitted, KNeighborsClassifier | KNeighborsRegressor)
    return is_one and fitted._y.ndim == 1 and _power(fitted) is not None


def neighbors(graph: Graph, matrix: str, fitted: Any) -> Answer:
    """What the nearest training rows say of each row of the matrix, in double precision.

    Among rows that are equally far, the first ones in the training data are taken; scikit-learn
    may take others.
    """
    distances = _distances(graph, graph.cast(matrix, DOUBLE), fitted)
    count = graph.constant([fitted.n_neighbors], np.int64)
    nearest, places = graph.nodes("TopK", 2, distances, count, axis=1, largest=0)
    weights = _weights(graph, nearest, fitted)
    axis = graph.constant([1], np.int64)
    total = graph.node("ReduceSum", weights, axis, keepdims=1)
    if isinstance(fitted, KNeighborsRegressor):
        values = graph.node("Gather", graph.constant(fitted._y), places)
        summed = graph.node("ReduceSum", graph.node("Mul", weights, values), axis, keepdims=1)
        return Answer(graph.node("Div", summed, total))
    is_class = graph.constant(np.eye(len(fitted.classes_))[fitted._y])
    votes = graph.node("Gather", is_class, places)  # shape (rows, neighbours, classes)
    weighted = graph.node(
        "Mul", graph.node("Unsqueeze", weights, graph.constant([2], np.int64)), votes
    )
    chances = graph.node("Div", graph.node("ReduceSum", weighted, axis, keepdims=0), total)
    chosen = graph.node("ArgMax", chances, axis=1, keepdims=0)
    return Answer("", chosen, chances, tuple(map(int, fitted.classes_)))


def _power(fitted: Any) -> float | None:
    metric = fitted.effective_metric_
    if metric == "minkowski":
        is_weighted = fitted.effective_metric_params_.get("w") is not None
        return None if is_weighted else float(fitted.effective_metric_params_.get("p", 2))
    return _POWERS.get(metric)


def _distances(graph: Graph, matrix: str, fitted: Any) -> str:
    """Of each row to each training row; feature by feature, so that nothing is larger than that."""
    power = _power(fitted)
    summed = ""
    for place, column in enumerate(np.asarray(fitted._fit_X, dtype=np.float64).T):
        own = graph.node("Gather", matrix, graph.constant([place], np.int64), axis=1)
        apart = graph.node("Abs", graph.node("Sub", own, graph.constant([column])))
        powered = apart if power == 1 else graph.node("Pow", apart, graph.constant(power))
        summed = graph.node("Add", summed, powered) if summed else powered
    return summed if power == 1 else graph.node("Pow", summed, graph.constant(1 / (power or 1)))


def _weights(graph: Graph, nearest: str, fitted: Any) -> str:
    """One for each neighbour; by distance, those that are where the row is count alone."""
    one, none = graph.constant(1.0), graph.constant(0.0)
    if fitted.weights != "distance":
        return graph.node("Add", graph.node("Mul", nearest, none), one)
    is_here = graph.node("Equal", nearest, none)
    here = graph.cast(is_here, DOUBLE)
    is_any = graph.node("ReduceMax", here, graph.constant([1], np.int64), keepdims=1)
    apart = graph.node("Div", one, graph.node("Where", is_here, one, nearest))
    return graph.node("Where", graph.node("Greater", is_any, none), here, apart)
