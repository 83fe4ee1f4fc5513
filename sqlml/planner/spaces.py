"""RANGE, LOG_RANGE, CHOICE and GRID: the values among which a search is to choose."""

from decimal import Decimal
from typing import TypeGuard

from sqlml.grammar import ast
from sqlml.planner.values import NotAValue, value_of
from sqlml.zoo.attributes import Attribute, AttributeProblem, Value
from sqlml.zoo.search import Choice, Dimension, Range

SPACES = ("RANGE", "LOG_RANGE", "CHOICE", "GRID")
_WRONG = "E0260"


def is_space(value: ast.Value) -> TypeGuard[ast.Call]:
    """Whether a value is several, to choose from."""
    return isinstance(value, ast.Call) and value.function in SPACES


def dimension_of(definition: Attribute, call: ast.Call) -> Dimension:
    """The values that a call gives an attribute to choose from; the attribute takes all of them.

    Raises:
        NotAValue: the call's arguments make no space, or the attribute does not take them.
    """
    if call.function in ("RANGE", "LOG_RANGE"):
        return _range(definition, call)
    if not call.arguments:
        raise _wrong(call, f"`{call.function}()` has nothing to choose from", "list the values")
    values = [_checked(definition, argument) for argument in call.arguments]
    distinct = {(type(value), value): value for value in values}
    return Choice(tuple(distinct.values()), grid=call.function == "GRID")


def _range(definition: Attribute, call: ast.Call) -> Range:
    log = call.function == "LOG_RANGE"
    if not 2 <= len(call.arguments) <= (2 if log else 3):
        form = "LOG_RANGE(low, high)" if log else "RANGE(low, high) or RANGE(low, high, step)"
        raise _wrong(call, f"`{call.function}` takes two ends", f"write {form}")
    low, high, *steps = map(_number, call.arguments)
    ends = _ends(definition, call)
    if low >= high:
        message = f"the ends of `{call.span.text}` are the wrong way round"
        message = message if low > high else f"`{call.span.text}` holds one value only"
        raise _wrong(call, message, f"write {call.function}(low, high) with low < high")
    if log and low <= 0:
        raise _wrong(call, "the lower end of a LOG_RANGE must be above 0", "use RANGE")
    if steps:
        return _stepped(ends, steps[0], call.arguments[2])
    are_written_whole = isinstance(low, int) and isinstance(high, int)
    by_ones = are_written_whole and isinstance(ends[0], float) and not log
    return Range(ends[0], ends[1], 1.0 if by_ones else None, log)


def _ends(definition: Attribute, call: ast.Call) -> tuple[int, int] | tuple[float, float]:
    """Both ends as the attribute takes them: two integers, or two numbers."""
    low, high = (_checked(definition, argument) for argument in call.arguments[:2])
    if isinstance(low, float) != isinstance(high, float):  # such as 0.5 and 1, a share and a count
        low, high = (_checked(definition, one, as_number=True) for one in call.arguments[:2])
    if isinstance(low, float) and isinstance(high, float):
        return low, high
    if isinstance(low, bool) or not (isinstance(low, int) and isinstance(high, int)):
        message = f"`{definition.name}` takes no numbers between the two"
        raise _wrong(call, message, "give two integers or two numbers, or use CHOICE")
    return int(low), int(high)


def _stepped(
    ends: tuple[int, int] | tuple[float, float], step: int | float, written: ast.Syntax
) -> Range:
    """The range with its upper end where the steps reach it."""
    low, high = ends
    whole = isinstance(low, int)
    if not 0 < step <= high - low or (whole and step != int(step)):
        kind = "a whole number above 0" if whole else "above 0"
        message = f"the step must be {kind}, and no more than lies between the ends"
        raise _wrong(written, message, "write RANGE(low, high, step)")
    exact = [Decimal(str(number)) for number in (low, high, step)]
    last = exact[0] + (exact[1] - exact[0]) // exact[2] * exact[2]
    return Range(low, int(last), int(step)) if whole else Range(low, float(last), float(step))


def _checked(
    definition: Attribute, argument: ast.Value | ast.ColumnItem, *, as_number: bool = False
) -> Value:
    value: Value = float(_number(argument)) if as_number else value_of(argument)
    try:
        return definition.check(value)
    except AttributeProblem as problem:
        raise NotAValue(problem.message, argument.span, problem.hint, "E0205") from None


def _number(argument: ast.Value | ast.ColumnItem) -> int | float:
    value = value_of(argument)
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = "CHOICE takes values of any kind"
        raise _wrong(argument, f"`{argument.span.text}` is no end of a range of numbers", hint)
    return value


def _wrong(written: ast.Syntax, message: str, hint: str) -> NotAValue:
    return NotAValue(message, written.span, hint, _WRONG)
