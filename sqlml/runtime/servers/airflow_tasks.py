"""What has become of the steps of a run on Airflow, from its task instances."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlml.runtime.handed.omission import Given, begins, is_held_back, reason
from sqlml.runtime.handed.run import State, StepStatus, seconds_between
from sqlml.workflow.ir import ForEach, Node, Workflow

_STATES: Mapping[str | None, State] = {
    "running": "running",
    "restarting": "running",
    "deferred": "running",
    "up_for_retry": "running",
    "up_for_reschedule": "running",
    "success": "succeeded",
    "failed": "failed",
    "upstream_failed": "skipped",
    "skipped": "skipped",
    "removed": "skipped",
}
_OPERATORS = "airflow.task.operators"
_POD = "[base] "  # the container of a step
_OUTPUTS = "sqlml-outputs:"  # as a pod tells its outputs
Task = Mapping[str, Any]


def steps_of(tasks: Sequence[Task], workflow: Workflow, stopped: str) -> Mapping[str, StepStatus]:
    """The steps, by name. tasks: a mapped step has one for each item. stopped: when the run was;
    what had not ended before is interrupted."""
    rounds: dict[str, list[Task]] = {}
    for task in tasks:
        rounds.setdefault(task["task_id"], []).append(task)
    nodes = {node.name: node for node in (*workflow.nodes, *workflow.on_exit)}
    given: dict[str, Given | None] = {}
    found = {}
    for name in (*nodes, *(name for name in rounds if name not in nodes)):
        if name not in rounds:
            continue
        state, message = _state(rounds[name], stopped), ""
        ended: str = state
        if state == "skipped" and name in nodes:
            if is_held_back(nodes[name], given):
                ended, state = _held_back(nodes[name], rounds[name])
            if state == "skipped":
                message = reason(nodes[name], given)
        if state in ("succeeded", "failed", "skipped"):
            given[name] = {"state": ended, "values": {}}
        elif state == "running" and name in nodes and not begins(nodes[name], given, workflow):
            state = "waiting"
        found[name] = StepStatus(state, _seconds(rounds[name]), message, _attempts(rounds[name]))
    return found


def printed(log: Sequence[Mapping[str, Any] | str]) -> Iterator[str]:
    """What a step has printed, and why it failed, of all that the log of its task says."""
    for line in log:
        if isinstance(line, str):
            yield line
            continue
        logger, text = line.get("logger", ""), line["event"].rstrip()
        if logger.endswith(".PodManager"):  # hands on what a pod prints
            if text.startswith(_POD) and not text.startswith(_POD + _OUTPUTS):
                yield text.removeprefix(_POD)
        elif logger.startswith(_OPERATORS) and not logger.endswith(".PodStep") and text:
            yield text
        for error in line.get("error_detail") or ():
            yield error["exc_value"].rstrip().rpartition("\n")[2]


def _held_back(node: Node, tasks: Sequence[Task]) -> tuple[str, State]:
    """What a step is that nothing before it has kept from running: others see it as the first.

    Of a mapped step whose list is empty, there is one task, which has no item.
    """
    is_empty = isinstance(node.loop, ForEach) and [task["map_index"] for task in tasks] == [-1]
    return ("succeeded", "succeeded") if is_empty else ("held back", "skipped")


def _state(tasks: Sequence[Task], stopped: str) -> State:
    """That of a step, all of whose items count."""
    states = {_STATES.get(task["state"], "waiting") for task in tasks}
    if "running" in states or ("waiting" in states and len(states) > 1):
        return "running"
    for state in ("waiting", "failed", "succeeded"):
        if state in states:
            is_ended = state == "failed" and stopped
            if is_ended and any(_ended_with(task, stopped) for task in tasks):
                return "interrupted"
            return state
    return "skipped"


def _ended_with(task: Task, stopped: str) -> bool:
    return task["state"] == "failed" and (task["end_date"] or stopped) >= stopped


def _seconds(tasks: Sequence[Task]) -> float:
    began = [task["start_date"] for task in tasks if task["start_date"]]
    ended = [task["end_date"] for task in tasks if task["end_date"]]
    return seconds_between(min(began, default=None), max(ended, default=None))


def _attempts(tasks: Sequence[Task]) -> Sequence[str]:
    """Items and numbers of attempts, as logs are asked for."""
    return [
        f"{task['map_index']}/{number}"
        for task in sorted(tasks, key=lambda task: int(task["map_index"]))
        if task["start_date"]
        for number in range(1, task["try_number"] + 1)
    ]
