"""A limit on the steps at a time, said as an order, for engines that have no such limit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlml.codegen import plain
from sqlml.workflow.graph import in_order, needs
from sqlml.workflow.ir import After, Call, Constant, ForEach, Node, Range, Workflow


def in_lanes(workflow: Workflow) -> Workflow:
    """A workflow without calls whose order alone keeps what its parallelism asks for.

    There are as many lanes as there may be steps at a time, and each step waits for the end of the
    one before it in its lane, however that ended. A loop whose rounds run at the same time takes a
    lane for each of them, and runs no more rounds at a time than there are lanes.
    """
    limit = workflow.parallelism
    if limit is None:
        return workflow
    last = replace(workflow, nodes=workflow.on_exit)
    return replace(
        workflow,
        nodes=tuple(_ordered(in_order(workflow), limit)),
        on_exit=tuple(_ordered(in_order(last), limit)),
        parallelism=None,
    )


def with_limited_parts(workflow: Workflow) -> Workflow:
    """A workflow in which those that it calls keep their limits by order; but not those that call
    others, whose steps are not known here.
    """
    parts = (part if calls_others(part) else in_lanes(part) for part in workflow.workflows)
    return replace(workflow, workflows=tuple(parts))


def calls_others(workflow: Workflow) -> bool:
    nodes = (*workflow.nodes, *workflow.on_exit)
    return any(isinstance(node.operation, Call) for node in nodes)


@dataclass(slots=True)
class _Lane:
    """step: the last in it. free: when that has ended, if each step takes as long as any other."""

    step: str = ""
    free: int = 0


def _ordered(nodes: Sequence[Node], limit: int) -> Iterator[Node]:
    lanes = [_Lane() for _ in range(limit)]
    ends: dict[str, int] = {}
    for node in nodes:
        rounds = _rounds_at_a_time(node, limit)
        before = needs(node)
        ready = max((ends.get(name, 0) for name in before), default=0)
        chosen = sorted(lanes, key=lambda lane: _waste(lane, ready, before))[:rounds]
        start = max(ready, *(lane.free for lane in chosen))
        ends[node.name] = start + 1
        waits = dict.fromkeys(lane.step for lane in chosen if lane.step not in ("", *before))
        for lane in chosen:
            lane.step, lane.free = node.name, start + 1
        after = tuple(After(name, "finished") for name in waits)
        loop = node.loop
        if isinstance(loop, ForEach):
            loop = replace(loop, parallelism=rounds)
        yield replace(node, after=(*node.after, *after), loop=loop)


def _waste(lane: _Lane, ready: int, before: Sequence[str]) -> tuple[int, bool, int]:
    """The less, the better a lane is for a step that could start at `ready`: how long the step
    would wait for it, whether it would wait for one more step, how long the lane would be idle.
    """
    return max(lane.free - ready, 0), lane.step not in ("", *before), max(ready - lane.free, 0)


def _rounds_at_a_time(node: Node, limit: int) -> int:
    if not isinstance(node.loop, ForEach):
        return 1
    items, own = node.loop.items, node.loop.parallelism or limit
    known = len(plain.items(items)) if isinstance(items, Constant | Range) else limit
    return max(min(known, own, limit), 1)
