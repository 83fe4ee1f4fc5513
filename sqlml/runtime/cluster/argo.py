"""Argo: a run is a Workflow, whose status has a node for every step."""

import base64
import gzip
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlml.runtime.cluster.api import Cluster, Object, Resource
from sqlml.runtime.cluster.engine import Look
from sqlml.runtime.cluster.submit import replace
from sqlml.runtime.handed.run import End, State, StepStatus, seconds_between
from sqlml.workflow.ir import Workflow
from sqlml.workflow.parts import PART_LABEL

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
_GROUP = re.compile(r"(.*-)?(group|part)-\d+")  # that only Argo needs, as a file is written
_PARTS = "parts"  # whose the templates are that runs share
_NODE_ID = "workflows.argoproj.io/node-id"


class Argo:
    kind = "Workflow"
    schedule = ("CronWorkflow",)
    stop: Mapping[str, str] = {"shutdown": "Stop"}
    container = "main"

    def refresh(self, run: Object) -> int:
        return 5 if has_parts(run) else 60  # a part that goes on does not change the whole

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
        if not has_parts(run):
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
        known = {node.name for node in (*workflow.nodes, *workflow.on_exit)}
        found: dict[str, StepStatus] = {}
        runs: dict[str, str] = {}  # by what a node is called inside
        for each in (run, *self._parts(cluster, run)):
            told = steps_of(each, known)
            found |= told
            name = each["metadata"]["name"]
            runs |= {pod: name for status in told.values() for pod in status.pods}

        @cache
        def names(name: str) -> Mapping[str, str]:
            label = f"workflows.argoproj.io/workflow={name}"
            return {pod["annotations"].get(_NODE_ID): pod["name"] for pod in cluster.pods(label)}

        def pods(step: StepStatus) -> Sequence[str]:
            return [names(runs[pod])[pod] for pod in step.pods if pod in names(runs[pod])]

        return Look(found, pods)

    def _parts(self, cluster: Cluster, run: Object) -> Sequence[Object]:
        """The runs of its parts, whether they have ended or not."""
        if not has_parts(run):
            return ()
        every = cluster.list(_WORKFLOWS, PART_LABEL)
        return [each for each in every if run["metadata"]["uid"] in _owners(each)]


ENGINE = Argo()


def has_parts(run: Object) -> bool:
    """Whether it may start objects, such as runs of its parts."""
    return any("resource" in each for each in _templates(run))


def steps_of(workflow: Object, known: Collection[str] = ()) -> Mapping[str, StepStatus]:
    """The steps that have begun, or never will, by name; those of called workflows count as parts
    of the steps that call them.

    known: the names of the steps, which may stand in groups of Argo's own; empty if nobody knows.
    """
    nodes = _nodes(workflow.get("status", {}))
    pods: dict[str, list[Mapping[str, Any]]] = {}
    for node in nodes.values():
        if node.get("type") == "Pod":
            pods.setdefault(_owner(node, nodes, known), []).append(node)
    found = {}
    for node in nodes.values():
        if _is_step(node, nodes, known):
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


def _is_step(node: Mapping[str, Any], nodes: Mapping[str, Any], known: Collection[str]) -> bool:
    """Whether a node is a step of the workflow itself, and no attempt, round or group of it."""
    parent = nodes.get(node.get("boundaryID", ""))
    is_counted = _COUNTED.search(node["displayName"]) is not None
    if parent is None or is_counted or node.get("type") == "StepGroup":
        return False
    name, *around = [_name(each) for each in _upwards(node, nodes)]
    if not known:
        return not _GROUP.fullmatch(name) and all(map(_GROUP.fullmatch, around))
    return name in known and not any(one in known for one in around)


def _owner(node: Mapping[str, Any], nodes: Mapping[str, Any], known: Collection[str]) -> str:
    """The name of the step that a node is a part of."""
    around = [_name(each) for each in _upwards(node, nodes)]
    is_known = known.__contains__ if known else lambda name: not _GROUP.fullmatch(name)
    return next(filter(is_known, reversed(around)), around[-1])


def _name(node: Mapping[str, Any]) -> str:
    return _COUNTED.sub("", node["displayName"])


def _upwards(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A node and those that it is in, without the workflow's own."""
    yield node
    parent = nodes.get(node.get("boundaryID", ""))
    while parent is not None and parent.get("boundaryID"):
        yield parent
        parent = nodes.get(parent["boundaryID"])
