"""Tekton: a run is a PipelineRun, with a TaskRun for every step, which tells what became of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlml.errors import Diagnostic, ProgramError
from sqlml.runtime.cluster.api import Cluster, Object, Resource
from sqlml.runtime.cluster.engine import Look
from sqlml.runtime.handed.omission import Given, begins, reason
from sqlml.runtime.handed.run import End, State, StepStatus, seconds_between
from sqlml.workflow.ir import Workflow

_TASK_RUNS = Resource("tekton.dev", "v1", "taskruns")
_STATES: Mapping[str, State] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "skipped": "skipped",
    "held back": "skipped",
}


class Tekton:
    """A task that Tekton runs decides itself whether its step is needed (see Tekton's emitter). So
    it is told as running when it is certain that it is, and by its result `given` when it ends."""

    kind = "PipelineRun"
    schedule = ("Pipeline", "Role", "RoleBinding", "CronJob")
    stop: Mapping[str, str] = {"status": "CancelledRunFinally"}
    container = "step-step"

    def refresh(self, run: Object) -> int:
        return 10  # a TaskRun that waits, or begins at last, does not change the PipelineRun

    def whole(self, run: Object, objects: Sequence[Object]) -> Object:
        """The run holds its pipeline: another one of that name changes nothing for it."""
        (pipeline,) = (each for each in objects if each["kind"] == "Pipeline")
        spec = {key: value for key, value in run["spec"].items() if key != "pipelineRef"}
        return {**run, "spec": {"pipelineSpec": pipeline["spec"], **spec}}

    def prepare(self, cluster: Cluster, objects: Sequence[Object]) -> None:
        for each in objects:
            if each["kind"] == "ServiceAccount":
                cluster.keep(each)
            if each["kind"] == "ConfigMap" and not cluster.keep(each):
                _check_same(cluster, each)

    def end(self, run: Object) -> End | None:
        condition = _condition(run)
        if condition.get("status") == "True":
            return End("succeeded")
        if condition.get("status") != "False":
            return None
        message = ": ".join(filter(None, (condition.get("reason"), condition.get("message"))))
        return End("interrupted" if run["spec"].get("status") else "failed", message)

    def waiting(self, run: Object) -> Mapping[str, Sequence[str]]:
        """None: Tekton has no steps that wait for a person."""
        return {}

    def children(self, cluster: Cluster, run: Object) -> Sequence[Object]:
        return ()

    def released(self, run: Object, ids: Sequence[str]) -> Object:
        return {}

    def look(self, cluster: Cluster, run: Object, workflow: Workflow) -> Look:
        listed = cluster.list(_TASK_RUNS, f"tekton.dev/pipelineRun={run['metadata']['name']}")
        task_runs = {one["metadata"]["labels"]["tekton.dev/pipelineTask"]: one for one in listed}
        given = {name: _given(one) for name, one in task_runs.items()}
        nodes = {node.name: node for node in (*workflow.nodes, *workflow.on_exit)}
        steps = {}
        for one in run.get("status", {}).get("skippedTasks", ()):
            message = one.get("reason", "")
            if message.startswith("When") and one["name"] in nodes:
                message = reason(nodes[one["name"]], given)
            steps[one["name"]] = StepStatus("skipped", message=message)
        for name, one in task_runs.items():
            state, message = _state(one, given[name], run)
            if state == "running" and name in nodes and not begins(nodes[name], given, workflow):
                state = "waiting"
            if state == "skipped":
                message = reason(nodes[name], given) if name in nodes else ""
                steps[name] = StepStatus("skipped", message=message)
                continue
            status = one.get("status", {})
            seconds = seconds_between(status.get("startTime"), status.get("completionTime"))
            steps[name] = StepStatus(state, seconds, message, [*_pods(status)])
        return Look(steps, lambda step: step.pods)


ENGINE = Tekton()


def _check_same(cluster: Cluster, config: Object) -> None:
    name = config["metadata"]["name"]
    if cluster.kept("ConfigMap", name) != config["data"]:
        message = f"namespace `{cluster.namespace}` has another ConfigMap `{name}`"
        hint = f"choose another --name, or: kubectl delete configmap {name} -n {cluster.namespace}"
        raise ProgramError(Diagnostic("E0776", message, hint=hint))


def _condition(thing: Object) -> Mapping[str, Any]:
    """What is known of the success of a PipelineRun or a TaskRun."""
    conditions = thing.get("status", {}).get("conditions", ())
    return next((one for one in conditions if one.get("type") == "Succeeded"), {})


def _given(task_run: Object) -> Given | None:
    """How a step ended, and what it gave; None where it has not told."""
    results = task_run.get("status", {}).get("results", ())
    told = next((one["value"] for one in results if one["name"] == "given"), None)
    return None if told is None else json.loads(told)


def _state(task_run: Object, given: Given | None, run: Object) -> tuple[State, str]:
    """The state of a step, and why it is in it."""
    condition = _condition(task_run)
    message = str(condition.get("message") or "")
    if condition.get("status") in ("True", "False") and given is not None:
        return _STATES[given["state"]], ""
    if condition.get("status") == "True":  # the step was ended before it could tell
        return "failed", "; ".join(_ends(task_run))
    if condition.get("status") == "False":
        is_stopped = condition.get("reason") == "TaskRunCancelled" and run["spec"].get("status")
        return "interrupted" if is_stopped else "failed", f"{condition.get('reason')}: {message}"
    if condition.get("reason") == "Running":
        return "running", ""
    return "waiting", "; ".join(filter(None, (message, *_waits(task_run))))


def _ends(task_run: Object) -> Iterator[str]:
    for step in task_run["status"].get("steps", ()):
        ended = step.get("terminated", {})
        yield f"{ended.get('reason', 'Error')} (exit code {ended.get('exitCode', '?')})"


def _waits(task_run: Object) -> Iterator[str]:
    for step in task_run.get("status", {}).get("steps", ()):
        waiting = step.get("waiting", {})
        yield ": ".join(filter(None, (waiting.get("reason"), waiting.get("message"))))


def _pods(status: Mapping[str, Any]) -> Iterator[str]:
    for one in (*status.get("retriesStatus", ()), status):
        if one.get("podName"):
            yield one["podName"]
