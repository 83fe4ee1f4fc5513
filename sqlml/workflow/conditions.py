"""Whether a condition holds, given the values it compares and the statuses it asks for."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, assert_never

from sqlml.errors import Diagnostic, StepError
from sqlml.workflow.texts import as_text
from sqlml.workflow.values import (
    AllOf,
    AnyOf,
    Comparator,
    Comparison,
    Condition,
    HasStatus,
    Json,
    Not,
    Operand,
)

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_COMPARE: Mapping[Comparator, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(
    condition: Condition,
    value: Callable[[Operand], Json],
    has_status: Callable[[HasStatus], bool],
) -> bool:
    """Whether a condition holds. Terms after the one that decides are not looked at.

    Raises:
        StepError: E0680, what is no number is to be put in order.
    """
    match condition:
        case Comparison(left=left, comparator=comparator, right=right):
            return compare(value(left), comparator, value(right))
        case HasStatus():
            return has_status(condition)
        case AllOf(terms=terms):
            return all(holds(term, value, has_status) for term in terms)
        case AnyOf(terms=terms):
            return any(holds(term, value, has_status) for term in terms)
        case Not(term=term):
            return not holds(term, value, has_status)
        case _:
            assert_never(condition)


def compare(left: Json, comparator: Comparator, right: Json) -> bool:
    """Two values compared: as numbers where both can be read as such, otherwise as text.

    Raises:
        StepError: E0680, what is no number is to be put in order.
    """
    one, other = as_text(left).strip(), as_text(right).strip()
    if is_number(one) and is_number(other):
        return _COMPARE[comparator](_number(one), _number(other))
    if comparator not in ("==", "!="):
        message = f"a condition compares `{one}` {comparator} `{other}`, which are not both numbers"
        hint = "only numbers are more or less than each other; compare text with == or !="
        raise StepError(Diagnostic("E0680", message, hint=hint))
    return _COMPARE[comparator](as_text(left), as_text(right))


def is_number(value: Json) -> bool:
    """Whether a value can be more or less than others."""
    return bool(_NUMBER.fullmatch(as_text(value).strip()))


def _number(text: str) -> int | float:
    return int(text) if _WHOLE.fullmatch(text) else float(text)
