"""Argo: a run is a Workflow, whose status has a node for every step."""

import base64
import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlml.runtime.cluster.api import Cluster, Object, Resource
from sqlml.runtime.cluster.engine import Look
from sqlml.runtime.cluster.submit import replace
from sqlml.runtime.handed.run import End, State, StepStatus, seconds_between
from sqlml.workflow.ir import Workflow

_WORKFLOWS = Resource("argoproj.io", "v1alpha1", "workflows")
_STATES: Mapping[str, State] = {
    "Pending": "waiting",
    "Running": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Error": "failed",
    "Skipped": "skipped",
    "Omitted": "skipped",
}
_ENDED = frozenset({"Succeeded", "Failed", "Error"})
_COUNTED = re.compile(r"\(\d+(:.*)?\)$", re.DOTALL)  # an attempt, or a round with its item
_PARTS = "parts"  # whose the templates are that runs share
_NODE_ID = "workflows.argoproj.io/node-id"


class Argo:
    kind = "Workflow"
    schedule = ("CronWorkflow",)
    stop: Mapping[str, str] = {"shutdown": "Stop"}
    container = "main"
    refresh = 60

    def whole(self, run: Object, objects: Sequence[Object]) -> Object:
        return run

    def prepare(self, cluster: Cluster, objects: Sequence[Object]) -> None:
        """Make the parts of a workflow that is too large for one object."""
        for each in objects:
            if each["kind"] == "WorkflowTemplate":
                replace(cluster, each, _PARTS)

    def end(self, run: Object) -> End | None:
        status = run.get("status", {})
        phase = status.get("phase")
        if phase not in _ENDED:
            return None
        if phase == "Succeeded":
            return End("succeeded")
        is_stopped = bool(run["spec"].get("shutdown"))
        return End("interrupted" if is_stopped else "failed", status.get("message", ""))

    def waiting(self, run: Object) -> Mapping[str, Sequence[str]]:
        """Those that wait without an end; one that waits for some time goes on by itself."""
        templates = {each["name"]: each for each in _templates(run)}
        found: dict[str, list[str]] = {}
        for key, node in _nodes(run.get("status", {})).items():
            template = templates.get(node.get("templateName", ""), {})
            is_timed = "duration" in (template.get("suspend") or {})
            if node.get("type") == "Suspend" and node.get("phase") == "Running" and not is_timed:
                found.setdefault(node["displayName"], []).append(key)
        return found

    def children(self, cluster: Cluster, run: Object) -> Sequence[Object]:
        if not any("resource" in each for each in _templates(run)):
            return ()
        running = cluster.list(_WORKFLOWS, "workflows.argoproj.io/completed!=true")
        found = [run]
        for parent in found:
            found += (each for each in running if parent["metadata"]["uid"] in _owners(each))
        return found[1:]

    def released(self, run: Object, ids: Sequence[str]) -> Object:
        """As `argo resume` does it: such a node has succeeded when its status says so."""
        status, nodes = run["status"], _nodes(run["status"])
        ended = {"phase": "Succeeded", "finishedAt": _now(), "message": "sqlml continue"}
        changes: dict[str, Any] = {"nodes": dict.fromkeys(ids, ended)}
        if status.get("compressedNodes"):
            text = json.dumps({**nodes, **{key: {**nodes[key], **ended} for key in ids}})
            packed = base64.b64encode(gzip.compress(text.encode())).decode()
            changes = {"compressedNodes": packed}
        return {"spec": {"suspend": None}, "status": changes}

    def look(self, cluster: Cluster, run: Object, workflow: Workflow) -> Look:
        @cache
        def names() -> Mapping[str, str]:
            label = f"workflows.argoproj.io/workflow={run['metadata']['name']}"
            return {pod["annotations"].get(_NODE_ID): pod["name"] for pod in cluster.pods(label)}

        def pods(step: StepStatus) -> Sequence[str]:
            return [names()[node] for node in step.pods if node in names()]

        return Look(steps_of(run), pods)


ENGINE = Argo()


def steps_of(workflow: Object) -> Mapping[str, StepStatus]:
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
            message = next(filter(None, messages), "")
            found[name] = StepStatus(
                _state(node.get("phase", ""), message),
                seconds_between(node.get("startedAt"), node.get("finishedAt")),
                message,
                [part["id"] for part in parts],
            )
    return found


def _state(phase: str, message: str) -> State:
    state = _STATES.get(phase, "waiting")
    return "interrupted" if state == "failed" and "shutdown" in message else state


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _templates(run: Object) -> Sequence[Mapping[str, Any]]:
    """Its own, or those of the workflow template that it is a run of."""
    stored = run.get("status", {}).get("storedWorkflowTemplateSpec", {})
    told: Sequence[Mapping[str, Any]] = {**stored, **run["spec"]}.get("templates", ())
    return told


def _owners(run: Object) -> Sequence[str]:
    return [each["uid"] for each in run["metadata"].get("ownerReferences", ())]


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
