"""What is done only if a condition holds: `when`."""

from collections.abc import Callable
from typing import Any

from sqlml.couler.bodies import Body, body_of, write_all, write_step
from sqlml.couler.conditions import Predicate, called, comparison
from sqlml.couler.flow import Family, Flow, current
from sqlml.workflow.graph import givers
from sqlml.workflow.ir import Comparison, Output


def when(condition: Predicate, function: Callable[[], Any]) -> Any:
    """Do what `function` does if the condition holds when the run gets there.

    Branches over the same output that follow each other start together. A `when` inside of another
    keeps both conditions. Gives what the function gives.
    """
    called(function, "the second argument of `when`")
    guard = comparison(condition)
    flow = current()
    with flow.undone_on_error():
        body = body_of(flow, function)
        return _branch(flow, guard, body) if body.steps else body.given


def _branch(flow: Flow, guard: Comparison, body: Body) -> Any:
    scope = flow.scope
    subject = guard.left if isinstance(guard.left, Output) else guard.right
    family = scope.family if scope.family and scope.family.subject == subject else None
    base = family.base if family else scope.frontier
    guards, scope.guards = scope.guards, (*scope.guards, guard)
    scope.frontier, scope.family = base, None
    given = _written(flow, body)
    scope.guards = guards
    scope.frontier = tuple(dict.fromkeys([*(family.ends if family else ()), *scope.frontier]))
    if isinstance(subject, Output):
        scope.family = Family(subject, base, scope.frontier)
    return given


def _written(flow: Flow, body: Body) -> Any:
    """Write the steps, each under the condition; as a workflow where they pass values on.

    A step that takes what a skipped one would have given is not skipped by its own condition, and
    what comes after it would not run either.
    """
    names = {node.name for _, node in body.steps}
    passes_on = any(names & {*givers(node)} for _, node in body.steps)
    if passes_on and not flow.is_explicit:
        return write_step(flow, body, None, f"when-{body.steps[-1][1].template}")
    return write_all(flow, body)
