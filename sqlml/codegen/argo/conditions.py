"""When a step runs: `when` from guards, `dependencies` or `depends` from the order of steps."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from sqlml.codegen.argo.text import Scope
from sqlml.workflow.graph import givers, is_of_order, watched
from sqlml.workflow.ir import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Constant,
    Container,
    HasStatus,
    Item,
    Node,
    Not,
    Operand,
    Output,
    Parameter,
    Status,
)
from sqlml.workflow.texts import as_text

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_NAMED = re.compile(r"([A-Za-z0-9][-\w]*)(?:\.\w+)?")
_AS_NUMBER = r"^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$"
_PHASES: dict[Status, tuple[str, ...]] = {
    "succeeded": ("Succeeded",),
    "failed": ("Failed", "Error"),
    "skipped": ("Skipped", "Omitted"),
    "passed": ("Succeeded", "Skipped"),
}
_RESULTS: dict[Status, tuple[str, ...]] = {  # what `depends` calls them
    "succeeded": ("Succeeded",),
    "failed": ("Failed", "Errored"),
    "skipped": ("Skipped", "Omitted"),
    "passed": ("Succeeded", "Skipped"),
    "finished": ("Succeeded", "Failed", "Errored", "Skipped", "Omitted"),
}


# --- guards -----------------------------------------------------------------------------------


def when_of(condition: Condition, scope: Scope) -> str:
    """A condition in govaluate's language, once Argo has put the values in."""
    match condition:
        case Comparison():
            return _comparison(condition, scope)
        case HasStatus(status="finished"):
            return "true"
        case HasStatus(status=status, node=node):
            phases = _PHASES[status]
            if status == "failed" and not node:
                phases = scope.failed or phases
            return " || ".join(f"{scope.status(node)} == {phase}" for phase in phases)
        case AllOf(terms=terms):
            return _joined(terms, " && ", scope) or "true"
        case AnyOf(terms=terms):
            return _joined(terms, " || ", scope) or "false"
        case Not(term=term):
            return f"!({when_of(term, scope)})"


def _joined(terms: Iterable[Condition], operator: str, scope: Scope) -> str:
    told = [when_of(term, scope) for term in terms]
    return told[0] if len(told) == 1 else operator.join(f"({one})" for one in told)


def _comparison(condition: Comparison, scope: Scope) -> str:
    """In expr's language, where values stay values whatever is in them."""
    sides, sign = (condition.left, condition.right), condition.comparator
    is_ordered = sign not in ("==", "!=")
    as_numbers = is_ordered or any(_is_number(side, scope) for side in sides)
    if Item in map(type, sides) and not all(_is_known_with_items(side, scope) for side in sides):
        return f" {sign} ".join(_alone(side, scope, is_ordered=is_ordered) for side in sides)
    told = f" {sign} ".join(_operand(side, scope, as_number=as_numbers) for side in sides)
    open_sides = [scope.operand(side) for side in sides if not _is_number(side, scope)]
    if as_numbers and open_sides and not is_ordered:  # what is no number is not equal to one
        are_numbers = " && ".join(f"{side} matches '{_AS_NUMBER}'" for side in open_sides)
        told = f"{are_numbers} ? {told} : {'false' if sign == '==' else 'true'}"
    return f"{{{{={told}}}}}"


def _is_number(operand: Operand, scope: Scope) -> bool:
    """Whether what it is compared with must be a number too, or differs anyhow."""
    match operand:
        case Constant(value=value):
            return not isinstance(value, bool) and bool(_NUMBER.fullmatch(as_text(value)))
        case Output():
            return scope.type_of(operand) in ("int", "float")
        case _:
            return False


def _operand(operand: Operand, scope: Scope, *, as_number: bool) -> str:
    if isinstance(operand, Constant) and as_number and _is_number(operand, scope):
        return format(Decimal(as_text(operand.value)), "f")
    return f"asFloat({scope.operand(operand)})" if as_number else scope.operand(operand)


def _is_known_with_items(operand: Operand, scope: Scope) -> bool:
    """Whether Argo knows it when it puts in items, as what belongs to the whole workflow."""
    return scope.is_top if isinstance(operand, Parameter) else not isinstance(operand, Output)


def _alone(operand: Operand, scope: Scope, *, is_ordered: bool) -> str:
    """A value with a tag of its own, to be compared in govaluate's language: as a number, or as
    what no other value has, whatever is in it.
    """
    told = scope.operand(operand)
    if is_ordered:
        return f"{{{{=asFloat({told})}}}}"
    same = f"{told} matches '{_AS_NUMBER}' ? toJson(asFloat({told})) : {told}"
    return f"'{{{{=sprig.sha256sum({same})}}}}'"


def scope_of(node: Node, scope: Scope) -> Scope:
    """The scope in which a step's own guard is read."""
    failed = node.ext.get("argo", {}).get("failed", ())
    return replace(scope, failed=tuple(map(str, failed))) if isinstance(failed, tuple) else scope


# --- order ------------------------------------------------------------------------------------


def order_of(node: Node, scope: Scope) -> dict[str, frozenset[Status]]:
    """What must have ended before a node starts, and with which statuses, all of which it needs."""
    told: dict[str, set[Status]] = {}
    for name in givers(node):
        told.setdefault(name, set()).add("succeeded")
    for name in watched(node.guard) if node.guard is not None else ():
        told.setdefault(name, set()).add("finished")
    for after in node.after:
        told.setdefault(after.node, set()).add(after.status)
    return {name: _least(statuses, scope.nodes[name]) for name, statuses in told.items()}


def _least(statuses: set[Status], node: Node) -> frozenset[Status]:
    """The same statuses without those that others imply."""
    if "succeeded" in statuses and node.guard is None:  # it is never skipped: the plain order
        statuses = (statuses - {"succeeded"}) | {"passed"}
    if "succeeded" in statuses:
        statuses = statuses - {"passed"}
    return frozenset(statuses - {"finished"} or statuses)


def is_plain(statuses: frozenset[Status]) -> bool:
    """Whether `dependencies` says it: succeeded, or skipped."""
    return statuses == {"passed"}


def told_depends(node: Node, order: Mapping[str, frozenset[Status]], scope: Scope) -> str:
    """The order of a step whose program says it in Argo's own words; empty for others.

    Its guard is then what `beyond_order` leaves of it.
    """
    text = node.ext.get("argo", {}).get("depends") if node.ext else None
    if not isinstance(text, str):
        return ""
    names = {*_NAMED.findall(text)}
    if not names <= scope.nodes.keys():  # some are in other groups of a large graph
        return ""
    rest = {name: statuses for name, statuses in order.items() if name not in names}
    return f"({text}) && {depends_of(rest, scope)}" if rest else text


def beyond_order(condition: Condition | None) -> Condition | None:
    """A guard without what it asks for of how steps ended."""
    terms = condition.terms if isinstance(condition, AllOf) else (condition,)
    left = tuple(term for term in terms if term is not None and not is_of_order(term))
    return AllOf(left) if len(left) > 1 else next(iter(left), None)


def depends_of(order: Mapping[str, frozenset[Status]], scope: Scope) -> str:
    """The order in the words of `depends`."""
    return " && ".join(_depends(name, statuses, scope) for name, statuses in order.items())


def _depends(name: str, statuses: frozenset[Status], scope: Scope) -> str:
    if is_plain(statuses):
        return name
    return " && ".join(_any_of(name, results) for results in _results(statuses, scope.nodes[name]))


def _results(statuses: frozenset[Status], node: Node) -> Iterator[tuple[str, ...]]:
    for status in sorted(statuses):
        results = _RESULTS[status]
        yield (*results, "Daemoned") if is_daemon(node) and "Succeeded" in results else results


def _any_of(name: str, results: tuple[str, ...]) -> str:
    told = [f"{name}.{result}" for result in results]
    return told[0] if len(told) == 1 else f"({' || '.join(told)})"


def is_daemon(node: Node) -> bool:
    is_server = isinstance(node.operation, Container) and node.operation.daemon
    return is_server or bool(node.ext and node.ext.get("argo", {}).get("daemon"))
