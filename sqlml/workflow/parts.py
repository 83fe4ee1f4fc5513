"""A workflow in parts: sub-workflows that a parent calls, each with some of its steps.

Nothing that a step means changes by it, wherever the cuts are. A part begins when the parts that it
needs have ended, in whatever way. What its steps need of another part is in it under its own name,
as a node that stands for that step (`StepOf`): with its outputs, and in the state in which it has
ended. So a step whose giver has failed over there is omitted, one behind a step that was skipped
is skipped, `after x failed` and conditions on a status hold or do not, and steps beside them that
need nothing of it run, as if all were in one workflow. What a part has left can be taken from it
even if some of its steps have failed. Steps on exit stay with the parent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count

from sqlml.workflow.graph import needs, operands_of
from sqlml.workflow.ir import (
    After,
    Call,
    ForEach,
    Node,
    Output,
    OutputDeclaration,
    Outputs,
    Parameter,
    Repeat,
    StepOf,
    Workflow,
)
from sqlml.workflow.rewiring import renaming

Groups = Sequence[Sequence[str]]

PART_LABEL = "sqlml-part"  # of the runs of parts that are objects of a cluster


def in_parts(workflow: Workflow, groups: Groups, name: str = "part") -> Workflow:
    """The workflow as calls of parts, one for each group of steps; parts keep the groups' order.

    groups: each step is in one; they need each other in no circle. name: what the names of the
    parts begin with.
    """
    names = _free_names(workflow, name, len(groups))
    where = {step: part for part, group in zip(names, groups, strict=True) for step in group}
    nodes = {node.name: node for node in workflow.nodes}
    passed = _passed(workflow, where)
    calls: list[Node] = []
    parts: list[Workflow] = []
    for part, group in zip(names, groups, strict=True):
        members = [nodes[step] for step in group]
        others = [nodes[step] for step in _elsewhere(members, where, part)]
        given = {_key(o): o for o in passed.get(part, ())}
        parts.append(
            Workflow(
                part,
                (*(_stand_in(node, where) for node in others), *members),
                {each: workflow.parameters[each] for each in _parameters(members)},
                given,
                retry=workflow.retry,
            )
        )
        calls.append(
            Node(
                part,
                Call(part, is_part=True),
                {each: Parameter(each) for each in parts[-1].parameters},
                tuple(_declared(nodes[o.node], o) for o in given.values()),
                tuple(After(each, "finished") for each in _before(others, where)),
            )
        )
    others = [nodes[step] for step in _elsewhere(workflow.on_exit, where, "")]
    return replace(
        workflow,
        nodes=tuple(calls),
        outputs={key: Output(where[o.node], _key(o)) for key, o in workflow.outputs.items()},
        workflows=(*workflow.workflows, *parts),
        on_exit=(*(_stand_in(node, where) for node in others), *workflow.on_exit),
    )


def is_part(node: Node) -> bool:
    return isinstance(node.operation, Call) and node.operation.is_part


def groups_of(workflow: Workflow) -> Groups:
    """The steps of each part, of a workflow in parts; else none."""
    known = {each.name: each for each in workflow.workflows}
    return [[n.name for n in _own(known[node.name])] for node in workflow.nodes if is_part(node)]


def joined(workflow: Workflow) -> Workflow:
    """The workflow in one piece again, and those that it calls."""
    parts = {node.name for each in (workflow, *workflow.workflows) for node in each.nodes
             if is_part(node)}  # fmt: skip
    if not parts:
        return workflow
    known = {each.name: each for each in workflow.workflows}
    called = tuple(_joined(each, known) for each in workflow.workflows if each.name not in parts)
    return replace(_joined(workflow, known), workflows=called)


def names_in_run(workflow: Workflow) -> Mapping[str, str]:
    """What the steps of parts are called when these run: `part-2.train`, by their own names."""
    known = {each.name: each for each in workflow.workflows}
    parts = filter(is_part, workflow.nodes)
    return {n.name: f"{part.name}.{n.name}" for part in parts for n in _own(known[part.name])}


def as_run(workflow: Workflow) -> Workflow:
    """The workflow in one piece, its steps called what they are called when the parts run."""
    names = names_in_run(workflow)
    whole, wires = joined(workflow), renaming({**names})

    def named(nodes: Sequence[Node]) -> tuple[Node, ...]:
        return tuple(replace(wires.node(n), name=names.get(n.name, n.name)) for n in nodes)

    return replace(whole, nodes=named(whole.nodes), on_exit=named(whole.on_exit))


def _joined(workflow: Workflow, known: Mapping[str, Workflow]) -> Workflow:
    parts = {node.name: known[node.name] for node in workflow.nodes if is_part(node)}

    def inner(output: Output) -> Output:
        return parts[output.node].outputs[output.name] if output.node in parts else output

    nodes = ([*_own(parts[node.name])] if is_part(node) else [node] for node in workflow.nodes)
    return replace(
        workflow,
        nodes=tuple(chain.from_iterable(nodes)),
        outputs={name: inner(output) for name, output in workflow.outputs.items()},
        on_exit=tuple(n for n in workflow.on_exit if not isinstance(n.operation, StepOf)),
    )


def _own(part: Workflow) -> Iterator[Node]:
    return (node for node in part.nodes if not isinstance(node.operation, StepOf))


def _free_names(workflow: Workflow, prefix: str, wanted: int) -> list[str]:
    """Names for parts that nothing in the workflow has."""
    taken = {each.name for each in workflow.workflows}
    taken |= {node.name for node in (*workflow.nodes, *workflow.on_exit)}
    free = (name for number in count(1) if (name := f"{prefix}-{number}") not in taken)
    return [next(free) for _ in range(wanted)]


def _elsewhere(nodes: Sequence[Node], where: Mapping[str, str], part: str) -> list[str]:
    """The steps of other parts that these need, each once."""
    found = dict.fromkeys(name for node in nodes for name in needs(node))
    return [name for name in found if where.get(name, part) != part]


def _before(others: Sequence[Node], where: Mapping[str, str]) -> list[str]:
    return [*dict.fromkeys(where[node.name] for node in others)]


def _stand_in(node: Node, where: Mapping[str, str]) -> Node:
    return Node(node.name, StepOf(where[node.name]), outputs=node.outputs, place=node.place)


def _passed(workflow: Workflow, where: Mapping[str, str]) -> dict[str, list[Output]]:
    """By part, the outputs of its steps that steps elsewhere or the workflow's caller take."""
    found: dict[tuple[str, str], Output] = {}
    for node in (*workflow.nodes, *workflow.on_exit):
        for output in taken(node):
            if where.get(output.node, "") != where.get(node.name, ""):
                found.setdefault((output.node, output.name), output)
    for output in workflow.outputs.values():
        found.setdefault((output.node, output.name), output)
    by_part: dict[str, list[Output]] = {}
    for output in found.values():
        by_part.setdefault(where[output.node], []).append(output)
    return by_part


def taken(node: Node) -> Iterator[Output]:
    """The outputs that a node takes, its own in a loop's condition left out."""
    for value in node.inputs.values():
        if isinstance(value, Output):
            yield value
        elif isinstance(value, Outputs):
            yield from (Output(each, value.name) for each in value.nodes)
    yield from (o for o in operands_of(node.guard) if isinstance(o, Output))
    if isinstance(node.loop, ForEach) and isinstance(node.loop.items, Output):
        yield node.loop.items
    yield from (file.source for file in node.files.values() if isinstance(file.source, Output))


def _parameters(nodes: Sequence[Node]) -> list[str]:
    """The parameters that nodes take, each once."""
    found: dict[str, None] = {}
    for node in nodes:
        values = [*node.inputs.values(), *operands_of(node.guard)]
        match node.loop:
            case ForEach(items=items):
                values.append(items)  # type: ignore[arg-type]
            case Repeat(condition=condition):
                values += operands_of(condition)
        found |= dict.fromkeys(value.name for value in values if isinstance(value, Parameter))
    return [*found]


def _key(output: Output) -> str:
    return f"{output.node}-{output.name}"


def _declared(node: Node, output: Output) -> OutputDeclaration:
    (declared,) = (each for each in node.outputs if each.name == output.name)
    return replace(declared, name=_key(output), path="", artifact=None)
