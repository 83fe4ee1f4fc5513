"""As much of Kubeflow Pipelines' server as tells of runs; steps are processes of this machine.

Written from the published interface, v2beta1; Kubeflow's own client is held against it, too.
"""

import json
import os
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

from .cluster_server import Handler
from .little_argo import now

JsonObject = dict[str, Any]
ENDED = ("SUCCEEDED", "FAILED", "CANCELED")
DONE = frozenset({"SUCCEEDED"})


class KubeflowHandler(Handler):
    """Its state keeps experiments and runs by their ids."""

    def all_of(self, kind: str) -> list[JsonObject]:
        with self.server.state.changed:
            return [one for (own, _), one in self.server.state.objects.items() if own == kind]

    def allows(self) -> tuple[int, Any] | None:
        if self.headers.get("Authorization", "Bearer t") != "Bearer t":
            return 401, status(16, "Request header error: there is no user identity header.")
        return None

    def look(self) -> tuple[int, Any]:
        if (refusal := self.allows()) is not None:
            return refusal
        match self.parts:
            case ["apis", "v2beta1", "healthz"]:
                return 200, {"multi_user": False}
            case ["apis", "v2beta1", ("runs" | "experiments" | "recurringruns") as kind]:
                listed = "recurringRuns" if kind == "recurringruns" else kind
                return 200, {listed: self.found(kind)} if self.found(kind) else {}
            case ["apis", "v2beta1", "runs", id]:
                told = self.server.state.objects.get(("runs", id))
                return (200, told) if told else (404, status(5, f"Run {id} not found"))
            case ["apis", "v1alpha1", "runs", _, "nodes", pod, "log"]:
                text = self.server.state.logs.get(unquote(pod))
                return (404, status(5, "no such pod")) if text is None else (200, text)
        return 404, "404 page not found"

    def found(self, kind: str) -> list[JsonObject]:
        found = self.all_of(kind)
        if told := self.query.get("filter"):
            (asked,) = json.loads(told)["predicates"]
            assert (asked["operation"], asked["key"]) == (1, "display_name")
            found = [one for one in found if one["display_name"] == asked["stringValue"]]
        if experiment := self.query.get("experiment_id"):
            found = [one for one in found if one["experiment_id"] == experiment]
        return found

    def make(self) -> tuple[int, Any]:
        if (refusal := self.allows()) is not None:
            return refusal
        state = self.server.state
        match self.parts:
            case ["apis", "v2beta1", "experiments"]:
                if any(
                    one["display_name"] == self.body["display_name"]
                    for one in self.all_of("experiments")
                ):
                    return 409, status(6, "Already exist error: the name is in use")
                made = {**self.body, "experiment_id": f"experiment-{len(state.objects)}"}
                state.objects["experiments", made["experiment_id"]] = made
                return 200, made
            case ["apis", "v2beta1", "runs"]:
                if self.body["display_name"].startswith("forbidden"):
                    return 403, status(7, "User 'ann' is not authorized: cannot create runs")
                id = f"0000-{len(state.objects)}"
                made = {**self.body, "run_id": id, "created_at": now(), "state": "PENDING"}
                state.objects["runs", id] = made
                state.runs.append(Run(state, made))
                return 200, made
            case ["apis", "v2beta1", "recurringruns"]:
                id = f"1111-{len(state.objects)}-{len(self.server.requests)}"
                state.objects["recurringruns", id] = made = {**self.body, "recurring_run_id": id}
                return 200, made
            case ["apis", "v2beta1", "runs", verb] if verb.endswith(":terminate"):
                run = state.objects["runs", verb.removesuffix(":terminate")]
                if run["state"] not in ENDED:
                    run["state"] = "CANCELING"
                return 200, {}
        return 404, "404 page not found"

    def remove(self) -> tuple[int, Any]:
        assert self.parts[:3] == ["apis", "v2beta1", "recurringruns"]
        gone = self.server.state.objects.pop(("recurringruns", self.parts[3]), None)
        return (404, status(5, "not found")) if gone is None else (200, {})


def status(code: int, message: str) -> JsonObject:
    return {"error": message, "code": code, "message": message, "details": []}


class Run:
    """Runs a pipeline in a thread of its own, and writes down how far it is."""

    def __init__(self, state: Any, told: JsonObject) -> None:
        self.state, self.told, self.spec = state, told, told["pipeline_spec"]
        self.given: dict[str, JsonObject] = {}
        self.tasks: list[JsonObject] = []
        told["run_details"] = {"task_details": self.tasks}
        self.is_closing = False
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.is_closing = True
        self.thread.join()

    @property
    def is_stopped(self) -> bool:
        return self.is_closing or self.told["state"] == "CANCELING"

    def follow(self) -> None:
        self.told["state"] = "RUNNING"
        parameters = self.spec["root"].get("inputDefinitions", {}).get("parameters", {})
        values = {name: one["defaultValue"] for name, one in parameters.items()
                  if "defaultValue" in one}  # fmt: skip
        values |= self.told["runtime_config"]["parameters"]
        with TemporaryDirectory() as folder:
            self.folder = Path(folder)
            state = self.dag(self.spec["root"]["dag"], values)
        self.told["state"] = "CANCELED" if self.is_stopped else state

    def dag(self, dag: JsonObject, values: JsonObject) -> str:
        states: dict[str, str] = {}
        waiting = dict(dag["tasks"])
        while waiting:
            name = next(n for n, t in waiting.items()
                        if not set(t.get("dependentTasks", ())) & set(waiting))  # fmt: skip
            task = waiting.pop(name)
            before = {states[one] for one in task.get("dependentTasks", ())}
            if self.is_stopped or (before - DONE and "triggerPolicy" not in task):
                states[name] = "SKIPPED"
                continue
            component = self.spec["components"][task["componentRef"]["name"]]
            if "dag" in component:
                states[name] = self.dag(component["dag"], values)
                continue
            label = component["executorLabel"]
            container = self.spec["deploymentSpec"]["executors"][label]["container"]
            states[name] = self.step(name, task, container, values, states)
        return "FAILED" if "FAILED" in states.values() else "SUCCEEDED"

    def step(
        self,
        name: str,
        task: JsonObject,
        container: JsonObject,
        values: JsonObject,
        states: dict[str, str],
    ) -> str:
        file = self.folder / name
        asked = {
            "inputs": {"parameterValues": {key: self.value(source, values, states)
                       for key, source in task["inputs"]["parameters"].items()}},
            "outputs": {"parameters": {"given": {"outputFile": str(file)}}},
        }  # fmt: skip
        command = [*container["command"], *container["args"]]
        pod = f"{self.told['display_name']}-{name}"
        told = {"display_name": name, "state": "RUNNING", "start_time": now(),
                "child_tasks": [{"pod_name": pod}]}  # fmt: skip
        self.tasks += [
            {"display_name": f"{name}-driver", "state": "SUCCEEDED"},
            told,
            {"display_name": "executor", "pod_name": pod, "state": "RUNNING"},
        ]
        process = subprocess.Popen(
            [json.dumps(asked) if word == "{{$}}" else word for word in command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        while True:
            try:
                self.state.logs[pod] = process.communicate(timeout=0.02)[0]
                break
            except subprocess.TimeoutExpired:
                if self.is_stopped:
                    with suppress(ProcessLookupError):  # it has ended meanwhile
                        os.killpg(process.pid, signal.SIGKILL)
        if process.returncode == 0:
            self.given[name] = file.read_text()
        told |= {"state": "FAILED" if process.returncode else "SUCCEEDED", "end_time": now()}
        return str(told["state"])

    def value(self, source: JsonObject, values: JsonObject, states: dict[str, str]) -> Any:
        match source:
            case {"taskOutputParameter": {"producerTask": producer}}:
                return self.given[producer]
            case {"componentInputParameter": name}:
                return values[name]
            case {"taskFinalStatus": {"producerTask": producer}}:
                return {"state": states[producer]}
            case _:
                return self.told["run_id"]
