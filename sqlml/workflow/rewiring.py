"""Steps with other sources of their values: renamed, or as a part of a workflow of their own."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    ForEach,
    HasStatus,
    Input,
    InputFile,
    Item,
    Loop,
    Node,
    Not,
    Operand,
    Output,
    Outputs,
    Parameter,
    Repeat,
)

Value = Output | Parameter | Item


@dataclass(frozen=True, slots=True)
class Rewiring:
    """How values and steps are replaced.

    value: what stands for an output, a parameter or a loop's item; the item of a node's own loop
    stays. step: the name that a step has now; None where it is no longer there.
    """

    value: Callable[[Value], Value]
    step: Callable[[str], str | None]

    def node(self, node: Node) -> Node:
        """A node whose values come from elsewhere."""
        return replace(
            node,
            inputs={name: self._input(value, node) for name, value in node.inputs.items()},
            after=tuple(self._after(node)),
            guard=self.condition(node.guard) if node.guard else None,
            loop=self.loop(node.loop),
            files={name: self._file(file) for name, file in node.files.items()},
            same_as=(node.same_as and self.step(node.same_as)) or "",
            same_rows_as=(node.same_rows_as and self.step(node.same_rows_as)) or "",
        )

    def _input(self, value: Input, node: Node) -> Input:
        if isinstance(value, Outputs):
            return replace(value, nodes=tuple(self.step(each) or each for each in value.nodes))
        if not isinstance(value, Value) or (type(value) is Item and isinstance(node.loop, ForEach)):
            return value
        return self.value(value)

    def _after(self, node: Node) -> list[After]:
        named = ((self.step(after.node), after) for after in node.after)
        return [replace(after, node=name) for name, after in named if name is not None]

    def loop(self, loop: Loop | None) -> Loop | None:
        """The same loop over other values."""
        match loop:
            case ForEach(items=Output() | Parameter() | Item() as items):
                return replace(loop, items=self.value(items))  # type: ignore[arg-type]
            case Repeat(condition=condition):
                return replace(loop, condition=self.condition(condition))
        return loop

    def _file(self, file: InputFile) -> InputFile:
        if not isinstance(file.source, Output):
            return file
        source = self.value(file.source)
        if not isinstance(source, Output):
            raise LookupError(file.path)
        return replace(file, source=source)

    def condition(self, condition: Condition) -> Condition:
        """The same condition on other values."""
        match condition:
            case Comparison(left, _, right):
                return replace(condition, left=self._operand(left), right=self._operand(right))
            case HasStatus(node=name) if name:
                step = self.step(name)
                if step is None:
                    raise LookupError(name)
                return replace(condition, node=step)
            case HasStatus():
                return condition
            case Not(term):
                return Not(self.condition(term))
            case AllOf(terms):
                return AllOf(tuple(map(self.condition, terms)))
            case AnyOf(terms):
                return AnyOf(tuple(map(self.condition, terms)))

    def _operand(self, side: Operand) -> Operand:
        return self.value(side) if isinstance(side, Value) else side


def renaming(names: dict[str, str]) -> Rewiring:
    """Other names for some steps."""

    def value(value: Value) -> Value:
        return (
            replace(value, node=names.get(value.node, value.node))
            if isinstance(value, Output)
            else value
        )

    return Rewiring(value, lambda name: names.get(name, name))
