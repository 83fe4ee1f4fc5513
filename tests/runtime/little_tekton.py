"""As much of Tekton's controller as tells of runs; steps are processes of this machine."""

import os
import signal
import subprocess
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.codegen.tekton_interpreter import Tasks

from .little_argo import now

JsonObject = dict[str, Any]


class Run(Tasks):
    """Runs a PipelineRun in a thread of its own, and writes down how far it is in its status."""

    def __init__(self, state: Any, run: JsonObject) -> None:
        self.state = state
        self.name = run["metadata"]["name"]
        self.skipped: list[JsonObject] = []
        self.is_closing = False
        self.folder = TemporaryDirectory()
        pipeline = run["spec"]["pipelineSpec"]
        tasks = [*pipeline.get("tasks", ()), *pipeline.get("finally", ())]
        config = tasks[0]["taskSpec"]["volumes"][0]["configMap"]["name"]
        data = state.objects["configmaps", config]["data"]
        super().__init__(pipeline, data, Path(self.folder.name) / "r", {}, run["metadata"]["uid"])
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.is_closing = True
        self.thread.join()
        self.folder.cleanup()

    def follow(self) -> None:
        status = self.run()
        if self.is_cancelled:
            self.tell("False", "Cancelled", f'PipelineRun "{self.name}" was cancelled')
        else:
            self.tell(str(status == "Succeeded"), status, "Tasks Completed")

    @property
    def is_cancelled(self) -> bool:
        found = self.state.objects.get(("pipelineruns", self.name))
        return self.is_closing or found is None or bool(found["spec"].get("status"))

    @property
    def is_stopped(self) -> bool:
        return super().is_stopped or self.is_cancelled

    def begin(self, name: str, step: JsonObject) -> bool:
        lacks_image = step["image"].startswith("missing/")
        pod = f"{self.name}-{name}-pod"
        labels = {"tekton.dev/pipelineRun": self.name, "tekton.dev/pipelineTask": name}
        task_run = {"metadata": {"name": f"{self.name}-{name}", "labels": labels}, "status": {}}
        with self.state.changed:  # seen at once, so that a patch after it is not stale
            self.put(task_run, "Unknown", "Pending" if lacks_image else "Running", podName=pod)
            self.tell("Unknown", "Running", f"Incomplete: {name}")
        return not lacks_image

    def wait(self, name: str, process: subprocess.Popen[str]) -> str:
        is_exit = any(name == one["name"] for one in self._pipeline.get("finally", ()))
        while True:
            try:
                printed = process.communicate(timeout=0.02)[0]
                break
            except subprocess.TimeoutExpired:
                if self.is_closing or (self.is_cancelled and not is_exit):
                    os.killpg(process.pid, signal.SIGKILL)
        self.state.logs[f"{self.name}-{name}-pod"] = printed
        return printed

    def end(self, name: str, state: str, why: str) -> None:
        super().end(name, state, why)
        task_run = self.state.objects.get(("taskruns", f"{self.name}-{name}"))
        if task_run is None:
            self.skipped.append({"name": name, "reason": why})
        elif why.isdecimal():
            value = self.results.get(name)
            ended = {"name": "step", "terminated": {"exitCode": int(why), "reason": "Completed"}}
            given = [] if value is None else [{"name": "given", "type": "string", "value": value}]
            self.put(task_run, str(state == "Succeeded"), state, results=given, steps=[ended])
        else:
            self.put(task_run, "False", why, 'failed to pull the image "missing/image"')
        self.tell("Unknown", "Running", f"Completed: {name}")

    def put(
        self, task_run: JsonObject, status: str, reason: str, message: str = "", **more: Any
    ) -> None:
        told = {"startTime": now(), **task_run["status"], **more}
        told["conditions"] = [condition(status, reason, message)]
        if status != "Unknown":
            told["completionTime"] = now()
        self.state.put("taskruns", {**task_run, "status": told}, "MODIFIED")

    def tell(self, status: str, reason: str, message: str) -> None:
        with self.state.changed:
            found = self.state.objects.get(("pipelineruns", self.name))
            if found is not None:
                told = {"conditions": [condition(status, reason, message)]}
                told["skippedTasks"] = list(self.skipped)
                self.state.put("pipelineruns", {**found, "status": told}, "MODIFIED")


def condition(status: str, reason: str, message: str) -> JsonObject:
    return {"type": "Succeeded", "status": status, "reason": reason, "message": message}
