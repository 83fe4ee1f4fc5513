"""Objects of the cluster in loops: each round makes one of its own name."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlml.couler.arguments import input_of
from sqlml.couler.bodies import Body
from sqlml.couler.manifests import renamed
from sqlml.workflow.ir import Node, Resource


def named_by_item(bodies: Sequence[Body], items: Sequence[Any]) -> Sequence[Body]:
    """The bodies of a loop; jobs that would all be called the same are called after their items."""
    nodes = [body.steps[0][1] for body in bodies if len(body.steps) == 1]
    jobs = [n.operation for n in nodes if isinstance(n.operation, Resource) and not n.inputs]
    makes_one = len(jobs) == len(bodies) and len({repr(job) for job in jobs}) == 1
    if not makes_one or jobs[0].action != "create":
        return bodies
    made = [_named(node, item) for node, item in zip(nodes, items, strict=True)]
    return [
        replace(body, steps=((body.steps[0][0], node),))
        for body, node in zip(bodies, made, strict=True)
    ]


def _named(node: Node, item: Any) -> Node:
    """Couler's own name for the parameter."""
    taken = f"{node.template}-para-name"
    if not isinstance(node.operation, Resource):
        return node
    manifest = renamed(node.operation.manifest, taken)
    if manifest is None:
        return node
    operation = replace(node.operation, manifest=manifest)
    return replace(node, operation=operation, inputs={taken: input_of(item)})
