"""Runs the subset of Tekton that we emit, as Tekton's controller would: one process per step.

What it takes from Tekton: tasks start when those of `runAfter` and of their references have
ended; a failed task starts no more tasks, but those of `finally`; a task that refers to a result
that is not there does not run; `$(…)` is put in wherever it stands, in one value after another.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

_RESULT = re.compile(r"\$\(tasks\.([a-z0-9-]+)\.results\.([a-z-]+)\)")


class PipelineRun:
    """A run of the documents of one file. given: results of tasks. states: of all task runs."""

    def __init__(self, text: str, folder: Path, arguments: Mapping[str, str]) -> None:
        by_kind = {one["kind"]: one for one in yaml.safe_load_all(text)}
        self._data: dict[str, str] = by_kind["ConfigMap"]["data"]
        self._pipeline: dict[str, Any] = by_kind["Pipeline"]["spec"]
        self._folder = folder
        (folder / "config").mkdir(parents=True)
        for name, content in self._data.items():
            (folder / "config" / name).write_text(content, "utf-8")
        declared = {one["name"]: one.get("default") for one in self._pipeline.get("params", [])}
        self._values = {f"params.{n}": arguments.get(n, d) for n, d in declared.items()}
        self._values["context.pipelineRun.name"] = "run-x7k2"
        self.results: dict[str, str] = {}
        self.states: dict[str, str] = {}

    def run(self) -> str:
        tasks = {one["name"]: one for one in self._pipeline.get("tasks", [])}
        order = TopologicalSorter({name: {*_before(task)} for name, task in tasks.items()})
        for name in order.static_order():
            if "Failed" not in self.states.values():
                self.states[name] = self._task(tasks[name])
        failed = "Failed" in self.states.values()
        done = "Succeeded" if set(self.states.values()) <= {"Succeeded"} else "Completed"
        self._values["tasks.status"] = "Failed" if failed else done
        for task in self._pipeline.get("finally", []):
            assert "runAfter" not in task
            self.states[task["name"]] = self._task(task)
        return "Failed" if "Failed" in self.states.values() else "Succeeded"

    def _task(self, task: dict[str, Any]) -> str:
        values = self._values | {
            f"tasks.{name}.results.given": given for name, given in self.results.items()
        }
        when = [self._put(json.dumps(one), values) for one in task.get("when", [])]
        if not all(_holds(json.loads(one)) for one in when):
            return "Skipped"
        arguments = {one["name"]: self._put(one["value"], values) for one in task["params"]}
        if any(_RESULT.search(value) for value in arguments.values()):
            return "Skipped"
        spec, folder = task["taskSpec"], self._folder / task["name"]
        folder.mkdir()
        assert {one["name"] for one in spec["params"]} == {*arguments}
        own = {f"params.{name}": value for name, value in arguments.items()}
        own["results.given.path"] = str(folder / "given")
        (step,) = spec["steps"]
        code = self._step(step, own, folder)
        if (folder / "given").exists():
            self.results[task["name"]] = (folder / "given").read_text("utf-8")
            assert len(self.results[task["name"]].encode()) < 4000
        return "Failed" if code and step.get("onError") != "continue" else "Succeeded"

    def _step(self, step: dict[str, Any], values: Mapping[str, Any], folder: Path) -> int:
        (mount,) = step["volumeMounts"]
        command = [sys.executable, *step["command"][1:], *step["args"]]
        command = [_expanded(self._put(part, values)) for part in command]
        command[1] = command[1].replace(mount["mountPath"], str(self._folder / "config"), 1)
        done = subprocess.run(
            command, cwd=folder, env={**os.environ}, capture_output=True, text=True, check=False
        )
        (folder / "log").write_text(done.stdout + done.stderr)
        return done.returncode

    def _put(self, text: str, values: Mapping[str, Any]) -> str:
        for name, value in values.items():
            text = text.replace(f"$({name})", str(value))
        return text


def _expanded(text: str) -> str:
    """As Kubernetes does with arguments: `$$` is `$`; unknown variables stay."""
    return text.replace("$$", "$")


def _before(task: dict[str, Any]) -> Iterator[str]:
    yield from task.get("runAfter", [])
    yield from (found[1] for found in _RESULT.finditer(json.dumps(task["params"])))


def _holds(when: dict[str, Any]) -> bool:
    return (when["input"] in when["values"]) == (when["operator"] == "in")
