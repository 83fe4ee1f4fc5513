"""What has become of the steps of a run on Kubeflow Pipelines, from its task details.

A task decides itself whether its step is needed (see Kubeflow's emitter), and ends well where it is
not: what became of the step, it says in its log.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlml.runtime.handed.logs import events_in
from sqlml.runtime.handed.omission import Given, begins, is_held_back, reason
from sqlml.runtime.handed.run import State, StepStatus, seconds_between
from sqlml.workflow.ir import Workflow

_STATES: Mapping[str, State] = {
    "RUNNING": "running",
    "CANCELING": "running",
    "PAUSED": "running",
    "SUCCEEDED": "succeeded",
    "SKIPPED": "skipped",
    "FAILED": "failed",
    "CANCELED": "interrupted",
}
_GIVEN: Mapping[str, State] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "skipped": "skipped",
    "held back": "skipped",
}
_ENDED = frozenset({"SUCCEEDED", "FAILED", "SKIPPED", "CANCELED"})
_STOPPED = frozenset({"CANCELING", "CANCELED"})
Task = Mapping[str, Any]


def steps_of(
    tasks: Sequence[Task],
    workflow: Workflow,
    log: Callable[[str], str],
    run: str,
) -> Mapping[str, StepStatus]:
    """The steps, by name. tasks: of them, and of much that Kubeflow needs besides. log: what a pod
    has printed. run: its state."""
    named = {task["display_name"]: task for task in tasks}
    nodes = {node.name: node for node in (*workflow.nodes, *workflow.on_exit)}
    given: dict[str, Given | None] = {}
    found = {}
    for name in nodes or named:
        if name not in named:
            if run in _ENDED and not is_held_back(nodes[name], given):
                found[name] = StepStatus("skipped", message=reason(nodes[name], given))
                given[name] = {"state": "skipped", "values": {}}
            continue
        task, message = named[name], ""
        state, own = _STATES.get(task.get("state", ""), "waiting"), _pods(task, tasks)
        if state in ("succeeded", "failed"):
            state = _told(own, log) or _untold(state, run)
        elif state == "running" and run in _ENDED:
            state = "interrupted"
        elif state == "running" and name in nodes and not begins(nodes[name], given, workflow):
            state = "waiting"
        if name in nodes and state not in ("waiting", "running"):
            given[name] = {"state": state, "values": {}}
            if state == "skipped":
                message = reason(nodes[name], given)
                if is_held_back(nodes[name], given):
                    given[name] = {"state": "held back", "values": {}}
        message = message or (task.get("error") or {}).get("message", "")
        seconds = seconds_between(task.get("start_time"), task.get("end_time"))
        found[name] = StepStatus(state, seconds, message, own)
    return found


def _pods(task: Task, tasks: Sequence[Task]) -> Sequence[str]:
    """The pods of a task: its own, or those of the tasks that it is made of."""
    by_pod = {one["pod_name"]: one for one in tasks if one.get("pod_name")}
    children = [one["pod_name"] for one in task.get("child_tasks") or () if one.get("pod_name")]
    if not children:
        return [task["pod_name"]] if task.get("pod_name") else []
    below = (_pods(by_pod[pod], tasks) if pod in by_pod else [pod] for pod in children)
    return [*dict.fromkeys(pod for pods in below for pod in pods)]


def _told(pods: Sequence[str], log: Callable[[str], str]) -> State | None:
    """What a step has said last of its end; None where it could not, or nobody can tell."""
    for pod in reversed(pods):
        for event in reversed(events_in(log(pod))):
            if event["event"] == "given":
                return _GIVEN[event["state"]]
    return None


def _untold(state: State, run: str) -> State:
    """A step that has failed without a word, when its run was stopped, was stopped with it."""
    return "interrupted" if state == "failed" and run in _STOPPED else state
