"""Loops in Argo's words: items of a task, and templates around a step for what tasks cannot say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlml.codegen.argo.conditions import when_of
from sqlml.codegen.argo.failures import Orders
from sqlml.codegen.argo.pods import given
from sqlml.codegen.argo.templates import Library, Template, place_of, refusal
from sqlml.codegen.argo.text import Scope, literal, may_be_empty, member
from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.graph import operands_of, watched
from sqlml.workflow.ir import (
    Constant,
    Container,
    ForEach,
    Input,
    Item,
    Json,
    Node,
    Output,
    Parameter,
    Range,
    Repeat,
    Script,
    Workflow,
)
from sqlml.workflow.serial import thaw
from sqlml.workflow.texts import as_text

ROUNDS = 100  # each is a template in the one before: how deep they may lie (95 rounds or so)
IMAGE = "busybox"  # of the step that fails, where no step of the loop has an image


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
        for node in workflow.nodes
        if isinstance(node.loop, ForEach)
        and node.name in asked
        and (node.guard is not None or may_be_empty(node.loop))
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
        **given(arguments=_passed(node, {n: inner.value(v) for n, v in taken.items()}, besides)),
        **items_of(replace(loop, items=Parameter("items")) if given_items else loop, inner),
    }
    name = library.put(
        f"{node.template or node.name}-each",
        {
            **given(inputs=_inputs(node, [*own, *besides, *given_items])),
            **given(outputs=given(parameters=[*_lists(node, loop)])),
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


def _lists(node: Node, loop: ForEach) -> Iterator[Template]:
    inner = replace(node, loop=replace(loop, parallelism=None))
    scope = Scope({node.name: inner}, "steps")
    for output in node.outputs:
        if output.kind == "parameter":
            source = scope.source(Output(node.name, output.name))
            yield {"name": output.name, "valueFrom": source}


# --- as long as a condition holds -------------------------------------------------------------


def repeated(
    node: Node, loop: Repeat, scope: Scope, library: Library, body: tuple[str, dict[str, str]]
) -> Callee:
    """A template that runs the step, and then itself as long as the condition holds."""
    if loop.limit > ROUNDS:
        raise _too_deep(node, loop)
    template, besides = body
    again, spent = f"{node.name}-again", f"{node.name}-spent"
    once_only = replace(node, loop=None)
    outside = (
        {}
        if scope.is_top
        else {p.name: p for p in operands_of(loop.condition) if isinstance(p, Parameter)}
    )
    if clash := next((n for n in outside if node.inputs.get(n, outside[n]) != outside[n]), None):
        message = f"step `{node.name}` and the condition of its loop call two values `{clash}`"
        raise refusal(node, message, "give the step's input another name")
    name = library.reserve(f"{node.template or node.name}-loop")
    inner = Scope({node.name: once_only}, "steps", scope.is_top)
    holds = when_of(loop.condition, inner)
    passed = [*dict.fromkeys([*node.inputs, *besides, *outside])]
    kept = {each: f"{{{{inputs.parameters.{each}}}}}" for each in passed}
    next_round = {"round": "{{=asInt(inputs.parameters.round) + 1}}"}
    run = {each: kept[each] for each in (*node.inputs, *besides)}
    too_many = _failure(node, loop, library)
    library.fill(
        name,
        {
            "inputs": _inputs(node, [*passed, "round"]),
            **given(outputs=_last_outputs(once_only, again)),
            "steps": [
                [{"name": node.name, "template": template, **_arguments(node, run)}],
                [
                    {
                        "name": again,
                        "template": name,
                        **_arguments(node, {**kept, **next_round}),
                        "when": f"({holds}) && {{{{inputs.parameters.round}}}} < {loop.limit}",
                    },
                    {
                        "name": spent,
                        "template": too_many,
                        "when": f"({holds}) && {{{{inputs.parameters.round}}}} >= {loop.limit}",
                    },
                ],
            ],
        },
    )
    values = {each: scope.value(value) for each, value in {**outside, **node.inputs}.items()}
    return Callee(name, {**values, **besides, "round": "1"})


def _too_deep(node: Node, loop: Repeat) -> ProgramError:
    message = (
        f"step `{node.name}` may have {loop.limit} rounds, and Argo nests no more than {ROUNDS}"
    )
    hint = f"let a step of its own do more each round, and set the limit to {ROUNDS} or less"
    return ProgramError(Diagnostic("E0832", message, label=place_of(node), hint=hint))


def _failure(node: Node, loop: Repeat, library: Library) -> str:
    """A template that fails: the condition still holds after the last round."""
    operation = node.operation
    image = operation.image if isinstance(operation, Container | Script) else ""
    why = f"the condition still holds after {loop.limit} rounds"
    body = {
        "image": literal(image) or IMAGE,
        "command": ["sh", "-c"],
        "args": [f"echo '{why}' >&2; exit 1"],
    }
    return library.put("too-many-rounds", {"container": body})


def _last_outputs(node: Node, again: str) -> dict[str, Any]:
    """The outputs of the last round: of the rounds after this one, if there are any."""
    parameters, artifacts = [], []
    scope = Scope({node.name: node}, "steps")
    went_on = f"{member(f'steps.{again}.status')} == 'Succeeded'"
    for output in node.outputs:
        if output.kind == "parameter":
            mine = member(scope.output(Output(node.name, output.name)))
            later = member(f"steps.{again}.outputs.parameters.{output.name}")
            source = {"expression": f"{went_on} ? {later} : {mine}"}
            parameters.append({"name": output.name, "valueFrom": source})
        elif output.path:
            mine, later = (
                member(f"steps.{step}.outputs.artifacts.{output.name}")
                for step in (node.name, again)
            )
            chosen = f"{went_on} ? {later} : {mine}"
            artifacts.append({"name": output.name, "fromExpression": chosen})
    return given(parameters=parameters, artifacts=artifacts)


# --- templates around a step ------------------------------------------------------------------


def _inputs(node: Node, parameters: list[str]) -> dict[str, Any]:
    return given(
        parameters=[{"name": name} for name in parameters],
        artifacts=[{"name": name} for name in node.files],
    )


def _arguments(node: Node, parameters: Mapping[str, str]) -> dict[str, Any]:
    return given(arguments=_passed(node, parameters, {}))


def _passed(
    node: Node, parameters: Mapping[str, str], besides: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments of a step in a template around it, which has the same inputs."""
    values = {**parameters, **{name: f"{{{{inputs.parameters.{name}}}}}" for name in besides}}
    files = [{"name": name, "from": f"{{{{inputs.artifacts.{name}}}}}"} for name in node.files]
    return given(
        parameters=[{"name": name, "value": value} for name, value in values.items()],
        artifacts=files,
    )
