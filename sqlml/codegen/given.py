"""What a step is told by engines where it reads itself what earlier steps gave (given_step.txt)."""

from typing import Any

from sqlml.codegen import plain
from sqlml.workflow.graph import givers, operands_of
from sqlml.workflow.ir import (
    Constant,
    ForEach,
    Input,
    Item,
    Node,
    Output,
    Outputs,
    Parameter,
    Range,
    Repeat,
    Retry,
    RunId,
)
from sqlml.workflow.serial import thaw


def given_step(node: Node, retry: Retry | None) -> dict[str, Any]:
    """All that a node does, when, and how often, as plain values. All its rounds are one task."""
    told = plain.step(node, _value, [])
    asked = [*((after.node, after.status) for after in node.after)]
    asked += [(name, "succeeded") for name in givers(node)]
    told["needs"] = [[name, status] for name, status in dict.fromkeys(asked)]
    if node.timeout is not None:
        told["timeout"] = node.timeout
    if isinstance(node.loop, ForEach):
        told |= {"items": _value(node.loop.items), "parallelism": node.loop.parallelism}
        told["asks_items"] = any(isinstance(one, Item) for one in operands_of(node.guard))
    if retry is not None:
        told["retry"] = {
            "limit": retry.limit,
            "seconds": retry.backoff.seconds,
            "factor": retry.backoff.factor,
            "longest": retry.backoff.longest,
            "transient": plain.patterns(retry.on),
        }
    return told


def parameters_of(node: Node) -> tuple[str, ...]:
    """The workflow's parameters that a step takes, compares or goes over."""
    operands: list[object] = [*node.inputs.values(), *operands_of(node.guard)]
    if isinstance(node.loop, ForEach):
        operands.append(node.loop.items)
    elif isinstance(node.loop, Repeat):
        operands += operands_of(node.loop.condition)
    return tuple(dict.fromkeys(one.name for one in operands if isinstance(one, Parameter)))


def _value(value: Input | Range) -> list[Any]:
    match value:
        case Range(start, stop, step):
            return ["constant", [*range(start, stop, step)]]
        case Constant(value=constant):
            return ["constant", thaw(constant)]
        case Parameter(name):
            return ["parameter", name]
        case RunId():
            return ["run"]
        case Item(field):
            return ["item", field]
        case Output(node, name):
            return ["output", node, name]
        case Outputs(nodes, name):
            return ["outputs", [*nodes], name]
        case _:
            raise TypeError(f"not a program's input: {value}")
