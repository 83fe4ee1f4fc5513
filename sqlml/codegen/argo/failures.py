"""Failures that a graph of Argo would forget, because steps that follow on them succeed.

Argo looks at where a graph ends: it has failed when a branch ends with a task that failed, or with
tasks behind such a one that did not run. A branch that goes on from a failed task, and ends well,
has not. A task that never runs, right behind the one that may fail, is such an end.
"""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

from sqlml.codegen.argo.objects import TASKS
from sqlml.workflow.graph import watched
from sqlml.workflow.ir import Node, Status

NOTHING: dict[str, Any] = {"suspend": {"duration": "0"}}
Orders = Mapping[str, Mapping[str, frozenset[Status]]]


def forgotten(orders: Orders) -> tuple[str, ...]:
    """The tasks after whose failure a graph would be taken for one that succeeded.

    orders: by task, those it waits for, and with which statuses.
    """
    if not any(
        _goes_on_from(statuses, "failed") for o in orders.values() for statuses in o.values()
    ):
        return ()
    behind: dict[str, list[tuple[str, frozenset[Status]]]] = {name: [] for name in orders}
    for name, order in orders.items():
        for before, statuses in order.items():
            behind[before].append((name, statuses))
    ends: dict[str, bool] = {}  # whether a branch ends at or behind a task that is omitted
    for name in reversed([*TopologicalSorter(orders).static_order()]):
        ends[name] = _is_seen(behind[name], ends, "skipped")
    return tuple(name for name in orders if not _is_seen(behind[name], ends, "failed"))


def _is_seen(
    behind: Sequence[tuple[str, frozenset[Status]]], ends: Mapping[str, bool], status: Status
) -> bool:
    """Whether a branch ends at a task with that status, or behind it with tasks that do not run."""
    stopped = (name for name, statuses in behind if not _goes_on_from(statuses, status))
    return not behind or any(ends[name] for name in stopped)


def _goes_on_from(statuses: frozenset[Status], status: Status) -> bool:
    return statuses <= {status, "finished"}


def reminder(name: str, orders: Orders, template: str) -> dict[str, Any]:
    """A task right behind a step that never runs, and ends its branch."""
    free = f"{name}-outcome"
    while free in orders:
        free += "-2"
    return {"name": free, "template": template, "depends": name, "when": "false"}


def room(nodes: Sequence[Node]) -> int:
    """How many steps a graph may have, so that there is room for such tasks too."""
    minded = {
        after.node
        for node in nodes
        for after in node.after
        if after.status in ("failed", "finished")
    }
    minded |= {name for node in nodes for name in watched(node.guard)}
    return max(TASKS // 2, TASKS - len(minded))
