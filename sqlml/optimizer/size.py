"""size: ask for the memory that a step needed before, so that what runs side by side fits."""

from dataclasses import dataclass, replace

from sqlml.optimizer.history import History, operation_of, target_of
from sqlml.workflow.ir import Node, Workflow


@dataclass(frozen=True, slots=True)
class Size:
    """Each step's memory becomes the largest peak it had in earlier runs, plus a margin.

    A step that was never run, or whose request is the user's own, is left as it is.
    """

    history: History
    margin: float = 0.2

    def __call__(self, workflow: Workflow) -> Workflow:
        return replace(workflow, nodes=tuple(self._sized(node) for node in workflow.nodes))

    def _sized(self, node: Node) -> Node:
        past = self.history.past(operation_of(node), target_of(node))
        peak = max((step.peak_memory for step in past), default=0)
        if not peak or node.resources.memory is not None:
            return node
        memory = int(peak * (1 + self.margin))
        return replace(node, resources=replace(node.resources, memory=memory))
