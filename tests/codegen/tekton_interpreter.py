"""Runs the subset of Tekton that we emit, as Tekton's controller would: one process per step.

What it takes from Tekton: tasks start when those of `runAfter` and of their references have
ended; a failed task starts no more tasks, but those of `finally`; a task that refers to a result
that is not there does not run; `$(…)` is put in wherever it stands, in one value after another.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

_RESULT = re.compile(r"\$\(tasks\.([a-z0-9-]+)\.results\.([a-z-]+)\)")


class Tasks:
    """The tasks of a pipeline. results: of tasks, `given`. states: of all task runs."""

    def __init__(
        self,
        pipeline: dict[str, Any],
        config: Mapping[str, str],
        folder: Path,
        arguments: Mapping[str, str],
        uid: str,
    ) -> None:
        """config: what is in the ConfigMap. uid: of the run."""
        self._pipeline = pipeline
        self._folder = folder
        (folder / "config").mkdir(parents=True)
        for name, content in config.items():
            (folder / "config" / name).write_text(content, "utf-8")
        declared = {one["name"]: one.get("default") for one in pipeline.get("params", [])}
        self._values = {f"params.{n}": arguments.get(n, d) for n, d in declared.items()}
        self._values["context.pipelineRun.uid"] = uid
        self.results: dict[str, str] = {}
        self.states: dict[str, str] = {}

    @property
    def is_stopped(self) -> bool:
        """Whether no more tasks may begin, but those of `finally`."""
        return "Failed" in self.states.values()

    def begin(self, name: str, step: dict[str, Any]) -> bool:
        """Told of a task that begins; whether its pod does."""
        return True

    def wait(self, name: str, process: subprocess.Popen[str]) -> str:
        """Wait for a step of a task to end; what it has printed."""
        return process.communicate()[0]

    def end(self, name: str, state: str, why: str) -> None:
        """Told of a task that has ended, or was left out."""
        self.states[name] = state

    def run(self) -> str:
        tasks = {one["name"]: one for one in self._pipeline.get("tasks", [])}
        order = TopologicalSorter({name: {*_before(task)} for name, task in tasks.items()})
        for name in order.static_order():
            if not self.is_stopped:
                self.end(name, *self._task(tasks[name]))
        failed = "Failed" in self.states.values()
        done = "Succeeded" if set(self.states.values()) <= {"Succeeded"} else "Completed"
        self._values["tasks.status"] = "Failed" if failed else done
        for task in self._pipeline.get("finally", []):
            assert "runAfter" not in task
            self.end(task["name"], *self._task(task))
        return "Failed" if "Failed" in self.states.values() else "Succeeded"

    def _task(self, task: dict[str, Any]) -> tuple[str, str]:
        values = self._values | {
            f"tasks.{name}.results.given": given for name, given in self.results.items()
        }
        when = [self._put(json.dumps(one), values) for one in task.get("when", [])]
        if not all(_holds(json.loads(one)) for one in when):
            return "Skipped", "When Expressions evaluated to false"
        arguments = {one["name"]: self._put(one["value"], values) for one in task["params"]}
        if any(_RESULT.search(value) for value in arguments.values()):
            return "Skipped", "Results were missing"
        spec, folder = task["taskSpec"], self._folder / task["name"]
        folder.mkdir()
        assert {one["name"] for one in spec["params"]} == {*arguments}
        own = {f"params.{name}": value for name, value in arguments.items()}
        own["results.given.path"] = str(folder / "given")
        (step,) = spec["steps"]
        if not self.begin(task["name"], step):
            return "Failed", "TaskRunImagePullFailed"
        code = self._step(task["name"], step, own, folder)
        if (folder / "given").exists():
            self.results[task["name"]] = (folder / "given").read_text("utf-8")
            assert len(self.results[task["name"]].encode()) < 4000
        if code is None:
            return "Failed", "TaskRunCancelled"
        return ("Failed" if code and step.get("onError") != "continue" else "Succeeded"), str(code)

    def _step(
        self, name: str, step: dict[str, Any], values: Mapping[str, Any], folder: Path
    ) -> int | None:
        """The exit code of a step; None if it was stopped."""
        (mount,) = step["volumeMounts"]
        command = [sys.executable, *step["command"][1:], *step["args"]]
        command = [_expanded(self._put(part, values)) for part in command]
        command[1] = command[1].replace(mount["mountPath"], str(self._folder / "config"), 1)
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        (folder / "log").write_text(self.wait(name, process))
        return None if process.returncode == -signal.SIGKILL else process.returncode

    def _put(self, text: str, values: Mapping[str, Any]) -> str:
        for name, value in values.items():
            text = text.replace(f"$({name})", str(value))
        return text


class PipelineRun(Tasks):
    """A run of the documents of one file."""

    def __init__(self, text: str, folder: Path, arguments: Mapping[str, str]) -> None:
        by_kind = {one["kind"]: one for one in yaml.safe_load_all(text)}
        config, pipeline = by_kind["ConfigMap"]["data"], by_kind["Pipeline"]["spec"]
        super().__init__(pipeline, config, folder, arguments, "run-x7k2")


def _expanded(text: str) -> str:
    """As Kubernetes does with arguments: `$$` is `$`; unknown variables stay."""
    return text.replace("$$", "$")


def _before(task: dict[str, Any]) -> Iterator[str]:
    yield from task.get("runAfter", [])
    yield from (found[1] for found in _RESULT.finditer(json.dumps(task["params"])))


def _holds(when: dict[str, Any]) -> bool:
    return (when["input"] in when["values"]) == (when["operator"] == "in")
