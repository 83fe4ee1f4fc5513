"""Loops in Argo's words: items of a task, and templates around a step for what tasks cannot say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlml.codegen.argo.failures import Orders
from sqlml.codegen.argo.lifting import Template
from sqlml.codegen.argo.pods import given
from sqlml.codegen.argo.templates import Library, refusal
from sqlml.codegen.argo.text import Scope, literal, may_be_empty
from sqlml.workflow.graph import operands_of, watched
from sqlml.workflow.ir import (
    Constant,
    ForEach,
    Input,
    Item,
    Json,
    Node,
    Output,
    Parameter,
    Range,
    Workflow,
)
from sqlml.workflow.serial import thaw
from sqlml.workflow.texts import as_text


@dataclass(frozen=True, slots=True)
class Callee:
    """What a task runs: a template, the parameters it is given, and for each of which items."""

    template: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    loop: Mapping[str, Any] = field(default_factory=dict)


def once(node: Node, scope: Scope, template: str, besides: Mapping[str, str]) -> Callee:
    """A step without a loop, or for each item of a list."""
    values = {name: scope.value(value) for name, value in node.inputs.items()}
    loop = items_of(node.loop, scope) if isinstance(node.loop, ForEach) else {}
    return Callee(template, {**values, **besides}, loop)


def items_of(loop: ForEach, scope: Scope) -> dict[str, Any]:
    match loop.items:
        case Constant(value=tuple(items)) if items:
            return {"withItems": [_item(item) for item in items]}
        case Range(start=start, stop=stop, step=1) if start < stop:
            return {"withSequence": {"start": str(start), "end": str(stop - 1)}}
        case Range(start=start, stop=stop, step=step) if range(start, stop, step):
            return {"withItems": [*range(start, stop, step)]}
        case Constant(value=str(text)) if text.strip() not in ("", "[]"):
            return {"withParam": text}
        case Constant() | Range():
            return {"withParam": "[]"}
        case other:
            return {"withParam": scope.value(other)}


def _item(item: Json) -> Any:
    match item:
        case str():
            return literal(item)
        case None:
            return "null"
        case Mapping():
            return {key: _item(value) for key, value in item.items()}
        case tuple():
            return literal(as_text(item))
        case _:
            return thaw(item)


def bundled(workflow: Workflow, orders: Orders) -> frozenset[str]:
    """The steps with a loop of which others ask how they ended, where Argo has another answer:
    it takes a loop for a success whose rounds are all skipped, and skips one without items.
    """
    loops = [(n, loop) for n in workflow.nodes if isinstance(loop := n.loop, ForEach)]
    if not loops:
        return frozenset()
    asked = {
        name
        for order in orders.values()
        for name, statuses in order.items()
        if statuses - {"passed", "finished"}
    }
    asked |= {name for node in workflow.nodes for name in watched(node.guard)}
    asked |= {output.node for output in workflow.outputs.values()}
    return frozenset(
        node.name
        for node, loop in loops
        if node.name in asked
        and (node.guard is not None or may_be_empty(loop))
        and not _asks_items(node)
    )


# --- as a template of its own -----------------------------------------------------------------


def side_by_side(
    node: Node, loop: ForEach, scope: Scope, library: Library, body: tuple[str, dict[str, str]]
) -> Callee:
    """A template around the loop, whose own parallelism is the limit."""
    template, besides = body
    if _asks_items(node):
        message = f"step `{node.name}` is limited in how many run at a time, and asks for its items"
        raise refusal(node, message, "take the limit or the condition away")
    own: dict[str, Input] = {
        name: value for name, value in node.inputs.items() if not isinstance(value, Item)
    }
    given_items: dict[str, Input] = (
        {} if isinstance(loop.items, Constant | Range) else {"items": loop.items}
    )
    inner = Scope(scope.nodes, "steps", is_top=False)
    taken: dict[str, Input] = {
        **{name: Parameter(name) for name in node.inputs},
        **_only_items(node),
    }
    call = {
        "name": node.name,
        "template": template,
        **given(arguments=passed_on(node, {n: inner.value(v) for n, v in taken.items()}, besides)),
        **items_of(replace(loop, items=Parameter("items")) if given_items else loop, inner),
    }
    name = library.put(
        f"{node.template or node.name}-each",
        {
            **given(inputs=inputs_around(node, [*own, *besides, *given_items])),
            **given(outputs=given(parameters=[*_lists(node, loop, scope)])),
            **given(parallelism=loop.parallelism),
            "steps": [[call]],
        },
    )
    values = {n: scope.value(v) for n, v in {**own, **given_items}.items()}
    return Callee(name, {**values, **besides})


def _only_items(node: Node) -> dict[str, Item]:
    return {name: value for name, value in node.inputs.items() if isinstance(value, Item)}


def _asks_items(node: Node) -> bool:
    return any(isinstance(operand, Item) for operand in operands_of(node.guard))


def _lists(node: Node, loop: ForEach, around: Scope) -> Iterator[Template]:
    inner = replace(node, loop=replace(loop, parallelism=None))
    scope = Scope({node.name: inner}, "steps", marked=around.marked)
    for output in node.outputs:
        if output.kind == "parameter":
            source = scope.source(Output(node.name, output.name))
            yield {"name": output.name, "valueFrom": source}


# --- templates around a step ------------------------------------------------------------------


def inputs_around(node: Node, parameters: list[str]) -> dict[str, Any]:
    return given(
        parameters=[{"name": name} for name in parameters],
        artifacts=[{"name": name} for name in node.files],
    )


def passed_on(
    node: Node, parameters: Mapping[str, str], besides: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments of a step in a template around it, which has the same inputs."""
    values = {**parameters, **{name: f"{{{{inputs.parameters.{name}}}}}" for name in besides}}
    files = [{"name": name, "from": f"{{{{inputs.artifacts.{name}}}}}"} for name in node.files]
    return given(
        parameters=[{"name": name, "value": value} for name, value in values.items()],
        artifacts=files,
    )
