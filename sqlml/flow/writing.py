"""What all ways to write a step have in common."""

from collections import Counter
from dataclasses import replace

from sqlml.flow.blocks import Block, block_of
from sqlml.flow.values import Step
from sqlml.workflow.ir import After, Node, Place, Workflow
from sqlml.workflow.places import fault, kebab


class Writing:
    """A workflow that steps are written to.

    settings: all of it but its steps. names: that steps have, in their order. numbers: by name,
    how often it was taken. after: by step, what it waits for besides what it is given. unopened:
    the blocks that are not entered yet, and where they are. exits: the steps that run when all
    others have ended.
    """

    def __init__(self, settings: Workflow) -> None:
        self.name = settings.name
        self.settings = settings
        self.names: dict[str, None] = {}
        self.numbers: Counter[str] = Counter()
        self.after: dict[str, list[After]] = {}
        self.unopened: dict[int, tuple[str, Place]] = {}
        self.root = Block(self)
        self.exits = Block(self)

    def add(self, node: Node, name: str) -> Step:
        """Write a step; its name gets a number where it is taken."""
        block = block_of(self)
        node = replace(node, name=self.unique(name), guard=block.guard)
        block.add(node)
        return Step(node.name, {o.name: o.type for o in node.outputs}, self)

    def unique(self, wanted: str) -> str:
        """A name like that for a step, which no other has."""
        name = base = kebab(wanted)
        while name in self.names:
            self.numbers[base] += 1
            name = f"{base}-{self.numbers[base] + 1}"
        self.names[name] = None
        return name

    def order(self, before: Step, after: Step) -> None:
        """Let a step start when another has succeeded, or was left out by its own condition.

        Raises:
            ProgramError: E0763, they are of different workflows.
        """
        if not {before.name, after.name} <= self.names.keys():
            raise fault("E0763", "steps of different workflows cannot wait for each other")
        self.after.setdefault(after.name, []).append(After(before.name, "passed"))
