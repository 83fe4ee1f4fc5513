"""Whether a step that decides itself to be left out will be, from how those before it ended."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.errors import StepError
from sqlml.workflow.conditions import holds
from sqlml.workflow.graph import givers
from sqlml.workflow.ir import Constant, HasStatus, Json, Node, Operand, Output, Parameter, Workflow

Given = Mapping[str, Any]
"""What a step tells in the end. state: succeeded, failed, skipped because of what it needs, or held
back by its own condition. values: its outputs."""


def begins(node: Node, given: Mapping[str, Given | None], workflow: Workflow) -> bool:
    """Whether a step that has been started does what it is for, as far as that is certain.

    given: of all steps that have begun; None where nothing is told yet, or never was.
    """

    def value(operand: Operand) -> Json:
        match operand:
            case Constant(constant):
                return constant
            case Parameter(name):
                return workflow.parameters[name].default
            case Output(source, name):
                found: Json = (given[source] or {})["values"][name]
                return found
            case _:
                raise KeyError(operand)

    def has_status(asked: HasStatus) -> bool:
        if asked.node:
            return _is(_state(asked.node, given), asked.status)
        names = [one.name for one in workflow.nodes]
        has_failed = any(_state(name, given) == "failed" for name in names if name in given)
        return _is("failed" if has_failed else "succeeded", asked.status)

    if any(_unmet(node, given)):
        return False
    try:
        return node.guard is None or holds(node.guard, value, has_status)
    except (KeyError, StepError):  # about an item of a loop, or what cannot be compared
        return False


def reason(node: Node, given: Mapping[str, Given | None]) -> str:
    """Why a step was left out."""
    return next(_unmet(node, given), "its condition does not hold")


def is_held_back(node: Node, given: Mapping[str, Given | None]) -> bool:
    """Whether its own condition, and nothing else, is why a step was left out."""
    return not any(_unmet(node, given))


def _unmet(node: Node, given: Mapping[str, Given | None]) -> Iterator[str]:
    """What keeps a step from running; the one that is most to blame comes first."""
    missing = [name for name in givers(node) if _state(name, given) != "succeeded"]
    for name in missing:
        if not _is(_state(name, given), "skipped"):
            yield f"it needs {name}"
    for after in node.after:
        if not _is(_state(after.node, given), after.status):
            wanted = "" if after.status == "succeeded" else f" to be {after.status}"
            yield f"it needs {after.node}{wanted}"
    yield from (f"it needs {name}, which was skipped" for name in missing)


def _state(name: str, given: Mapping[str, Given | None]) -> str:
    told = given.get(name)
    return "failed" if told is None else str(told["state"])


def _is(state: str, wanted: str) -> bool:
    match wanted:
        case "finished":
            return True
        case "passed":
            return state in ("succeeded", "held back")
        case "skipped":
            return state in ("skipped", "held back")
        case _:
            return state == wanted
