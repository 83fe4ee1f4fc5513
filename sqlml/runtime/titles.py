"""What a step is called on its line: `xgboost.gbtree → iris_model`."""

from collections.abc import Mapping
from typing import Any

from sqlml.workflow.ir import (
    Evaluate,
    Explain,
    Input,
    Manage,
    ModelReference,
    Node,
    Output,
    Predict,
    Query,
    Train,
)

_LONGEST = 60


def title(node: Node) -> str:
    operation: Any = node.operation
    match operation:
        case Query(sql=sql, writes=writes):
            return f"→ {', '.join(writes)}" if writes else _first_words(sql)
        case Train(estimator=estimator, into=into):
            return f"{estimator} → {into}"
        case Predict(into=into) | Evaluate(into=into) | Explain(into=into):
            model = _model_name(node.inputs)
            return f"{model} → {into}" if into else model
        case Manage(action=action, model=model):
            return f"{action} {model}".strip()
        case _:  # a kind of step that another package brings
            return type(operation).__name__.lower()


def _model_name(inputs: Mapping[str, Input]) -> str:
    match inputs.get("model"):
        case ModelReference(name=name, version=version):
            return name if version is None else f"{name}@{version}"
        case Output(node=node):
            return f"the model of {node}"
        case _:
            return ""


def _first_words(sql: str) -> str:
    words = " ".join(sql.split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
