"""Called workflows as one step, for engines that can neither repeat a call nor map it.

The step is a script: the interpreter that engines give their steps, and what it is told of those of
the called workflow. So the loop, the condition and the order of the call are those of a script.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from sqlml.codegen import plain
from sqlml.codegen.given import given_step, parameters_of
from sqlml.codegen.lanes import calls_others
from sqlml.workflow.graph import compared, in_order
from sqlml.workflow.ir import (
    Call,
    Constant,
    Container,
    ForEach,
    Input,
    Node,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Placement,
    Range,
    Resources,
    Retry,
    RunId,
    Script,
    SecretKey,
    Take,
    Workflow,
)

_FOLDER = "outputs"


def for_one_step(workflow: Workflow) -> frozenset[str]:
    """The calls in whose place the steps of what they call cannot stand.

    They are repeated, made for items that are not known, have a policy of their own; or the list of
    what they give is compared, looped over, or given on; or what they call calls others, and has a
    limit on its steps at a time.
    """
    nodes: list[Node] = []
    whole = [output.node for output in workflow.outputs.values()]
    for part in (workflow, *workflow.workflows):
        nodes += (*part.nodes, *part.on_exit)
        whole += [output.node for output in part.outputs.values()]
    whole += [output.node for node in nodes for output in compared(node.guard)]
    loops = [node.loop for node in nodes if isinstance(node.loop, ForEach)]
    whole += [loop.items.node for loop in loops if isinstance(loop.items, Output)]
    limited = {
        part.name
        for part in workflow.workflows
        if part.parallelism is not None and calls_others(part)
    }
    return frozenset(
        node.name
        for node in nodes
        if isinstance(node.operation, Call)
        and (
            _has_own(node)
            or (node.loop is not None and node.name in whole)
            or node.operation.workflow in limited
        )
    )


def _has_own(call: Node) -> bool:
    """Whether a call has a policy, or a loop of which nobody knows how many rounds it has."""
    match call.loop:
        case None | ForEach(items=Constant(value=tuple()) | Range()):
            return call.timeout is not None or call.retry is not None
        case _:
            return True


def hindrance(called: Workflow, *, by_image: bool) -> str:
    """Why one step cannot do what those of a workflow without calls do; empty where it can.

    by_image: each step runs in its image.
    """
    images = _images(called.nodes)
    if by_image and len(images) > 1:
        return f"its steps run in several images: {', '.join(images)}"
    if len(_placements(called.nodes)) > 1:
        return "its steps run on different machines"
    mounts = {mount for node in called.nodes for mount in node.mounts}
    if len({mount.path for mount in mounts}) < len(mounts):
        return "its steps find different volumes at one path"
    kinds = {one.kind for node in called.nodes for one in node.outputs}
    if "artifact" in kinds or any(node.files for node in called.nodes):
        return "its steps have files"
    return ""


def as_one_step(
    call: Node,
    called: Workflow,
    declared: Mapping[str, ParameterDeclaration],
    retry: Retry | None,
) -> Node:
    """A call as a script that runs the steps of what it calls, one after the other.

    called: without calls. declared: the parameters of the whole workflow. retry: of steps that say
    nothing.
    """
    nodes = in_order(called)
    known = {**declared, **called.parameters}
    taken = _taken(call, called)
    group = {
        "takes": [_key(name, known) for name in taken],
        "steps": [given_step(node, node.retry or retry) for node in nodes],
        "outputs": {name: [o.node, o.name] for name, o in called.outputs.items()},
        **({} if call.timeout is None else {"timeout": call.timeout}),
    }
    images, placements = _images(nodes), _placements(nodes)
    mounts = {mount.path: mount for node in nodes for mount in node.mounts}
    return replace(
        call,
        operation=Script(
            _source(group),
            next(iter(images), ""),
            ("python3",),
            tuple(map(Take, taken)),
            pull=_pull(nodes),
        ),
        inputs=taken,
        outputs=tuple(
            OutputDeclaration(one.name, "parameter", path=f"{_FOLDER}/{one.name}", type=one.type)
            for one in call.outputs
        ),
        resources=_most([node.resources for node in nodes]),
        env={"_".join((key.secret, key.key)): key for key in _secrets(nodes)},
        mounts=tuple(mounts.values()),
        placement=next(iter(placements), call.placement),
        retry=call.retry or Retry(0),
        timeout=None,
        ext=plain.GROUP,
    )


def _key(name: str, known: Mapping[str, ParameterDeclaration]) -> tuple[str, str]:
    """What steps call a value, and its type; texts and JSON are as they are written."""
    if name not in known:
        return "run", "text"
    kind = known[name].type
    return f"parameter--{name}", kind if kind in ("int", "float", "bool") else "text"


def _source(group: Mapping[str, object]) -> str:
    told = json.dumps(group, ensure_ascii=False, separators=(",", ":"))
    parts = (plain.interpreter(), plain.part("given_step"), plain.part("group"))
    last = f"main(json.loads({told!r}), {_FOLDER!r}, sys.argv[1:])\n"
    return "\n\n".join([*parts, last])


def _taken(call: Node, called: Workflow) -> dict[str, Input]:
    """What the step takes: what the call does, and what the steps take of the whole workflow."""
    found: dict[str, Input] = {n: v for n, v in call.inputs.items() if n in called.parameters}
    for node in called.nodes:
        others = (name for name in parameters_of(node) if name not in called.parameters)
        found |= {name: Parameter(name) for name in others}
    if any(isinstance(value, RunId) for node in called.nodes for value in node.inputs.values()):
        found["run"] = RunId()
    return found


def _images(nodes: Sequence[Node]) -> list[str]:
    programs = (node.operation for node in nodes if isinstance(node.operation, Container | Script))
    return [*dict.fromkeys(one.image for one in programs if one.image)]


def _pull(nodes: Sequence[Node]) -> Literal["", "Always", "IfNotPresent", "Never"]:
    programs = (node.operation for node in nodes if isinstance(node.operation, Container | Script))
    return next((one.pull for one in programs if one.pull), "")


def _placements(nodes: Sequence[Node]) -> list[Placement]:
    found: list[Placement] = []
    for node in nodes:
        if node.placement not in (*found, Placement()):
            found.append(node.placement)
    return found


def _secrets(nodes: Sequence[Node]) -> Iterator[SecretKey]:
    for node in nodes:
        yield from (value for value in node.env.values() if isinstance(value, SecretKey))


def _most(asked: Sequence[Resources]) -> Resources:
    """What is enough for each of some steps that run one after the other."""
    return Resources(
        max((one.cpu for one in asked if one.cpu is not None), default=None),
        max((one.memory for one in asked if one.memory is not None), default=None),
        max((one.gpu for one in asked if one.gpu is not None), default=None),
        {name: value for one in asked for name, value in one.others.items()},
        all(one.estimated for one in asked),
    )
