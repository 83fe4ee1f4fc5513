"""What is known when a workflow runs: values to pass on and to compare, while it is written."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from sqlml.errors import ProgramError
from sqlml.flow.blocks import innermost
from sqlml.workflow.conditions import is_number
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

if TYPE_CHECKING:
    from sqlml.flow.writing import Writing


@dataclass(frozen=True, slots=True)
class ItemOf(Item):
    """The item of the loop of that name, from inside of it or of loops in it."""

    loop: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What a comparison gives; `&`, `|` and `~` make larger ones. Only the run knows its truth.

    flow: the workflow that it is of.
    """

    term: Term
    flow: "Writing"

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(AllOf((self.term, term_of(other, self.flow))), self.flow)

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(AnyOf((self.term, term_of(other, self.flow))), self.flow)

    def __invert__(self) -> "Condition":
        return Condition(Not(self.term), self.flow)

    def __bool__(self) -> bool:
        raise _no_truth()


class Value:
    """Something that is known when the workflow runs; comparing it gives a condition.

    type: None where nobody knows it. flow: the workflow that it is of.
    """

    __slots__ = ("_source", "flow", "type")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, source: Operand, type: ValueType | None, flow: "Writing") -> None:
        self._source = source
        self.type = type
        self.flow = flow

    @property
    def source(self) -> Operand:
        """Where it comes from.

        Raises:
            ProgramError: E0763, that is in another workflow than the one that is being written.
        """
        block = innermost()
        if block is not None and block.flow is not self.flow:
            raise _of_another(self.flow)
        return self._source

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

    def _computed(self, *_: object) -> NoReturn:
        hint = "let a step compute with it, and return what comes out"
        raise fault("E0760", "this value is known when the workflow runs", hint)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        _computed
    )
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = _computed
    __len__ = __contains__ = __int__ = __float__ = __index__ = _computed

    def __str__(self) -> str:
        hint = "pass it as an argument of its own; the step can put the text together"
        raise fault("E0760", "this value is known when the workflow runs, and is no text yet", hint)

    def __getitem__(self, field: str) -> "Value":
        if type(self.source) is ItemOf and not self.source.field and isinstance(field, str):
            return Value(ItemOf(field, self.source.loop), None, self.flow)
        hint = "only a loop's item has fields; let a step take other values apart"
        raise fault("E0760", "the parts of this value are known when the workflow runs", hint)

    def _compared(self, comparator: Comparator, other: object) -> Condition:
        term = Comparison(self.source, comparator, operand(other))
        is_odd = isinstance(term.right, Constant) and not is_number(term.right.value)
        if comparator not in ("==", "!=") and is_odd:
            message = f"only numbers are more or less than others, and {other!r:.60} is none"
            raise fault("E0761", message, "compare text with == or !=")
        return Condition(term, self.flow)


class Step(Value):
    """A step of the workflow; as a value, it is what the step returns or prints.

    `a >> b`, or `b << a`, lets b start after a; either side of `>>` may be a list.
    """

    __slots__ = ("name", "outputs")

    def __init__(self, name: str, outputs: dict[str, ValueType], flow: "Writing") -> None:
        super().__init__(Output(name, "result"), outputs.get("result"), flow)
        self.name = name
        self.outputs = outputs

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
        return Value(Output(self.name, name), self.outputs[name], self.flow)

    def has(self, status: Status) -> Condition:
        """Whether the step has ended so: `succeeded`, `failed`, `skipped`, `finished`."""
        return Condition(HasStatus(status, self.name), self.flow)

    def __rshift__(self, after: Any) -> Any:
        for one in _steps(after):
            self.flow.order(self, one)
        return after

    def __rrshift__(self, before: Iterable["Step"]) -> "Step":
        for one in _steps(before):
            self.flow.order(one, self)
        return self

    def __lshift__(self, before: Any) -> Any:
        for one in _steps(before):
            self.flow.order(one, self)
        return before


class Statement(Step):
    """A step that is a statement of SQL. made: the table or model that it leaves, if it is known.

    As a value, it is the name of what it leaves.
    """

    __slots__ = ("made",)

    def __init__(
        self, name: str, made: str, outputs: dict[str, ValueType], flow: "Writing"
    ) -> None:
        super().__init__(name, outputs, flow)
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
        told = f"{value!r:.60}"
        if callable(value) and not isinstance(value, type):
            told = f"the function `{getattr(value, '__name__', told)}`"
            hint = "call it, and pass what it gives"
        raise fault("E0762", f"{told} cannot be given to a step", hint) from error
    return Constant(freeze(value))


def term_of(test: object, flow: "Writing") -> Term:
    """The condition that a user has written for a workflow.

    Raises:
        ProgramError: E0761, it is none; E0763, it is about another workflow.
    """
    if isinstance(test, Condition):
        if test.flow is not flow:
            raise _of_another(test.flow)
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


def _of_another(flow: "Writing") -> ProgramError:
    hint = "between workflows, pass what is stored: a table, a model or a file"
    return fault("E0763", f"this is a value of another workflow, `{flow.name}`", hint)


def _no_truth() -> ProgramError:
    hint = "`with flow.when(…):` instead of `if`; `&`, `|` and `~` instead of and, or and not"
    return fault("E0761", "this is known when the workflow runs, not while it is written", hint)
