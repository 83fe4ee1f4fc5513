"""The text form of a workflow: for people, golden tests and bug reports. It prints and parses.

workflow "iris.sql"
parameter depth = {"type": "int", "default": 6}
setting timeout = 3600

train: train at "iris.sql":1:1
  estimator = "xgboost.gbtree"
  rows <- rows {"sql": "SELECT * FROM iris"}
  model -> model "iris_model"

predict: predict at "iris.sql":4:1
  model <- output {"node": "train", "name": "model"}
  after train succeeded
  with timeout = 60

Workflows that others call come first, each under its own `workflow` line; steps that run on exit
are written `on exit NAME: …`.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlml.errors import Diagnostic, ProgramError
from sqlml.source import Source, Span
from sqlml.workflow.ir import Node, OutputDeclaration, Workflow
from sqlml.workflow.serial import encode, from_json, thaw

_STRING = r'"(?:[^"\\]|\\.)*"'
_LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("workflow", re.compile(rf"workflow ({_STRING})")),
    ("parameter", re.compile(r"parameter (\S+) = (.+)")),
    ("setting", re.compile(r"setting (\w+) = (.+)")),
    ("node", re.compile(rf"(on exit )?([a-z][\w-]*): (\w+)(?: at ({_STRING}):(\d+):(\d+))?")),
    ("field", re.compile(r"  (\w+) = (.+)")),
    ("input", re.compile(r"  ([\w-]+) <- (\w+) (.+)")),
    ("output", re.compile(rf"  ([\w-]+) -> (\w+)(?: ({_STRING}))?(?: ({{.+}}))?")),
    ("after", re.compile(r"  after (\S+) (\w+)")),
    ("with", re.compile(r"  with (\w+) = (.+)")),
)
_OWN_LINES = frozenset({"name", "operation", "inputs", "outputs", "after", "place"})


def print_workflow(workflow: Workflow) -> str:
    """The text form; `parse_workflow` gives an equal workflow back."""
    return "\n".join(_workflow_lines(workflow)) + "\n"


def _workflow_lines(workflow: Workflow) -> Iterator[str]:
    for defined in workflow.workflows:
        yield from _workflow_lines(defined)
        yield ""
    told = encode(workflow)
    yield f"workflow {_write(told.pop('name'))}"
    for name, value in told.pop("parameters", {}).items():
        yield f"parameter {name} = {_write(value)}"
    for name, value in told.items():
        if name not in ("nodes", "on_exit", "workflows"):
            yield f"setting {name} = {_write(value)}"
    for node in workflow.nodes:
        yield ""
        yield from _node_lines(node)
    for node in workflow.on_exit:
        yield ""
        yield from _node_lines(node, "on exit ")


def _node_lines(node: Node, prefix: str = "") -> Iterator[str]:
    told = encode(node)
    operation = told["operation"]
    place = node.place
    at = f" at {_write(place.file)}:{place.line}:{place.column}" if place else ""
    yield f"{prefix}{node.name}: {operation.pop('kind')}{at}"
    for name, value in operation.items():
        yield f"  {name} = {_write(value)}"
    for name, source in told.get("inputs", {}).items():
        yield f"  {name} <- {source.pop('kind')} {_write(source)}"
    for output in node.outputs:
        yield _output_line(output)
    for after in node.after:
        yield f"  after {after.node} {after.status}"
    for name, value in told.items():
        if name not in _OWN_LINES:
            yield f"  with {name} = {_write(value)}"


def _output_line(output: OutputDeclaration) -> str:
    more = {k: v for k, v in encode(output).items() if k not in ("name", "kind", "target")}
    target = f" {_write(output.target)}" if output.target else ""
    return f"  {output.name} -> {output.kind}{target}" + (f" {_write(more)}" if more else "")


def _write(value: Any) -> str:
    return json.dumps(thaw(value), ensure_ascii=False)


def parse_workflow(source: Source) -> Workflow:
    """The workflow that a text form describes.

    Raises:
        ProgramError: a line cannot be read, with its place.
    """
    told: list[dict[str, Any]] = []
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
        *defined, last = told
        return from_json({**last, "workflows": [*defined]} if defined else last)
    except (KeyError, TypeError, ValueError) as error:
        span = Span(source, 0, len(source.line(1)))
        fault = Diagnostic("E0807", f"this is not the text of a workflow: {error}", span)
        raise ProgramError(fault) from error


def _read_line(text: str, told: list[dict[str, Any]]) -> None:
    for kind, pattern in _LINES:
        if match := pattern.fullmatch(text):
            if kind == "workflow":
                told.append({"name": json.loads(match[1]), "nodes": []})
            else:
                _READERS[kind](told[-1], *match.groups())
            return
    raise ValueError(text)


def _read_node(told: dict[str, Any], exits: str | None, name: str, kind: str, *at: str) -> None:
    node: dict[str, Any] = {"name": name, "operation": {"kind": kind}}
    file, line, column = at
    if file:
        node["place"] = {"file": json.loads(file), "line": int(line), "column": int(column)}
    told.setdefault("on_exit" if exits else "nodes", []).append(node)


def _read_output(
    told: dict[str, Any], name: str, kind: str, target: str | None, more: str | None
) -> None:
    output = {"name": name, "kind": kind, "target": json.loads(target) if target else ""}
    _node(told).setdefault("outputs", []).append({**output, **json.loads(more or "{}")})


def _read_input(told: dict[str, Any], name: str, kind: str, fields: str) -> None:
    _node(told).setdefault("inputs", {})[name] = {"kind": kind, **json.loads(fields)}


_READERS: dict[str, Callable[..., None]] = {
    "parameter": lambda told, name, value: told.setdefault("parameters", {}).update(
        {name: json.loads(value)}
    ),
    "setting": lambda told, name, value: told.update({name: json.loads(value)}),
    "node": _read_node,
    "field": lambda told, name, value: _node(told)["operation"].update({name: json.loads(value)}),
    "input": _read_input,
    "output": _read_output,
    "after": lambda told, node, status: (
        _node(told).setdefault("after", []).append({"node": node, "status": status})
    ),
    "with": lambda told, name, value: _node(told).update({name: json.loads(value)}),
}


def _node(told: dict[str, Any]) -> dict[str, Any]:
    """The node that the lines are at. Those on exit come last."""
    return (told.get("on_exit") or told["nodes"])[-1]  # type: ignore[no-any-return]
