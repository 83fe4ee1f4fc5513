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
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlml.errors import Diagnostic, ProgramError
from sqlml.source import Source, Span
from sqlml.workflow.decoding import NotOfTypeError, decode
from sqlml.workflow.ir import Node, OutputDeclaration, Place, Workflow
from sqlml.workflow.serial import encode, thaw

_STRING = r'"(?:[^"\\]|\\.)*"'
_AT = rf"(?: at ({_STRING}):(\d+):(\d+))?"
_LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("workflow", re.compile(rf"workflow ({_STRING}){_AT}")),
    ("parameter", re.compile(r"parameter (\S+) = (.+)")),
    ("setting", re.compile(r"setting (\w+) = (.+)")),
    ("node", re.compile(rf"(on exit )?([a-z][\w-]*): (\w+){_AT}")),
    ("field", re.compile(r"  (\w+) = (.+)")),
    ("input", re.compile(r"  ([\w-]+) <- (\w+) (.+)")),
    ("output", re.compile(rf"  ([\w-]+) -> (\w+)(?: ({_STRING}))?(?: ({{.+}}))?")),
    ("after", re.compile(r"  after (\S+) (\w+)")),
    ("with", re.compile(r"  with (\w+) = (.+)")),
)
_OWN_LINES_OF_WORKFLOW = frozenset({"place", "nodes", "on_exit", "workflows"})
_OWN_LINES = frozenset({"name", "operation", "inputs", "outputs", "after", "place"})


def print_workflow(workflow: Workflow) -> str:
    """The text form; `parse_workflow` gives an equal workflow back."""
    return "\n".join(_workflow_lines(workflow)) + "\n"


def _workflow_lines(workflow: Workflow) -> Iterator[str]:
    for defined in workflow.workflows:
        yield from _workflow_lines(defined)
        yield ""
    told = encode(workflow)
    yield f"workflow {_write(told.pop('name'))}{_at(workflow.place)}"
    for name, value in told.pop("parameters", {}).items():
        yield f"parameter {name} = {_write(value)}"
    for name, value in told.items():
        if name not in _OWN_LINES_OF_WORKFLOW:
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
    yield f"{prefix}{node.name}: {operation.pop('kind')}{_at(node.place)}"
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


def _at(place: Place | None) -> str:
    return f" at {_write(place.file)}:{place.line}:{place.column}" if place else ""


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
    steps: dict[int, Span] = {}  # by the identity of a step's JSON, its first line
    offset = 0
    for line in source.text.split("\n"):
        text = line.rstrip("\r")
        if text.strip():
            span = Span(source, offset, offset + len(text))
            try:
                if _read_line(text, told) == "node":
                    steps[id(_node(told[-1]))] = span
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
                fault = Diagnostic("E0807", "this line is not part of a workflow's text", span)
                raise ProgramError(fault) from error
        offset += len(line) + 1
    first = Span(source, 0, len(source.line(1)))
    if not told:
        raise ProgramError(Diagnostic("E0807", "this is not the text of a workflow", first))
    *defined, last = told
    whole = {**last, "workflows": [*defined]} if defined else last
    try:
        return decode(Workflow, whole)  # type: ignore[no-any-return]
    except NotOfTypeError as error:
        message = f"this is not the text of a workflow: {error}"
        span = _step_on(whole, error.path, steps) or first
        raise ProgramError(Diagnostic("E0807", message, span, hint=error.hint)) from error


def _step_on(told: Any, path: Iterable[str | int], steps: Mapping[int, Span]) -> Span | None:
    """The first line of the step that a path into the JSON leads through."""
    for one in path:
        if id(told) in steps:
            break
        try:
            told = told[one]
        except (LookupError, TypeError):
            break
    return steps.get(id(told))


def _read_line(text: str, told: list[dict[str, Any]]) -> str:
    """Read a line into the workflow that it belongs to; which kind of line it is."""
    for kind, pattern in _LINES:
        if match := pattern.fullmatch(text):
            if kind == "workflow":
                told.append(
                    {"name": json.loads(match[1]), "nodes": [], **_place(*match.groups()[1:])}
                )
            else:
                _READERS[kind](told[-1], *match.groups())
            return kind
    raise ValueError(text)


def _place(file: str | None, line: str, column: str) -> dict[str, Any]:
    if not file:
        return {}
    return {"place": {"file": json.loads(file), "line": int(line), "column": int(column)}}


def _read_node(told: dict[str, Any], exits: str | None, name: str, kind: str, *at: str) -> None:
    node = {"name": name, "operation": {"kind": kind}, **_place(*at)}
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
