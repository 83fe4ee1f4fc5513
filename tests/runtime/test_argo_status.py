"""The steps that an Argo Workflow's status speaks of: retries, loops, called workflows, groups."""

import base64
import gzip
import json
from typing import Any

import pytest

from sqlml.runtime.cluster.argo import steps_of
from sqlml.runtime.handed.logs import told_in


def node(
    key: str, shown: str, kind: str, within: str, phase: str = "Succeeded", **more: Any
) -> dict[str, Any]:
    boundary = {"boundaryID": within} if within else {}
    told = {"id": key, "displayName": shown, "type": kind, "phase": phase, **boundary}
    return {**told, **more}


SECONDS = {"startedAt": "2026-05-01T03:00:00Z", "finishedAt": "2026-05-01T03:00:02Z"}
NODES = [
    node("w", "w", "DAG", "", "Running"),
    node("w-1", "train", "Retry", "w", **SECONDS),
    node("w-2", "train(1)", "Pod", "w", startedAt="2026-05-01T03:00:01Z"),
    node("w-3", "train(0)", "Pod", "w", "Failed", startedAt="2026-05-01T03:00:00Z"),
    node("w-4", "each", "TaskGroup", "w", "Failed"),
    node("w-5", "each(0:a(1))", "Pod", "w"),
    node("w-6", "each(1:b)", "Pod", "w", "Failed", message="OOMKilled (exit code 137)"),
    node("w-7", "group", "DAG", "w", "Running"),
    node("w-8", "train", "Pod", "w-7", "Running"),
    node("w-9", "inner", "Steps", "w-7", "Running"),
    node("w-10", "[0]", "StepGroup", "w-9", "Running"),
    node("w-11", "deep", "Pod", "w-9", "Running"),
    node("w-12", "[0]", "StepGroup", "w"),
    node("w-13", "never", "Skipped", "w", "Omitted", message="omitted: depends condition not met"),
    node("w-14", "soon", "Pod", "w", "Pending", message="ErrImagePull"),
    node("x", "w.onExit", "DAG", ""),
    node("x-1", "tell", "Pod", "x", "Error", message="pod deleted"),
]


@pytest.mark.parametrize("is_packed", [False, True])
def test_steps_are_found_among_attempts_rounds_and_groups(is_packed: bool) -> None:
    nodes = {one["id"]: one for one in NODES}
    status: dict[str, Any] = {"nodes": nodes}
    if is_packed:
        packed = gzip.compress(json.dumps(nodes).encode())
        status = {"compressedNodes": base64.b64encode(packed).decode()}
    found = steps_of({"status": status})
    assert {name: (one.state, list(one.pods)) for name, one in found.items()} == {
        "train": ("succeeded", ["w-3", "w-2"]),
        "each": ("failed", ["w-5", "w-6"]),
        "group": ("running", ["w-8", "w-11"]),
        "never": ("skipped", []),
        "soon": ("waiting", ["w-14"]),
        "tell": ("failed", ["x-1"]),
    }
    assert found["train"].seconds == 2.0
    assert found["each"].message.startswith("OOMKilled")
    assert steps_of({}) == {}


def test_steps_are_found_within_groups_that_only_argo_needs() -> None:
    found = steps_of({"status": {"nodes": {one["id"]: one for one in NODES}}}, {"each", "inner"})
    assert {name: (one.state, list(one.pods)) for name, one in found.items()} == {
        "each": ("failed", ["w-5", "w-6"]),
        "inner": ("running", ["w-11"]),
    }


def test_a_log_tells_events_and_text() -> None:
    failed = {"code": "E0602", "message": "no", "hint": "yes", "place": "a.sql:1:1"}
    events = [
        {"event": "step_started", "step": "a"},
        {"event": "step_failed", "diagnostics": [failed]},
    ]
    log = "\n".join(["before", *map(json.dumps, events), '{"event": broken', "after"])
    told = told_in(log)
    assert told.text == 'before\n{"event": broken\nafter'
    (diagnostic,) = told.diagnostics
    assert (diagnostic.code, diagnostic.label) == ("E0602", "at a.sql:1:1")
    finished = {"event": "step_finished", "summary": "3 rows", "metrics": {"r2": 0.5}}
    again = told_in("\n".join([log, json.dumps(finished)]))
    assert (again.summary, again.metrics, again.diagnostics) == ("3 rows", {"r2": 0.5}, ())
