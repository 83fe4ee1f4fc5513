"""What is known when a workflow runs: values to pass on and to compare, while it is written."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from sqlml.errors import ProgramError
from sqlml.workflow.ir import (
    AllOf,
    AnyOf,
    Comparator,
    Comparison,
    Constant,
    HasStatus,
    Item,
    Not,
    Operand,
    Output,
    Status,
    ValueType,
)
from sqlml.workflow.ir import Condition as Term
from sqlml.workflow.places import fault
from sqlml.workflow.serial import freeze


@dataclass(frozen=True, slots=True)
class ItemOf(Item):
    """The item of the loop of that name, from inside of it or of loops in it."""

    loop: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What a comparison gives; `&`, `|` and `~` make larger ones. Only the run knows its truth."""

    term: Term

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(AllOf((self.term, term_of(other))))

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(AnyOf((self.term, term_of(other))))

    def __invert__(self) -> "Condition":
        return Condition(Not(self.term))

    def __bool__(self) -> bool:
        raise _no_truth()


class Value:
    """Something that is known when the workflow runs; comparing it gives a condition.

    type: None where nobody knows it.
    """

    __slots__ = ("source", "type")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, source: Operand, type: ValueType | None = None) -> None:
        self.source = source
        self.type = type

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("!=", other)

    def __lt__(self, other: object) -> Condition:
        return self._compared("<", other)

    def __le__(self, other: object) -> Condition:
        return self._compared("<=", other)

    def __gt__(self, other: object) -> Condition:
        return self._compared(">", other)

    def __ge__(self, other: object) -> Condition:
        return self._compared(">=", other)

    def __bool__(self) -> bool:
        raise _no_truth()

    def __iter__(self) -> NoReturn:
        hint = "`with flow.for_each(value) as item:` goes over it when the workflow runs"
        raise fault("E0760", "this list is known when the workflow runs", hint)

    def __str__(self) -> str:
        hint = "pass it as an argument of its own; the step can put the text together"
        raise fault("E0760", "this value is known when the workflow runs, and is no text yet", hint)

    def __getitem__(self, field: str) -> "Value":
        if type(self.source) is ItemOf and not self.source.field and isinstance(field, str):
            return Value(ItemOf(field, self.source.loop))
        hint = "only a loop's item has fields; let a step take other values apart"
        raise fault("E0760", "the parts of this value are known when the workflow runs", hint)

    def _compared(self, comparator: Comparator, other: object) -> Condition:
        return Condition(Comparison(self.source, comparator, operand(other)))


class Step(Value):
    """A step of the workflow; as a value, it is what the step returns or prints.

    `a >> b` lets b start after a; either side may be a list.
    """

    __slots__ = ("_order", "name", "outputs")

    def __init__(self, name: str, outputs: dict[str, ValueType], order: Any) -> None:
        super().__init__(Output(name, "result"), outputs.get("result"))
        self.name = name
        self.outputs = outputs
        self._order = order

    @property
    def result(self) -> Value:
        """What the step returns or prints."""
        return self.output("result")

    def output(self, name: str) -> Value:
        """One of the step's outputs."""
        if name not in self.outputs:
            known = ", ".join(f"`{one}`" for one in self.outputs)
            hint = f"it gives {known}" if known else "it gives nothing"
            raise fault("E0762", f"step `{self.name}` gives no `{name}`", hint)
        return Value(Output(self.name, name), self.outputs[name])

    def has(self, status: Status) -> Condition:
        """Whether the step has ended so: `succeeded`, `failed`, `skipped`, `finished`."""
        return Condition(HasStatus(status, self.name))

    def __rshift__(self, after: Any) -> Any:
        for one in _steps(after):
            self._order(self, one)
        return after

    def __rrshift__(self, before: Iterable["Step"]) -> "Step":
        for one in _steps(before):
            self._order(one, self)
        return self


class Statement(Step):
    """A step that is a statement of SQL. made: the table or model that it leaves, if it is known.

    As a value, it is the name of what it leaves.
    """

    __slots__ = ("made",)

    def __init__(self, name: str, made: str, outputs: dict[str, ValueType], order: Any) -> None:
        super().__init__(name, outputs, order)
        self.made = made

    def metric(self, name: str) -> Value:
        """A number that it measures, by that name: of an evaluation, or of a training."""
        self.outputs.setdefault(name, "float")
        return self.output(name)

    def column(self, name: str) -> Value:
        """That column of the first row it gives, as text."""
        self.outputs.setdefault(name, "text")
        return self.output(name)


def operand(value: object) -> Operand:
    """One side of a comparison."""
    if isinstance(value, Step) and "result" not in value.outputs:
        value.output("result")
    return value.source if isinstance(value, Value) else constant(value)


def constant(value: object) -> Constant:
    """A value of Python's.

    Raises:
        ProgramError: E0762, JSON has no such value.
    """
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        hint = "steps are given text, numbers, lists and dicts"
        raise fault("E0762", f"{value!r:.60} cannot be given to a step", hint) from error
    return Constant(freeze(value))


def term_of(test: object) -> Term:
    """The condition that a user has written.

    Raises:
        ProgramError: E0761, it is none.
    """
    if isinstance(test, Condition):
        return test.term
    hint = 'compare a value: `model.metric("accuracy") > 0.9`'
    raise fault("E0761", f"{_shown(test)} is no condition", hint)


def _shown(value: object) -> str:
    return "a value alone" if isinstance(value, Value) else f"`{value!r:.60}`"


def _steps(given: Any) -> list[Step]:
    steps = [given] if isinstance(given, Step) else given
    if isinstance(steps, list | tuple) and all(isinstance(one, Step) for one in steps):
        return list(steps)
    raise fault("E0762", "`>>` stands between steps, or lists of steps")


def _no_truth() -> ProgramError:
    hint = "`with flow.when(…):` instead of `if`; `&`, `|` and `~` instead of and, or and not"
    return fault("E0761", "this is known when the workflow runs, not while it is written", hint)
