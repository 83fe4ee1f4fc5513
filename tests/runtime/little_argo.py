"""As much of Argo as its `dag` of containers and scripts: pods are processes of this machine."""

import os
import re
import signal
import subprocess
import threading
from datetime import UTC, datetime
from typing import Any

from tests.codegen.argo_expressions import filled

JsonObject = dict[str, Any]

_END = {"Succeeded", "Failed", "Error", "Skipped", "Omitted"}


class Run:
    """Runs a Workflow in a thread of its own, and writes down how far it is in its status."""

    def __init__(self, state: Any, workflow: JsonObject) -> None:
        self.state = state
        self.name = workflow["metadata"]["name"]
        self.workflow = workflow
        self.templates = {each["name"]: each for each in workflow["spec"]["templates"]}
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.nodes: dict[str, JsonObject] = {}
        self.is_stopped = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.is_stopped = True
        self.thread.join()

    def run(self) -> None:
        top = self.templates[self.workflow["spec"]["entrypoint"]]
        self.nodes[self.name] = {"id": self.name, "name": self.name, "displayName": self.name}
        self.nodes[self.name] |= {"type": "DAG", "phase": "Running"}
        tasks = top["dag"]["tasks"] if "dag" in top else tasks_of(top["steps"])
        while not all(self.phase(task["name"]) in _END for task in tasks):
            before = repr(self.nodes)
            for task in tasks:
                self.look_at(task)
            if repr(self.nodes) != before:
                self.tell("Running")
            with self.state.changed:
                self.state.changed.wait(0.01)
                found = self.state.objects.get(("workflows", self.name))
            self.is_stopped |= found is None or bool(found["spec"].get("shutdown"))
        bad = any(self.phase(task["name"]) in {"Failed", "Error"} for task in tasks)
        self.tell("Failed" if bad else "Succeeded")

    def tell(self, phase: str) -> None:
        with self.state.changed:
            found = self.state.objects.get(("workflows", self.name))
            if found is not None:
                status = {"phase": phase, "startedAt": now(), "nodes": self.nodes}
                self.state.put("workflows", {**found, "status": status}, "MODIFIED")

    def phase(self, task: str) -> str:
        return str(self.nodes.get(f"{self.name}-{task}", {}).get("phase", ""))

    def look_at(self, task: JsonObject) -> None:
        """Begin a task that can begin, end one whose process has ended."""
        name, phase = task["name"], self.phase(task["name"])
        if phase in _END:
            return
        if phase:
            self.look_at_pod(name)
        elif self.is_stopped or not self.is_ready(task):
            if self.is_stopped:
                self.node(name, "Omitted", "workflow shutdown with strategy:  Stop")
        elif not self.holds(order_of(task)):
            self.node(name, "Omitted", "omitted: depends condition not met")
        elif not comparison(self.filled(task.get("when", ""), {})):
            self.node(name, "Skipped", f"when '{task['when']}' evaluated false")
        else:
            self.begin(task)

    def is_ready(self, task: JsonObject) -> bool:
        return all(self.phase(name) in _END for name in names_in(order_of(task)))

    def holds(self, order: str) -> bool:
        def value(found: re.Match[str]) -> str:
            name, _, asked = found[0].partition(".")
            phase = self.phase(name)
            return str(phase == asked if asked else phase in {"Succeeded", "Skipped"})

        text = re.sub(r"[A-Za-z][\w-]*(\.\w+)?", value, order)
        text = text.replace("&&", " and ").replace("||", " or ").replace("!", " not ")
        return not text or bool(eval(text))

    def begin(self, task: JsonObject) -> None:
        name, template = task["name"], self.templates[task["template"]]
        given = task.get("arguments", {}).get("parameters", [])
        values = {one["name"]: self.filled(one["value"], {}) for one in given}
        body = template.get("container") or template["script"]
        if body["image"].startswith("missing/"):
            self.node(
                name, "Pending", f'ImagePullBackOff: Back-off pulling image "{body["image"]}"'
            )
            return
        words = [*body["command"], *body.get("args", ())]
        words = [self.filled(word, values) for word in words]
        if "source" in body:
            words += ["-c", self.filled(body["source"], values)]
        self.node(name, "Running")
        pod = f"{self.name}-{template['name']}-{abs(hash(name))}"
        self.state.pods[pod] = {
            "metadata": {
                "name": pod,
                "labels": {"w": self.name},
                "annotations": {"workflows.argoproj.io/node-id": f"{self.name}-{name}"},
            },
            "spec": {"containers": []},
        }
        self.nodes[f"{self.name}-{name}"]["pod"] = pod
        self.processes[name] = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def look_at_pod(self, name: str) -> None:
        process = self.processes.get(name)
        if self.is_stopped and (process is None or process.poll() is None):
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
            self.node(name, "Failed", "workflow shutdown with strategy:  Stop")
        elif process is not None and process.poll() is not None:
            printed, _ = process.communicate()
            self.state.logs[self.nodes[f"{self.name}-{name}"]["pod"]] = printed
            code = process.returncode
            self.nodes[f"{self.name}-{name}"]["result"] = printed.strip()
            self.node(
                name,
                "Failed" if code else "Succeeded",
                f"Error (exit code {code})" if code else "",
            )

    def node(self, name: str, phase: str, message: str = "") -> None:
        key = f"{self.name}-{name}"
        node = self.nodes.setdefault(
            key,
            {
                "id": key,
                "name": f"{self.name}.{name}",
                "displayName": name,
                "type": "Skipped" if phase in {"Skipped", "Omitted"} else "Pod",
                "boundaryID": self.name,
                "startedAt": now(),
            },
        )
        node |= {"phase": phase, "message": message}
        if phase in _END:
            node["finishedAt"] = now()

    def filled(self, text: str, values: dict[str, str]) -> str:
        """A text with its `{{…}}`."""
        own = self.workflow["spec"].get("arguments", {}).get("parameters", [])
        known = {f"workflow.parameters.{one['name']}": str(one["value"]) for one in own}
        known |= {f"inputs.parameters.{name}": value for name, value in values.items()}
        known["workflow.uid"] = self.workflow["metadata"]["uid"]
        for key, node in self.nodes.items():
            known[f"tasks.{key[len(self.name) + 1 :]}.outputs.result"] = node.get("result", "")
        return filled(text, known)


def tasks_of(groups: list[list[JsonObject]]) -> list[JsonObject]:
    """The groups of a `steps` template as tasks of a `dag`."""
    tasks: list[JsonObject] = []
    before: list[str] = []
    for group in groups:
        tasks += [{**step, "dependencies": before} for step in group]
        before = [step["name"] for step in group]
    return tasks


def order_of(task: JsonObject) -> str:
    return str(task.get("depends") or " && ".join(task.get("dependencies", ())))


def names_in(order: str) -> set[str]:
    return {name.partition(".")[0] for name in re.findall(r"[A-Za-z][\w.-]*", order)}


def comparison(text: str) -> bool:
    left, sign, right = text.partition("==")
    if not sign:
        return text.strip() != "false"
    return left.strip(" '\"") == right.strip(" '\"")


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
