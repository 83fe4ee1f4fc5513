"""What steps are called on their lines: `xgboost.gbtree → iris_model`."""

from collections.abc import Mapping
from typing import Any

from sqlml.grammar.model_functions import for_people
from sqlml.grammar.secrets import without_secrets
from sqlml.workflow.ir import (
    Alter,
    Check,
    Evaluate,
    Explain,
    Input,
    Manage,
    ModelReference,
    Node,
    Output,
    Predict,
    Query,
    Run,
    Solve,
    Train,
    Trial,
    Workflow,
)

_LONGEST = 60

Targets = Mapping[tuple[str, str], str]


def titles(workflow: Workflow) -> Mapping[str, str]:
    """The titles of all steps, by name."""
    targets = {
        (node.name, output.name): output.target
        for node in workflow.nodes
        for output in node.outputs
    }
    return {node.name: _title(node, targets) for node in workflow.nodes}


def _title(node: Node, targets: Targets) -> str:
    operation: Any = node.operation
    match operation:
        case Query(sql=sql, writes=writes):
            return f"→ {', '.join(writes)}" if writes else _first_words(sql)
        case Train(estimator=estimator, into=into):
            return f"{estimator} → {into}"
        case Trial(number=number, trials=trials):
            return f"trial {number}/{trials} → {node.outputs[0].target}"
        case Predict(into=into) | Evaluate(into=into) | Explain(into=into) | Check(into=into):
            model = _model_name(node.inputs, targets)
            return f"{model} → {into}" if into else model
        case Solve(solver=solver, into=into):
            return f"{solver} → {into}" if into else solver
        case Manage(action=action, model=model, version=version):
            return f"{action} {_reference(model, version)}".strip()
        case Alter(action=action, name=name):
            return f"{action} {name} of {_model_name(node.inputs, targets)}"
        case Run(program=program, into=into):
            return f"{program} → {', '.join(into)}" if into else program
        case _:  # a kind of step that another package brings
            return type(operation).__name__.lower()


def _model_name(inputs: Mapping[str, Input], targets: Targets) -> str:
    match inputs.get("model"):
        case ModelReference(name=name, version=version):
            return _reference(name, version)
        case Output(node=node, name=name):
            return targets.get((node, name), "")
        case _:
            return ""


def _reference(name: str, version: int | str | None) -> str:
    return name if version is None else f"{name}@{version}"


def _first_words(sql: str) -> str:
    words = " ".join(without_secrets(for_people(sql)).split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
