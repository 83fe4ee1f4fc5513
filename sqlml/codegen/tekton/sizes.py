"""Whether a cluster can keep a pipeline and its runs: an object has a most of bytes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.errors import Diagnostic
from sqlml.workflow.ir import Node, Workflow

MOST = 1_500_000  # of etcd's 1.5 MiB for one request, most; the rest is for what Tekton adds
_NAME = 63  # of a run
_REFERENCE = 160  # a run's status tells of each task's run, besides the names in that
_SKIPPED = 60  # likewise of each task that is left out


def size_faults(workflow: Workflow, pipeline: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """pipeline: the spec. A run has it twice: in what it is, and in its status as it began."""
    told = 2 * size(pipeline)
    tasks = [*pipeline.get("tasks", ()), *pipeline.get("finally", ())]
    kept = sum(2 * len(task["name"]) + _NAME + _REFERENCE + _SKIPPED for task in tasks)
    if told + kept <= MOST:
        return
    nodes = {node.name: node for node in (*workflow.nodes, *workflow.on_exit)}
    sizes = {task["name"]: size(task) for task in tasks}
    largest = max((name for name in sizes if name in nodes), key=sizes.__getitem__)
    message = (
        f"workflow `{workflow.name}` is too large for Tekton: a run of its {len(nodes):,} steps"
        f" takes {told + kept:,} bytes, and an object of the cluster has {MOST:,} at most"
    )
    hint = (
        f"its largest step, `{largest}`, takes {2 * sizes[largest]:,}: put long texts into the"
        " image; or make several workflows of it"
    )
    yield Diagnostic("E1032", message, label=_place(nodes[largest]), hint=hint)


def size(thing: Any) -> int:
    """In bytes, as a cluster keeps it."""
    return len(json.dumps(thing, ensure_ascii=False, separators=(",", ":")).encode())


def _place(node: Node) -> str:
    place = node.place
    return f"at {place.file}:{place.line}:{place.column}" if place else ""
