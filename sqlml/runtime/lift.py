"""What a step is given that has run out of memory."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlml.runtime.report import StepReport
from sqlml.workflow.ir import Node


@dataclass(frozen=True, slots=True)
class Lift:
    """node: the step with more memory, where there is more. helps: a limit of ours was in its way.

    Without a limit, more memory means no more than fewer neighbours.
    """

    node: Node
    helps: bool


@dataclass(frozen=True, slots=True)
class Lifts:
    """most: the machine's memory in bytes. largest: the most that a step's type was seen with.

    are_limits: whether steps are ended that hold more than they ask for.
    """

    most: int
    largest: Callable[[Node], int]
    are_limits: bool

    def __call__(self, node: Node, report: StepReport) -> Lift:
        """The next attempt after one that ran out of memory.

        It is given the largest seen, then the double of what it had, but no more than there is.
        """
        from sqlml.optimizer.sizing.waste import lifted

        asked = node.resources.memory
        had = max(asked or 0, report.peak_memory)
        memory = min(int(lifted(had, self.largest(node), 0)), self.most)
        if not had or memory <= had:
            return Lift(node, helps=False)
        more = replace(node.resources, memory=memory, estimated=True)
        return Lift(replace(node, resources=more), self.are_limits and asked is not None)
