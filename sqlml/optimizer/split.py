"""split: a workflow over budget becomes several, with the parent that runs them.

The Couler paper's Alg. 3, mended: no step is lost, each part is within every budget, and no two
parts wait for each other. `workflow/parts.py` says how steps keep their meaning across parts,
`workflow/partition.py` where the cuts are.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from statistics import median

from sqlml.errors import Diagnostic, ProgramError
from sqlml.optimizer.history import History, operation_of, target_of
from sqlml.workflow.cutting import cut
from sqlml.workflow.graph import in_order
from sqlml.workflow.ir import Call, Constant, ForEach, Node, Range, Suspend, Workflow
from sqlml.workflow.parts import groups_of, in_parts
from sqlml.workflow.quotient import Size, fits, total
from sqlml.workflow.serial import encode

_UNITS = {"steps": "steps", "pods": "pods", "bytes": "bytes of manifest"}
_FRAME = 250  # bytes of a manifest that a step takes besides what it says itself


@dataclass(frozen=True, slots=True)
class Split:
    """A workflow with more than it may have of something becomes parts that have not.

    steps: of one graph. pods: at most, rounds of loops over known lists and steps of what is
    called counted; for other loops, one. bytes: of the manifest, as it is estimated before it is
    written. 0 is no limit. What is in parts already is left as it is.
    """

    history: History
    steps: int = 200
    pods: int = 0
    bytes: int = 0

    def __call__(self, workflow: Workflow) -> Workflow:
        """Raises:
        ProgramError: E0850 a step alone is over a budget; E0851 a budget is below 0.
        """
        if min(self.steps, self.pods, self.bytes) < 0:
            hint = "0 is no limit"
            raise ProgramError(Diagnostic("E0851", "a budget of `split` is below 0", hint=hint))
        if any(map(groups_of, (workflow, *workflow.workflows))):
            return workflow
        workflow = replace(workflow, nodes=tuple(map(_alone, workflow.nodes)))
        called = {each.name: each for each in workflow.workflows}
        parted = [
            self._split(each, called, f"{each.name[:40]}-part") for each in workflow.workflows
        ]
        whole = self._split(workflow, called, "part")
        own = whole.workflows[len(workflow.workflows) :]
        new = [part for one, old in zip(parted, workflow.workflows, strict=True)
               for part in one.workflows if one is not old]  # fmt: skip
        return replace(
            whole, workflows=(*(replace(each, workflows=()) for each in parted), *new, *own)
        )

    def _split(self, workflow: Workflow, called: Mapping[str, Workflow], name: str) -> Workflow:
        nodes = in_order(workflow)
        limits = tuple(float(each or inf) for each in (self.steps, self.pods, self.bytes))
        sizes = [_size(node, called) for node in nodes]
        if not nodes or fits(total(sizes), limits):
            return workflow
        if faults := [*_too_large(nodes, sizes, limits)]:
            raise ProgramError(*faults)
        parts = cut(nodes, sizes, limits, self._seconds(nodes))
        return in_parts(workflow, [[node.name for node in part] for part in parts], name)

    def _seconds(self, nodes: Sequence[Node]) -> list[float]:
        """How long steps took before; those that never ran, as long as one does in the middle."""
        known = [self._median(node) for node in nodes]
        usual = median([each for each in known if each is not None] or [1.0])
        return [usual if each is None else each for each in known]

    def _median(self, node: Node) -> float | None:
        target = target_of(node)
        past = self.history.past(operation_of(node), target) if target else ()
        return median(step.seconds for step in past) if past else None


def _alone(node: Node) -> Node:
    """A step that takes nothing of what others have done, unless it is handed to it."""
    return replace(node, same_as="", same_rows_as="")


def _size(node: Node, called: Mapping[str, Workflow]) -> Size:
    told = len(json.dumps(encode(node), ensure_ascii=False).encode())
    return 1.0, float(_pods(node, called)), float(told + _FRAME)


def _pods(node: Node, called: Mapping[str, Workflow]) -> int:
    match node.operation:
        case Suspend():
            return 0
        case Call(name):
            own = sum(_pods(inner, called) for inner in called[name].nodes)
        case _:
            own = 1
    match node.loop:
        case ForEach(items=Range(start, stop, step)):
            return own * len(range(start, stop, step))
        case ForEach(items=Constant(value=tuple(items))):
            return own * len(items)
        case _:
            return own


def _too_large(nodes: Sequence[Node], sizes: Sequence[Size], limits: Size) -> Iterator[Diagnostic]:
    for node, size in zip(nodes, sizes, strict=True):
        for (name, unit), own, most in zip(_UNITS.items(), size, limits, strict=True):
            if own > most:
                place = node.place
                yield Diagnostic(
                    "E0850",
                    f"step `{node.name}` alone has {own:,.0f} {unit}, more than the {most:,.0f}"
                    " that a part may have",
                    label=f"at {place.file}:{place.line}:{place.column}" if place else "",
                    hint=f"allow more (`split{{{name}={own:.0f}}}`), or let it do less",
                )
