"""What an Argo Workflow's status says of the steps that its workflow has."""

import base64
import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlml.runtime.cluster.api import Object

State = Literal["waiting", "running", "succeeded", "failed", "skipped"]

_STATES: Mapping[str, State] = {
    "Pending": "waiting",
    "Running": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Error": "failed",
    "Skipped": "skipped",
    "Omitted": "skipped",
}
_COUNTED = re.compile(r"\(\d+(:.*)?\)$", re.DOTALL)  # an attempt, or a round with its item


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A step as Argo sees it. seconds: that it took. pods: the ids of the nodes that are its pods,
    in the order they began."""

    state: State
    seconds: float
    message: str
    pods: Sequence[str]


def steps_of(workflow: Object) -> Mapping[str, NodeStatus]:
    """The steps that have begun, or never will, by name; those of called workflows count as parts
    of the steps that call them."""
    nodes = _nodes(workflow.get("status", {}))
    pods: dict[str, list[Mapping[str, Any]]] = {}
    for node in nodes.values():
        if node.get("type") == "Pod":
            pods.setdefault(_owner(node, nodes), []).append(node)
    found = {}
    for node in nodes.values():
        if _is_step(node, nodes):
            name = node["displayName"]
            parts = sorted(pods.get(name, ()), key=lambda pod: pod.get("startedAt") or "")
            messages = [node.get("message"), *(part.get("message") for part in reversed(parts))]
            found[name] = NodeStatus(
                _STATES.get(node.get("phase", ""), "waiting"),
                _seconds(node),
                next(filter(None, messages), ""),
                [part["id"] for part in parts],
            )
    return found


def _nodes(status: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    packed = status.get("compressedNodes")
    nodes = json.loads(gzip.decompress(base64.b64decode(packed))) if packed else status.get("nodes")
    return nodes or {}


def _is_step(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> bool:
    """Whether a node is a step of the workflow itself, and no attempt, round or group of it."""
    parent = nodes.get(node.get("boundaryID", ""))
    is_counted = _COUNTED.search(node["displayName"]) is not None
    is_group = node.get("type") == "StepGroup"
    return parent is not None and not parent.get("boundaryID") and not is_counted and not is_group


def _owner(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> str:
    """The name of the step that a node is a part of."""
    last = list(_upwards(node, nodes))[-1]
    return _COUNTED.sub("", last["displayName"])


def _upwards(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A node and those that it is in, without the workflow's own."""
    yield node
    parent = nodes.get(node.get("boundaryID", ""))
    while parent is not None and parent.get("boundaryID"):
        yield parent
        parent = nodes.get(parent["boundaryID"])


def _seconds(node: Mapping[str, Any]) -> float:
    began, ended = node.get("startedAt"), node.get("finishedAt")
    if not began or not ended:
        return 0.0
    span = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    return max(0.0, span.total_seconds())
