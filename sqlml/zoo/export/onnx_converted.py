"""What skl2onnx makes of scikit-learn's estimators, as a part of a graph."""

from typing import Any

from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

from sqlml.zoo.export.onnx_graph import CONVERTED, DOUBLE, FLOAT, INT64, LEARNING, OPERATORS, Graph
from sqlml.zoo.export.onnx_neighbors import has_neighbors, neighbors
from sqlml.zoo.export.onnx_scoring import Answer


def converted(graph: Graph, matrix: str, estimator: Any) -> Answer:
    """What a fitted `SklearnEstimator` makes of the matrix.

    Raises:
        ValueError: PREDICT does something else than the estimator's `predict` or `transform`.
        Exception: skl2onnx has no converter, or says why it cannot convert this estimator.
    """
    fitted = estimator.fitted
    if estimator.memory is not None or estimator.task == "density":
        raise ValueError("it has no rule for new rows, or a density as its answer")
    if has_neighbors(fitted):
        return neighbors(graph, matrix, fitted)
    if getattr(fitted, "weights", "") == "distance":
        raise ValueError("weights by such a distance are not converted rightly")
    tensor, kind = (FloatTensorType, FLOAT) if _is_single(fitted) else (DoubleTensorType, DOUBLE)
    is_probable = estimator.task == "classification" and hasattr(fitted, "predict_proba")
    model = convert_sklearn(
        fitted,
        initial_types=[("matrix", tensor([None, len(estimator.names)]))],
        options={id(fitted): {"zipmap": False}} if is_probable else None,
        target_opset={"": OPERATORS, LEARNING: CONVERTED},
    )
    result, *further = graph.embed(model, graph.cast(matrix, kind))
    if estimator.task == "classification":
        chances = graph.cast(further[0], DOUBLE) if is_probable else ""
        return Answer("", result, chances, tuple(map(int, fitted.classes_)))
    columns = estimator.count_outputs() if estimator.task == "transformation" else 0
    kind = INT64 if estimator.task in ("clustering", "outliers") else DOUBLE
    shape = graph.constant([0, -1], "int64")
    return Answer(
        graph.node("Reshape", graph.cast(result, kind), shape), kind=kind, columns=columns
    )


def _is_single(fitted: Any) -> bool:
    """Trees compare numbers of single precision, and ONNX's SVMRegressor takes no others."""
    is_tree = hasattr(fitted, "tree_") or hasattr(fitted, "estimators_")
    return is_tree or (hasattr(fitted, "support_vectors_") and not hasattr(fitted, "classes_"))
