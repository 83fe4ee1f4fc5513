"""The text form of a workflow: for people, golden tests and bug reports. It prints and parses.

workflow "iris.sql"

train: train at "iris.sql":1:1
  estimator = "xgboost.gbtree"
  rows <- rows {"sql": "SELECT * FROM iris"}
  model -> model "iris_model"

predict: predict at "iris.sql":4:1
  model <- output {"node": "train", "name": "model"}
  after train succeeded
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlml.errors import Diagnostic, ProgramError
from sqlml.source import Source, Span
from sqlml.workflow.ir import Node, Workflow
from sqlml.workflow.serial import (
    fields_to_json,
    from_json,
    input_to_json,
    operation_to_json,
    thaw,
)

_STRING = r'"(?:[^"\\]|\\.)*"'
_LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("workflow", re.compile(rf"workflow ({_STRING})")),
    ("parameter", re.compile(r"parameter (\S+) = (.+)")),
    ("node", re.compile(rf"([a-z][\w-]*): (\w+)(?: at ({_STRING}):(\d+):(\d+))?")),
    ("field", re.compile(r"  (\w+) = (.+)")),
    ("input", re.compile(r"  (\w+) <- (\w+) (.+)")),
    ("output", re.compile(rf"  (\w+) -> (\w+)(?: ({_STRING}))?")),
    ("after", re.compile(r"  after (\S+) (\w+)")),
    ("resources", re.compile(r"  resources (.+)")),
)


def print_workflow(workflow: Workflow) -> str:
    """The text form; `parse_workflow` gives an equal workflow back."""
    lines = [f"workflow {_write(workflow.name)}"]
    lines += [f"parameter {name} = {_write(value)}" for name, value in workflow.parameters.items()]
    for node in workflow.nodes:
        lines += ["", *_node_lines(node)]
    return "\n".join(lines) + "\n"


def _node_lines(node: Node) -> Iterator[str]:
    operation = operation_to_json(node.operation)
    place = node.place
    at = f" at {_write(place.file)}:{place.line}:{place.column}" if place else ""
    yield f"{node.name}: {operation.pop('kind')}{at}"
    for name, value in operation.items():
        yield f"  {name} = {_write(value)}"
    for name, source in node.inputs.items():
        told = input_to_json(source)
        yield f"  {name} <- {told.pop('kind')} {_write(told)}"
    for output in node.outputs:
        target = f" {_write(output.target)}" if output.target else ""
        yield f"  {output.name} -> {output.kind}{target}"
    for after in node.after:
        yield f"  after {after.node} {after.status}"
    if told := fields_to_json(node.resources):
        yield f"  resources {_write(told)}"


def _write(value: Any) -> str:
    return json.dumps(thaw(value), ensure_ascii=False)


def parse_workflow(source: Source) -> Workflow:
    """The workflow that a text form describes.

    Raises:
        ProgramError: a line cannot be read, with its place.
    """
    told: dict[str, Any] = {"name": "", "parameters": {}, "nodes": []}
    offset = 0
    for line in source.text.split("\n"):
        text = line.rstrip("\r")
        if text.strip():
            span = Span(source, offset, offset + len(text))
            try:
                _read_line(text, told)
            except (ValueError, LookupError) as error:
                fault = Diagnostic("E0807", "this line is not part of a workflow's text", span)
                raise ProgramError(fault) from error
        offset += len(line) + 1
    try:
        return from_json(told)
    except (KeyError, TypeError) as error:
        span = Span(source, 0, len(source.line(1)))
        fault = Diagnostic("E0807", f"this is not the text of a workflow: {error}", span)
        raise ProgramError(fault) from error


def _read_line(text: str, told: dict[str, Any]) -> None:
    for kind, pattern in _LINES:
        if match := pattern.fullmatch(text):
            _READERS[kind](told, *match.groups())
            return
    raise ValueError(text)


def _read_node(told: dict[str, Any], name: str, kind: str, *at: str) -> None:
    node: dict[str, Any] = {
        "name": name, "operation": {"kind": kind}, "inputs": {}, "outputs": [], "after": [],
    }  # fmt: skip
    file, line, column = at
    if file:
        node["place"] = {"file": json.loads(file), "line": int(line), "column": int(column)}
    told["nodes"].append(node)


def _read_output(told: dict[str, Any], name: str, kind: str, target: str | None) -> None:
    output = {"name": name, "kind": kind, "target": json.loads(target) if target else ""}
    told["nodes"][-1]["outputs"].append(output)


def _read_input(told: dict[str, Any], name: str, kind: str, fields: str) -> None:
    told["nodes"][-1]["inputs"][name] = {"kind": kind, **json.loads(fields)}


_READERS: dict[str, Callable[..., None]] = {
    "workflow": lambda told, name: told.update(name=json.loads(name)),
    "parameter": lambda told, name, value: told["parameters"].update({name: json.loads(value)}),
    "node": _read_node,
    "field": lambda told, name, value: told["nodes"][-1]["operation"].update(
        {name: json.loads(value)}
    ),
    "input": _read_input,
    "output": _read_output,
    "after": lambda told, node, status: told["nodes"][-1]["after"].append(
        {"node": node, "status": status}
    ),
    "resources": lambda told, fields: told["nodes"][-1].update(resources=json.loads(fields)),
}
