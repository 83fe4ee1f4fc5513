"""Workflows as JSON and back: for storage, for workers, for the text form."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args

from sqlml.workflow.ir import (
    After,
    Constant,
    Input,
    Json,
    ModelReference,
    Node,
    Operation,
    Output,
    OutputDeclaration,
    Outputs,
    Parameter,
    Place,
    Relation,
    Resources,
    Workflow,
)

OPERATIONS: Mapping[str, type[Any]] = {c.__name__.lower(): c for c in get_args(Operation)}
INPUTS: Mapping[str, type[Any]] = {
    "constant": Constant,
    "parameter": Parameter,
    "output": Output,
    "outputs": Outputs,
    "rows": Relation,
    "model": ModelReference,
}
INPUT_WORDS = {kind: word for word, kind in INPUTS.items()}


def freeze(value: Any) -> Json:
    """JSON as the IR keeps it: tuples for lists."""
    match value:
        case list() | tuple():
            return tuple(freeze(item) for item in value)
        case Mapping():
            return {str(key): freeze(item) for key, item in value.items()}
        case _:
            return value  # type: ignore[no-any-return]


def thaw(value: Any) -> Any:
    """JSON as the json module writes it: lists for tuples."""
    match value:
        case list() | tuple():
            return [thaw(item) for item in value]
        case Mapping():
            return {key: thaw(item) for key, item in value.items()}
        case _:
            return value


def fields_to_json(value: Any) -> dict[str, Any]:
    """A dataclass's fields that differ from their defaults."""
    told: dict[str, Any] = {}
    for item in fields(value):
        content = getattr(value, item.name)
        default = item.default if item.default_factory is MISSING else item.default_factory()
        if content != default:
            told[item.name] = fields_to_json(content) if is_dataclass(content) else thaw(content)
    return told


def operation_to_json(operation: Operation) -> dict[str, Any]:
    return {"kind": type(operation).__name__.lower(), **fields_to_json(operation)}


def input_to_json(value: Input) -> dict[str, Any]:
    return {"kind": INPUT_WORDS[type(value)], **fields_to_json(value)}


def to_json(workflow: Workflow) -> dict[str, Any]:
    """The workflow as values that the json module can write; `from_json` is its inverse."""
    return {
        "name": workflow.name,
        "parameters": thaw(workflow.parameters),
        "nodes": [_node_to_json(node) for node in workflow.nodes],
    }


def _node_to_json(node: Node) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": node.name,
        "operation": operation_to_json(node.operation),
        "inputs": {name: input_to_json(value) for name, value in node.inputs.items()},
        "outputs": [fields_to_json(output) for output in node.outputs],
        "after": [fields_to_json(after) for after in node.after],
    }
    if node.resources != Resources():
        told["resources"] = fields_to_json(node.resources)
    if node.place is not None:
        told["place"] = fields_to_json(node.place)
    return told


def from_json(told: Mapping[str, Any]) -> Workflow:
    """The workflow that `to_json` wrote.

    Raises:
        KeyError, TypeError: the JSON is not a workflow's.
    """
    return Workflow(
        told["name"],
        tuple(_node_from_json(node) for node in told["nodes"]),
        {name: freeze(value) for name, value in told.get("parameters", {}).items()},
    )


def _node_from_json(told: Mapping[str, Any]) -> Node:
    return Node(
        told["name"],
        tagged_from_json(OPERATIONS, told["operation"]),
        {name: tagged_from_json(INPUTS, value) for name, value in told["inputs"].items()},
        tuple(OutputDeclaration(**output) for output in told["outputs"]),
        tuple(After(**after) for after in told["after"]),
        Resources(**told.get("resources", {})),
        Place(**told["place"]) if "place" in told else None,
    )


def tagged_from_json(kinds: Mapping[str, type[Any]], told: Mapping[str, Any]) -> Any:
    """An operation or input from its JSON with a `kind`."""
    arguments = {name: freeze(value) for name, value in told.items() if name != "kind"}
    return kinds[told["kind"]](**arguments)
