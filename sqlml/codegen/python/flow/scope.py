"""What is known at one place of a script: values as Python, texts made of them, and conditions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlml.codegen.python.layout import call, literal
from sqlml.workflow.ir import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Constant,
    ForEach,
    HasStatus,
    Input,
    Item,
    Join,
    Node,
    Not,
    Operand,
    Output,
    Outputs,
    Parameter,
    Range,
    RunId,
    Take,
    Text,
    ValueType,
)
from sqlml.workflow.serial import thaw
from sqlml.workflow.texts import as_text

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
_NUMBERS = ("int", "float")
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TYPES: Mapping[type, ValueType] = {str: "text", bool: "bool", int: "int", float: "float"}
_READERS = {"int": "int", "float": "float", "bool": "is_true", "json": "json.loads"}


@dataclass(frozen=True, slots=True)
class Value:
    """An expression, and the type of what it gives; None where nobody knows it."""

    text: str
    type: ValueType | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What a step has left: a variable, and the types of the outputs.

    is_record: it is a dict of outputs by name. is_list: one of each round. may_lack: None stands
    where a call has left nothing.
    """

    variable: str
    types: Mapping[str, ValueType | None]
    is_record: bool = False
    is_list: bool = False
    may_lack: bool = False

    def output(self, name: str) -> Value:
        kind = self.types.get(name)
        if self.is_list:
            one = f"one[{literal(name)}]" if self.is_record else "one"
            there = f" if {one} is not None" if self.may_lack else ""
            is_all = not self.is_record and not self.may_lack
            listed = f"[{one} for one in {self.variable}{there}]"
            return Value(self.variable if is_all else listed, "json")
        text = f"{self.variable}[{literal(name)}]" if self.is_record else self.variable
        return Value(call("there", text) if self.may_lack else text, kind)


@dataclass
class Scope:
    """parameters: by name. left: by step. item: what a loop is at, and over what it goes."""

    parameters: Mapping[str, Value] = field(default_factory=dict)
    left: dict[str, Left] = field(default_factory=dict)
    item: str = ""
    loop: ForEach | None = None

    def inside(self, item: str, loop: ForEach) -> "Scope":
        """Where a round of a loop is."""
        return Scope(self.parameters, self.left, item, loop)

    def value(self, given: Input) -> Value:
        match given:
            case Constant(value):
                return Value(literal(thaw(value)), _TYPES.get(type(value), "json"))
            case Parameter(name):
                return self.parameters[name]
            case Output(node, name):
                return self.left[node].output(name)
            case Outputs(nodes, name):
                listed = ", ".join(self.left[node].output(name).text for node in nodes)
                return Value(f"[{listed}]", "json")
            case Item(name):
                text = f"{self.item}[{literal(name)}]" if name else self.item
                return Value(text, self._type_of_items(name))
            case RunId():
                return Value("RUN", "text")
            case _:
                raise TypeError(f"not a program's input: {given}")

    def items(self, loop: ForEach) -> str:
        """What a loop goes over."""
        match loop.items:
            case Range(start, stop, step):
                given = [start, stop, step] if step != 1 else [start, stop] if start else [stop]
                return call("range", *map(str, given))
            case Constant(tuple() as items):
                return literal(thaw(items))
            case items:
                found = self.value(items)
                reading = "listed" if found.type is None else "json.loads"
                return found.text if found.type == "json" else call(reading, found.text)

    def _type_of_items(self, name: str) -> ValueType | None:
        match self.loop:
            case ForEach(items=Range()):
                return "int"
            case ForEach(items=Constant(tuple() as items)):
                given = [i[name] if name and isinstance(i, Mapping) else i for i in items]
                kinds = {type(one) for one in given}
                return _TYPES.get(kinds.pop(), "json") if len(kinds) == 1 else None
            case _:
                return None

    # --- texts --------------------------------------------------------------------------------

    def word(self, written: Text, node: Node) -> str:
        """A text with a step's inputs in it."""
        match written:
            case Take(name):
                return self.text(node.inputs[name])
            case Join(parts):
                return " + ".join(self.word(part, node) for part in parts if part) or '""'
            case _:
                return literal(written)

    def words(self, written: Iterable[Text], node: Node) -> str:
        return f"[{', '.join(self.word(one, node) for one in written)}]"

    def text(self, given: Input) -> str:
        """A value as text: JSON unless it is text already."""
        if isinstance(given, Constant):
            return literal(as_text(given.value))
        found = self.value(given)
        if found.type == "text":
            return found.text
        return call("str" if found.type in _NUMBERS else "as_text", found.text)

    # --- conditions ---------------------------------------------------------------------------

    def condition(self, told: Condition, *, holds: bool = True, inner: bool = False) -> str:
        """A condition, or its opposite. inner: it stands in a larger one."""
        match told:
            case Comparison(left, comparator, right):
                return self._comparison(left, comparator if holds else _OPPOSITE[comparator], right,
                                        comparator, holds=holds)  # fmt: skip
            case HasStatus(status, ""):
                return self._outcome(status, holds=holds)
            case HasStatus(status, node):
                asked = call("steps.has", literal(node), literal(status))
                return asked if holds else f"not {asked}"
            case Not(term):
                return self.condition(term, holds=not holds, inner=inner)
            case AllOf(terms) | AnyOf(terms):
                is_and = isinstance(told, AllOf) == holds
                return self._joined(terms, is_and=is_and, holds=holds, inner=inner)

    def _joined(self, terms: Sequence[Condition], *, is_and: bool, holds: bool, inner: bool) -> str:
        if not terms:
            return str(is_and)
        word, are_many = " and " if is_and else " or ", len(terms) > 1
        parts = (self.condition(one, holds=holds, inner=inner or are_many) for one in terms)
        text = word.join(parts)
        return f"({text})" if inner and are_many else text

    def _outcome(self, status: str, *, holds: bool) -> str:
        if status in ("finished", "skipped"):
            return str((status == "finished") == holds)
        failed = (status == "failed") == holds
        return f'status {"==" if failed else "!="} "failed"'

    def _comparison(
        self, left: Operand, comparator: str, right: Operand, written: str, *, holds: bool
    ) -> str:
        one, other = self.value(left), self.value(right)
        are_numbers = one.type in _NUMBERS and other.type in _NUMBERS
        if are_numbers or (written in ("==", "!=") and _are_words((left, one), (right, other))):
            return f"{one.text} {comparator} {other.text}"
        asked = call("holds", one.text, literal(written), other.text)
        return asked if holds else f"not {asked}"


def _are_words(*sides: tuple[Operand, Value]) -> bool:
    """Whether both are texts, one of which is known and no number."""
    known = [side.value for side, _ in sides if isinstance(side, Constant)]
    is_word = any(isinstance(one, str) and not _NUMBER.fullmatch(one) for one in known)
    return is_word and all(value.type == "text" for _, value in sides)


def reader(kind: ValueType | None) -> str:
    """What reads a value of that type from text; empty for text itself."""
    return _READERS.get(kind or "text", "")


def converted(value: Value, kind: ValueType | None) -> str:
    """A value as one of that type; as it is, where nobody knows the one or the other."""
    if kind is None or kind == value.type or (kind == "json" and value.type != "text"):
        return value.text
    return call(reader(kind) if kind != "text" else "as_text", value.text)


def guarded_together(guard: Condition | None) -> tuple[Any, ...]:
    """The conditions that all hold where a guard does."""
    match guard:
        case None:
            return ()
        case AllOf(terms):
            return tuple(one for term in terms for one in guarded_together(term))
        case _:
            return (guard,)
