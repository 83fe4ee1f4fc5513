"""What is done when the workflow has ended: `set_exit_handler`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlml.couler.conditions import called
from sqlml.couler.constants import WFStatus
from sqlml.couler.flow import Scope, current
from sqlml.workflow.ir import HasStatus, Node, Status
from sqlml.workflow.places import fault

_STATUSES: dict[WFStatus, Status] = {
    WFStatus.Succeeded: "succeeded",
    WFStatus.Failed: "failed",
    WFStatus.Error: "failed",
}


def set_exit_handler(status: WFStatus, exit_handler: Callable[[], Any]) -> Any:
    """Write steps that run last, if the workflow has ended with a status.

    An error is a failure: steps that one function writes for both run once. Argo tells the two
    apart.
    """
    called(exit_handler, "the second argument of `set_exit_handler`")
    if not isinstance(status, WFStatus):
        raise fault(
            "E0730",
            f"{status!r:.60} is no status of a workflow",
            "it is WFStatus.Succeeded, WFStatus.Failed or WFStatus.Error",
        )
    flow = current()
    ended = _STATUSES[status]
    with flow.inside(
        Scope(flow.exits, guards=(HasStatus(ended),), is_edge=True, realm=ended)
    ) as scope:
        given = exit_handler()
        if ended == "failed":
            for name in scope.drafts:
                flow.put(flow.exits, name, _for(flow.exits[name], status))
    return given


def _for(node: Node, status: WFStatus) -> Node:
    """A step for one of the two kinds of failure that Argo knows, or for both."""
    argo = node.ext.get("argo", {})
    told = argo.get("failed", ())
    failed = {*(told if isinstance(told, tuple) else ()), status.value}
    return replace(
        node, ext={**node.ext, "argo": {**argo, "failed": tuple(sorted(map(str, failed)))}}
    )
