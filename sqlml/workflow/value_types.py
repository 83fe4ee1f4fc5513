"""Whether values are of types that conditions, loops and parameters can do something with."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sqlml.workflow.graph import operands_of, watched
from sqlml.workflow.ir import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Constant,
    ForEach,
    Input,
    Item,
    Json,
    Node,
    Not,
    Operand,
    Output,
    OutputDeclaration,
    Outputs,
    Parameter,
    ParameterDeclaration,
    Range,
    Repeat,
    StepOf,
    ValueType,
)
from sqlml.workflow.texts import typed

_WORDS: Mapping[ValueType, str] = {
    "text": "a text", "int": "a whole number", "float": "a number", "bool": "true or false",
    "json": "JSON",
}  # fmt: skip
_NEVER: Mapping[ValueType, tuple[ValueType, ...]] = {  # by type, those that are never read as such
    "int": ("bool", "json"),
    "float": ("bool", "json"),
    "bool": ("json",),
}


def default_fault(name: str, declared: ParameterDeclaration) -> str:
    """What is wrong with the default of a parameter; empty when nothing is."""
    if declared.required or declared.default is None or _can_be(declared.default, declared.type):
        return ""
    return f"the default of `{name}` is {_WORDS[declared.type]}, not {declared.default!r:.60}"


@dataclass(frozen=True, slots=True)
class ValueTypes:
    """The types of what the steps of a workflow give and are given.

    parameters: of the workflow. outputs: by step. nodes: by name.
    """

    parameters: Mapping[str, ParameterDeclaration]
    outputs: Mapping[str, Mapping[str, OutputDeclaration]]
    nodes: Mapping[str, Node]

    # --- arguments ---

    def argument_fault(self, wanted: ValueType, value: Input, node: Node) -> str:
        """Why a parameter of a type cannot be given a value by a step; empty when it can."""
        for constant in self._constants(value, node):
            if constant is not None and not _can_be(constant, wanted):
                return f"is {_WORDS[wanted]}, not {constant!r:.60}"
        if isinstance(value, Constant):
            return ""
        if self._is_list(value):
            return f"is {_WORDS[wanted]}, not a list" if wanted in _NEVER else ""
        given = self._type(value)
        if given in _NEVER.get(wanted, ()):
            return f"is {_WORDS[wanted]}, not {_WORDS[given]}"
        return ""

    def _constants(self, value: Input, node: Node) -> tuple[Json, ...]:
        """What a value is known to be, in each round of the step's loop."""
        match value, node.loop:
            case Constant(value=constant), _:
                return (constant,)
            case Item(field=field), ForEach(items=Constant(value=tuple(items))):
                return tuple(_member(item, field) for item in items)
        return ()

    def _is_list(self, value: Input) -> bool:
        """Whether it is what all rounds of a loop, or several steps, give."""
        if isinstance(value, Output):
            node = self.nodes.get(value.node)
            return node is not None and isinstance(node.loop, ForEach)
        return isinstance(value, Outputs)

    def _type(self, value: Input) -> ValueType:
        """The type of a single value; text is what may turn out to be anything."""
        match value:
            case Output(node=node, name=name) if name in self.outputs.get(node, {}):
                is_elsewhere = isinstance(self.nodes[node].operation, StepOf)  # perhaps in a loop
                return "text" if is_elsewhere else self.outputs[node][name].type
            case Parameter(name=name) if name in self.parameters:
                return self.parameters[name].type
            case _:
                return "text"

    # --- conditions ---

    def condition_faults(self, node: Node, *, is_last: bool) -> Iterator[str]:
        """What is wrong with a step's conditions. is_last: it runs when all others have ended."""
        if node.guard is not None:
            yield from self._order_faults(node.guard, node)
            if not is_last and _asks_for_whole(node.guard):
                yield "only steps on exit can ask for the status of the workflow"
            if not isinstance(node.loop, ForEach) and _has_item(node.guard):
                yield "its condition is about the item of a loop that it is not in"
        if isinstance(node.loop, Repeat):
            yield from self._order_faults(node.loop.condition, node)
            yield from _again_faults(node.loop.condition, node.name)

    def _order_faults(self, condition: Condition, node: Node) -> Iterator[str]:
        match condition:
            case Comparison(comparator="==" | "!="):
                pass
            case Comparison(left=left, right=right):
                for wrong in filter(None, (self._unordered(side, node) for side in (left, right))):
                    yield f"only numbers are more or less than each other, and {wrong} is none"
            case AllOf(terms=terms) | AnyOf(terms=terms):
                for term in terms:
                    yield from self._order_faults(term, node)
            case Not(term=term):
                yield from self._order_faults(term, node)

    def _unordered(self, side: Operand, node: Node) -> str:
        """What can never be put in order; empty when it may be."""
        if isinstance(side, Output | Parameter):
            own = isinstance(side, Output) and side.node == node.name
            told = f"`{side.name}`"
            if not own and self._is_list(side):
                return f"{told}, a list,"
            if self._type(side) in ("bool", "json"):
                return f"{told}, {_WORDS[self._type(side)]},"
        return ""

    # --- loops ---

    def loop_faults(self, node: Node) -> Iterator[str]:
        match node.loop:
            case Repeat(limit=limit):
                if isinstance(limit, bool) or limit < 1:
                    yield f"it is repeated {limit!r} times at most, and 1 is the least"
            case ForEach(items=items, parallelism=parallelism):
                if parallelism is not None and (isinstance(parallelism, bool) or parallelism < 1):
                    yield f"its loop runs {parallelism!r} rounds at a time, and 1 is the least"
                yield from self._items_faults(items, node)

    def _items_faults(
        self, items: Constant | Parameter | Output | Range, node: Node
    ) -> Iterator[str]:
        match items:
            case Range(step=0):
                yield "its range goes on in steps of 0"
            case Range() if _fields(node):
                yield "the items of a range are numbers, which have no fields"
            case Constant(value=value):
                if (listed := _list(value)) is None:
                    yield f"its loop goes over a list, and {value!r:.60} is none"
                for field in _fields(node) if listed else ():
                    if not any(isinstance(one, Mapping) and field in one for one in listed or ()):
                        yield f"no item of its loop has a field `{field}`"
            case Output() | Parameter():
                if not self._is_list(items) and self._type(items) in ("int", "float", "bool"):
                    word = _WORDS[self._type(items)]
                    yield f"its loop goes over a list, and `{items.name}` is {word}"


def _again_faults(condition: Condition, name: str) -> Iterator[str]:
    """What is wrong with what a step is repeated for. name: of the step."""
    if any(watched(condition)) or _asks_for_whole(condition):
        yield "what a step is repeated for compares values, and asks for no status"
    if _has_item(condition):
        yield "it is repeated for the item of a loop that it is not in"
    for one in operands_of(condition):
        if isinstance(one, Output) and one.node != name:
            yield f"it is repeated for what `{one.node}` gives, not for what it gives itself"


def _can_be(value: Json, kind: ValueType) -> bool:
    try:
        typed(value, kind)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def _list(value: Json) -> tuple[Json, ...] | None:
    """What a loop over a value goes over; a text may be that of a list."""
    if isinstance(value, str):
        with suppress(ValueError):
            value = json.loads(value)
    return tuple(value) if isinstance(value, list | tuple) else None


def _member(item: Json, field: str) -> Json:
    return item.get(field) if field and isinstance(item, Mapping) else item


def _fields(node: Node) -> list[str]:
    """The fields of its loop's items that a step takes."""
    values = [*node.inputs.values(), *operands_of(node.guard)]
    return [*dict.fromkeys(v.field for v in values if isinstance(v, Item) and v.field)]


def _has_item(condition: Condition) -> bool:
    return any(isinstance(one, Item) for one in operands_of(condition))


def _asks_for_whole(condition: Condition) -> bool:
    """Whether a condition asks for the status of the whole workflow."""
    match condition:
        case AllOf(terms=terms) | AnyOf(terms=terms):
            return any(map(_asks_for_whole, terms))
        case Not(term=term):
            return _asks_for_whole(term)
        case Comparison():
            return False
        case _:
            return not condition.node
