"""Conditions: `equal(output, value)` and its kin."""

from dataclasses import dataclass
from typing import Any

from sqlml.couler.outputs import LoopItem, StepOutput, first_of
from sqlml.workflow.conditions import is_number
from sqlml.workflow.ir import Comparator, Comparison, Constant, Operand, Output
from sqlml.workflow.places import fault


@dataclass(frozen=True, slots=True)
class Predicate:
    """Two values to compare; with one alone, it is compared with what a loop's body gives."""

    left: Any
    comparator: Comparator
    right: Any = None


def equal(pre: Any, post: Any = None) -> Predicate:
    return _predicate(pre, "==", post)


def not_equal(pre: Any, post: Any = None) -> Predicate:
    return _predicate(pre, "!=", post)


def bigger(pre: Any, post: Any = None) -> Predicate:
    return _predicate(pre, ">", post)


def smaller(pre: Any, post: Any = None) -> Predicate:
    return _predicate(pre, "<", post)


def bigger_equal(pre: Any, post: Any = None) -> Predicate:
    return _predicate(pre, ">=", post)


def smaller_equal(pre: Any, post: Any = None) -> Predicate:
    return _predicate(pre, "<=", post)


def _predicate(left: Any, comparator: Comparator, right: Any) -> Predicate:
    """A function among the two is called: its step's output is meant."""
    sides = [side() if callable(side) else side for side in (left, right)]
    return Predicate(sides[0], comparator, sides[1])


def comparison(condition: Any) -> Comparison:
    """A predicate with both of its sides.

    Raises:
        ProgramError: it is none, or lacks a side.
    """
    _is_predicate(condition)
    if condition.left is None or condition.right is None:
        raise fault(
            "E0730",
            "the condition compares with nothing",
            'give both sides: `equal(output, "heads")`',
        )
    return _compared(operand(condition.left), condition.comparator, operand(condition.right))


def on_own_output(condition: Any, output: Output) -> Comparison:
    """The condition of a loop, on what its body gives: `equal("tails")` means output == tails."""
    _is_predicate(condition)
    value = condition.left if condition.right is None else condition.right
    if value is None or isinstance(first_of(value), StepOutput | LoopItem):
        raise fault(
            "E0730",
            "the condition of `exec_while` is about what its function gives, compared with a value",
            'give it the value alone: `exec_while(equal("tails"), flip_coin)`',
        )
    return _compared(output, condition.comparator, operand(value))


def _compared(left: Operand, comparator: Comparator, right: Operand) -> Comparison:
    """Raises: ProgramError: E0730, what is no number is to be put in order."""
    for side in (left, right):
        if comparator in ("==", "!=") or not isinstance(side, Constant):
            continue
        if not is_number(side.value):
            message = f"only numbers are more or less than others, and {_told(side.value)} is none"
            raise fault("E0730", message, "compare text with equal or not_equal")
    return Comparison(left, comparator, right)


def _is_predicate(condition: Any) -> None:
    if not isinstance(condition, Predicate):
        raise fault(
            "E0730",
            f"a condition cannot be {_told(condition)}",
            "make it with equal, not_equal, bigger, smaller, bigger_equal or smaller_equal",
        )


def operand(value: Any) -> Operand:
    """A side of a comparison. An output is its first one, text and numbers stand for themselves."""
    value = first_of(value)
    if isinstance(value, StepOutput | LoopItem):
        if isinstance(value, StepOutput) and value.kind in ("artifact", "model"):
            what = "a file" if value.kind == "artifact" else "a model"
            raise fault("E0730", f"`{value.name}` of step `{value.step}` is {what}, not a value")
        return value.reference
    if isinstance(value, bool):
        return Constant(str(value))
    if isinstance(value, str | int | float):
        return Constant(value)
    raise fault("E0730", f"a condition cannot compare {_told(value)}")


def called(function: Any, what: str) -> None:
    """Check that a function was given."""
    if not callable(function):
        raise fault(
            "E0730", f"{what} must be a function, not {_told(function)}", "write `lambda: step()`"
        )


def _told(value: Any) -> str:
    return f"{value!r:.60}"
