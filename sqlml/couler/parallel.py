"""Functions at the same time: `concurrent`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlml.couler.bodies import steps_of, write_step
from sqlml.couler.conditions import called
from sqlml.couler.flow import Flow, current
from sqlml.workflow.ir import After
from sqlml.workflow.places import fault


def concurrent(
    function_list: Sequence[Callable[[], Any]], subtasks: bool | None = None
) -> list[Any]:
    """Write the steps of several functions, which start together; gives what the functions give.

    subtasks: what one function writes is one step of the workflow, with steps of its own.
    """
    if not isinstance(function_list, list | tuple):
        raise fault(
            "E0730",
            f"`concurrent` takes a list of functions, not {function_list!r:.60}",
            "such as `concurrent([lambda: a(), lambda: b()])`",
        )
    for function in function_list:
        called(function, "what `concurrent` runs")
    flow = current()
    with flow.undone_on_error():
        if subtasks:
            return side_by_side(flow, [partial(_subtask, flow, f) for f in function_list])
        return side_by_side(flow, function_list)


def side_by_side(flow: Flow, functions: Sequence[Callable[[], Any]]) -> list[Any]:
    """What the functions give, each called with nothing but what was written before all of them."""
    scope, given = flow.scope, []
    base, ends = scope.frontier, dict[After, None]()
    for function in functions:
        scope.frontier, scope.family = base, None
        given.append(function())
        if scope.frontier != base:
            ends |= dict.fromkeys(scope.frontier)
    scope.frontier, scope.family = tuple(ends) or base, None
    return given


def _subtask(flow: Flow, function: Callable[[], Any]) -> Any:
    return write_step(flow, steps_of(flow, function), None, "concurrent-task")
