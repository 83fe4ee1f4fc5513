"""Runs the subset of Argo that we emit, as Argo's controller would: one process per pod.

It is strict: a field that it does not know, an argument too many or too few and a `{{…}}` that
stands for nothing are errors. What it takes from Argo: a task that is not to run because of what it
depends on is omitted, because of its `when` skipped; of no items, skipped; a graph has failed
when a branch of it ends behind a failed task with no task that ran since; a failed step ends the
groups behind its own. Tasks run one after the other, and waits take no time.

A run tells of its nodes by their places: the names of those that they are in, and their own.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from .argo_expressions import TAG, Unresolved, asks_items, evaluate, filled, holds, nested

Template = Mapping[str, Any]
Place = tuple[str, ...]
Wait = Callable[["subprocess.Popen[bytes]", float | None], tuple[bytes, bytes]]
ON_EXIT: Place = ("onExit",)
_STOPPED = "workflow shutdown with strategy:  Stop"
_TAG = re.compile(r"\{\{(\w[\w.-]*)\}\}")
_BAD = ("Failed", "Error")
_DEPENDS = {"Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned"}
_FIELDS = {
    "spec": "entrypoint onExit arguments parallelism activeDeadlineSeconds ttlStrategy templates",
    "template": "name inputs outputs retryStrategy activeDeadlineSeconds parallelism "
    "container script resource suspend steps dag",
    "dag": "failFast tasks",
    "task": "name template arguments depends dependencies when withItems withParam withSequence "
    "continueOn",
    "container": "image imagePullPolicy command args source env",
    "resource": "action setOwnerReference successCondition failureCondition manifest",
    "retryStrategy": "limit retryPolicy expression backoff",
}


@dataclass(frozen=True)
class Ended:
    """How a node ended. rounds: of one with items, how each of them did."""

    phase: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, Path] = field(default_factory=dict)
    result: str | None = None
    exit_code: int = 0
    message: str = ""
    rounds: "tuple[Ended, ...] | None" = None

    def names(self, prefix: str) -> dict[str, Any]:
        """What others know it by."""
        told: dict[str, Any] = {f"{prefix}.status": self.phase}
        if self.result is not None:
            told[f"{prefix}.outputs.result"] = self.result
        told |= {f"{prefix}.outputs.parameters.{n}": value for n, value in self.parameters.items()}
        return told | {f"{prefix}.outputs.artifacts.{n}": p for n, p in self.artifacts.items()}


class WorkflowRun:
    """A run of the first of some objects.

    nodes: how the steps of the workflow ended, and those that run when it has.
    """

    def __init__(
        self,
        objects: Iterable[Mapping[str, Any]],
        folder: Path,
        arguments: Mapping[str, str],
        uid: str = "run-x7",
    ) -> None:
        self._objects = [*objects]
        self._spec: dict[str, Any] = self._objects[0]["spec"]
        _check("spec", self._spec)
        self._templates = {one["name"]: one for one in self._spec["templates"]}
        self._folder = folder
        folder.mkdir(parents=True)
        self._pods = 0
        declared = self._spec.get("arguments", {}).get("parameters", [])
        assert {*arguments} <= {one["name"] for one in declared}
        self._globals = {"workflow.uid": uid}
        for one in declared:
            name = one["name"]
            value = arguments[name] if name in arguments else filled(one["value"], {})
            self._globals[f"workflow.parameters.{name}"] = value
        self._outputs: dict[str, str] = {}
        self.nodes: dict[str, Ended] = {}

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more may begin."""
        return False

    def begin(self, place: Place, kind: str, template: Template) -> bool:
        """Told of a node that begins; whether its pod does."""
        return True

    def wait(
        self, process: "subprocess.Popen[bytes]", seconds: float | None
    ) -> tuple[bytes, bytes]:
        """Wait for a pod to end; what it has printed.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        return process.communicate(timeout=seconds)

    def end(self, place: Place, ended: Ended) -> None:
        """Told of a node that has ended, or was left out."""

    def child(
        self, template: Template, given: Mapping[str, str], _metadata: Mapping[str, Any]
    ) -> "WorkflowRun":
        """A run of a workflow template, as an object of its own."""
        name = f"child-{self._pods}"
        return WorkflowRun([template], self._folder / name, given, name)

    def run(self) -> str:
        """Run it to its end; Succeeded or Failed."""
        phase = self._execute(self._spec["entrypoint"], {}, (), self.nodes).phase
        if on_exit := self._spec.get("onExit"):
            self._globals["workflow.status"] = phase
            last = self._execute(on_exit, {}, ON_EXIT, self.nodes)
            phase = last.phase if last.phase in _BAD else phase
        return phase

    # --- templates ---

    def _execute(
        self,
        name: str,
        arguments: Mapping[str, Any],
        place: Place,
        nodes: dict[str, Ended] | None = None,
    ) -> Ended:
        template = self._templates[name]
        _check("template", template)
        names = self._globals | _inputs(template.get("inputs", {}), arguments)
        known = {} if nodes is None else nodes
        if "dag" in template:
            self.begin(place, "DAG", template)
            return self._dag(template, names, place, known)
        if "steps" in template:
            self.begin(place, "Steps", template)
            return self._steps(template, names, place, known)
        if "retryStrategy" in template:
            self.begin(place, "Retry", template)
            return self._tried(template, names, place)
        return self._leaf(template, names, place)

    def _tried(self, template: Template, names: dict[str, Any], place: Place) -> Ended:
        """A template that is a leaf, as often as it is to be tried."""
        strategy = template["retryStrategy"]
        _check("retryStrategy", strategy)
        for attempt in range(int(strategy.get("limit", 0)) + 1):
            at = _counted(place, str(attempt))
            ended = self._leaf(template, names | {"retries": attempt}, at)
            self.end(at, ended)
            last = {"lastRetry.status": ended.phase, "lastRetry.exitCode": str(ended.exit_code)}
            if ended.phase not in _BAD or self.is_stopped:
                break
            if "expression" in strategy and not evaluate(strategy["expression"], nested(last)):
                break
        return ended

    def _leaf(self, template: Template, names: dict[str, Any], place: Place) -> Ended:
        if "suspend" in template:
            assert {*template["suspend"]} <= {"duration"}
            assert "outputs" not in template
            self.begin(place, "Suspend", template)
            return Ended("Succeeded")
        if not self.begin(place, "Pod", template):
            return Ended("Failed", message=_STOPPED)
        if "resource" in template:
            return self._child(template, names)
        self._pods += 1
        folder = self._folder / str(self._pods)
        folder.mkdir()
        return _Pod(template, names, folder).run(self.wait)

    # --- graphs and lists of steps ---

    def _dag(
        self, template: Template, names: dict[str, Any], place: Place, nodes: dict[str, Ended]
    ) -> Ended:
        _check("dag", template["dag"])
        assert template["dag"]["failFast"] is False
        tasks = {task["name"]: task for task in template["dag"]["tasks"]}
        before = {name: {*_words(_order(task))} for name, task in tasks.items()}
        for name in TopologicalSorter(before).static_order():
            task = tasks[name]
            known = {each: nodes[each] for each in before[name]}
            if reason := self._obstacle(task, known):
                nodes[name] = Ended("Omitted", message=reason)
                self.end((*place, name), nodes[name])
                continue
            scope = names | _scope("tasks", {each: nodes[each] for each in _above(name, before)})
            nodes[name] = self._task(task, scope, (*place, name))
        return self._whole(_phase_of_graph(before, nodes), template, names | _scope("tasks", nodes))

    def _obstacle(self, task: Template, known: Mapping[str, Ended]) -> str:
        """Why a task is not to run, if it is not."""
        if self.is_stopped:
            return _STOPPED
        return "" if _is_to_run(_order(task), known) else "omitted: depends condition not met"

    def _steps(
        self, template: Template, names: dict[str, Any], place: Place, nodes: dict[str, Ended]
    ) -> Ended:
        phase = "Succeeded"
        for group in template["steps"]:
            known = names | _scope("steps", nodes)
            for step in group:
                assert not {"depends", "dependencies"} & {*step}
                nodes[step["name"]] = ended = self._task(step, known, (*place, step["name"]))
                continues = step.get("continueOn", {})
                if ended.phase in _BAD and not continues.get("failed"):
                    phase = "Failed"
            if phase != "Succeeded" or self.is_stopped:
                break
        return self._whole(phase, template, names | _scope("steps", nodes))

    def _whole(self, phase: str, template: Template, names: dict[str, Any]) -> Ended:
        """What a template with tasks gives, which all have ended."""
        if phase != "Succeeded":
            return Ended(phase)
        parameters, artifacts = {}, {}
        for one in template.get("outputs", {}).get("parameters", []):
            parameters[one["name"]] = value = _given(one["valueFrom"], names)
            self._outputs |= {one["globalName"]: value} if "globalName" in one else {}
        for one in template.get("outputs", {}).get("artifacts", []):
            artifacts[one["name"]] = _artifact(one, names)
        return Ended(phase, parameters, artifacts)

    def _task(self, task: Template, names: dict[str, Any], place: Place) -> Ended:
        _check("task", task)
        loops = {"withItems", "withParam", "withSequence"} & {*task}
        try:
            if not loops:
                return self._once(task, names, place)
            items = _items(task, names)
        except Unresolved as error:
            raise AssertionError(f"{task['name']}: {error} stands for nothing") from error
        if items:
            ended = self._mapped(task, names, place, items)
        else:
            ended = Ended("Skipped", message="skipped, as there are no items")
        self.end(place, ended)
        return ended

    def _mapped(
        self, task: Template, names: dict[str, Any], place: Place, items: list[Any]
    ) -> Ended:
        self.begin(place, "TaskGroup", task)
        when = TAG.sub(
            lambda tag: tag[0] if asks_items(tag[1]) else filled(tag[0], names),
            task.get("when", ""),
        )
        rounds = tuple(
            self._once(
                {**task, "when": when},
                names | _item_names(item),
                _counted(place, f"{number}:{_text(item)}"),
                self._globals | _item_names(item),
            )
            for number, item in enumerate(items)
        )
        bad = next((each.phase for each in rounds if each.phase in _BAD), None)
        return Ended(bad or "Succeeded", **_collected(rounds), rounds=rounds)

    def _once(
        self,
        task: Template,
        names: dict[str, Any],
        place: Place,
        with_items: dict[str, Any] | None = None,
    ) -> Ended:
        """with_items: what is known where items are put in, to a `when` that asks for them."""
        ended = _unguarded(task, names if with_items is None else with_items) or self._execute(
            task["template"], _arguments(task.get("arguments", {}), names), place
        )
        self.end(place, ended)
        return ended

    # --- workflows of a workflow ---

    def _child(self, template: Template, names: dict[str, Any]) -> Ended:
        """The run of a workflow template, which a manifest asks for."""
        resource = template["resource"]
        _check("resource", resource)
        assert resource["action"] == "create"
        assert resource["successCondition"] == "status.phase == Succeeded"
        manifest = yaml.safe_load(filled(resource["manifest"], names))
        assert {*manifest["spec"]} <= {"workflowTemplateRef", "arguments"}
        called = manifest["spec"]["workflowTemplateRef"]["name"]
        (found,) = [one for one in self._objects if one["metadata"]["name"] == called]
        assert found["kind"] == "WorkflowTemplate"
        given = manifest["spec"].get("arguments", {}).get("parameters", [])
        self._pods += 1
        run = self.child(found, {one["name"]: one["value"] for one in given}, manifest["metadata"])
        phase = run.run()
        if phase != "Succeeded":
            return Ended("Failed")
        asked = {
            one["name"]: one["valueFrom"]["jsonPath"]
            for one in template.get("outputs", {}).get("parameters", [])
        }
        for name, path in asked.items():
            assert path == f'{{.status.outputs.parameters[?(@.name=="{name}")].value}}'
        return Ended(phase, {name: run._outputs[name] for name in asked})


class _Pod:
    """The container of a template as a process. Its paths lie in a folder of the pod's own."""

    def __init__(self, template: Template, names: dict[str, Any], folder: Path) -> None:
        self._template, self._folder = template, folder
        self._body = template.get("container") or template["script"]
        self._outputs = template.get("outputs", {})
        _check("container", self._body)
        inputs = template.get("inputs", {}).get("artifacts", [])
        declared = [*inputs, *self._outputs.get("artifacts", [])]
        paths = [one["path"] for one in declared]
        paths += [one["valueFrom"]["path"] for one in self._outputs.get("parameters", [])]
        self._paths = {path: folder / path.lstrip("/") for path in paths}
        for path in self._paths.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        outputs = [one["valueFrom"]["path"] for one in self._outputs.get("parameters", [])]
        self._folders = {str(Path(path).parent): str(self._paths[path].parent) for path in outputs}
        self._names = names
        for one in inputs:
            there = self._paths[one["path"]]
            if "raw" in one:
                there.write_text(self._put(one["raw"]["data"]), "utf-8")
            else:
                there.write_bytes(names[f"inputs.artifacts.{one['name']}"].read_bytes())

    def run(self, wait: Wait) -> Ended:
        command = [self._put(word) for word in self._body["command"]]
        if "source" in self._body:
            script = self._folder / "script"
            script.write_text(self._put(self._body["source"]), "utf-8")
            command.append(str(script))
        command += [self._put(word) for word in self._body.get("args", [])]
        own = {one["name"]: self._put(one["value"]) for one in self._body.get("env", [])}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with subprocess.Popen(
            command,
            cwd=self._folder,
            env={**os.environ, "PATH": path, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                printed, errors = wait(process, self._template.get("activeDeadlineSeconds"))
            except subprocess.TimeoutExpired:
                stop(process)
                return Ended("Failed", exit_code=143)
        code = process.returncode
        if code == -signal.SIGKILL:
            return Ended("Failed", message=_STOPPED)
        if code:
            return Ended("Failed", exit_code=code if code > 0 else 128 - code,
                         message=errors.decode()[-1000:])  # fmt: skip
        return self._ended(printed.decode().removesuffix("\n"))

    def _ended(self, result: str) -> Ended:
        parameters = {}
        for one in self._outputs.get("parameters", []):
            path = self._paths[one["valueFrom"]["path"]]
            if not path.exists():
                return Ended("Error", message=f"there is no {one['name']}")
            parameters[one["name"]] = path.read_text("utf-8").removesuffix("\n")
        artifacts = {
            one["name"]: self._paths[one["path"]] for one in self._outputs.get("artifacts", [])
        }
        return Ended("Succeeded", parameters, artifacts, result)

    def _put(self, text: str) -> str:
        """A text with its values, and this pod's own paths."""
        text = self._folders.get(text, text)
        for path, there in self._paths.items():
            text = text.replace(path, str(there))
        return filled(text, self._names)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a pod, with what it has started."""
    os.killpg(process.pid, signal.SIGKILL)


def _check(kind: str, value: Mapping[str, Any]) -> None:
    unknown = {*value} - {*_FIELDS[kind].split()}
    assert not unknown, f"{kind} {value.get('name', '')}: {unknown}"


def _inputs(declared: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a template's inputs by the names that it knows them by."""
    assert {*declared} <= {"parameters", "artifacts"}
    told = dict(arguments)
    names = {f"inputs.parameters.{one['name']}": one for one in declared.get("parameters", [])}
    files = {f"inputs.artifacts.{one['name']}": one for one in declared.get("artifacts", [])}
    for name, one in names.items():
        if name not in told:
            assert "default" in one, f"{name} is not given"
            told[name] = filled(one["default"], {})
    assert {*told} <= {*names, *files}, f"too many are given: {told}"
    assert all(name in told or "raw" in one for name, one in files.items())
    return told


def _arguments(declared: Mapping[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """What a task gives its template, by the names that it knows them by."""
    assert {*declared} <= {"parameters", "artifacts"}
    told: dict[str, Any] = {
        f"inputs.parameters.{one['name']}": filled(one["value"], names)
        for one in declared.get("parameters", [])
    }
    for one in declared.get("artifacts", []):
        told[f"inputs.artifacts.{one['name']}"] = _artifact(one, names)
    return told


# --- the order of tasks -----------------------------------------------------------------------


def _order(task: Template) -> str:
    assert not {"depends", "dependencies"} <= {*task}
    return task.get("depends") or " && ".join(task.get("dependencies", ()))


def _words(order: str) -> Iterator[str]:
    yield from (word.partition(".")[0] for word in re.findall(r"[A-Za-z][\w.-]*", order))


def _is_to_run(order: str, ended: Mapping[str, Ended]) -> bool:
    def value(found: re.Match[str]) -> str:
        name, _, asked = found[0].partition(".")
        phase = {"Error": "Errored"}.get(ended[name].phase, ended[name].phase)
        assert not asked or asked in _DEPENDS, order
        return str(phase == asked if asked else phase in ("Succeeded", "Skipped")).lower()

    return not order or holds(re.sub(r"[A-Za-z][\w-]*(\.\w+)?", value, order))


def _unguarded(task: Template, names: dict[str, Any]) -> Ended | None:
    """How a task ends by its `when` alone."""
    try:
        when = filled(task.get("when", ""), names)
        is_to_run = not when or holds(when)
    except (AssertionError, TypeError, ValueError) as error:
        return Ended("Error", message=str(error))
    return None if is_to_run else Ended("Skipped", message=f"when '{when}' evaluated false")


def _counted(place: Place, count: str) -> Place:
    """The place of a round or an attempt, which is beside the node that has them."""
    return (*place[:-1], f"{place[-1]}({count})")


def _above(name: str, before: Mapping[str, set[str]]) -> set[str]:
    """All that a task depends on, at however many removes."""
    found: set[str] = set()
    rest = [*before[name]]
    while rest:
        each = rest.pop()
        if each not in found:
            found.add(each)
            rest += before[each]
    return found


def _phase_of_graph(before: Mapping[str, set[str]], nodes: Mapping[str, Ended]) -> str:
    """Failed, if some branch ends with a failed task, or with tasks behind it that did not run."""
    bad: dict[str, bool] = {}
    for name in TopologicalSorter(before).static_order():
        phase = nodes[name].phase
        did_not_run = phase in ("Skipped", "Omitted")
        bad[name] = phase in _BAD or (did_not_run and any(bad[each] for each in before[name]))
    inner = {each for names in before.values() for each in names}
    return "Failed" if any(bad[name] for name in before if name not in inner) else "Succeeded"


# --- values -----------------------------------------------------------------------------------


def _scope(root: str, nodes: Mapping[str, Ended]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, ended in nodes.items():
        told |= ended.names(f"{root}.{name}")
    return told


def _given(source: Mapping[str, Any], names: dict[str, Any]) -> str:
    """An output parameter of a template with tasks."""
    (kind,) = {*source} - {"default"}
    try:
        if kind == "expression":
            return str(evaluate(source[kind], nested(names)))
        assert kind == "parameter"
        return filled(source[kind], names)
    except Unresolved:
        if "default" not in source:
            raise
        return str(source["default"])


def _artifact(one: Mapping[str, Any], names: dict[str, Any]) -> Path:
    if "fromExpression" in one:
        return Path(evaluate(one["fromExpression"], nested(names)))
    tag = _TAG.fullmatch(one["from"])
    assert tag
    return Path(names[tag[1]])


def _items(task: Template, names: dict[str, Any]) -> list[Any]:
    if "withItems" in task:
        return [_filled_item(item, names) for item in task["withItems"]]
    if "withSequence" in task:
        ends = {key: int(filled(text, names)) for key, text in task["withSequence"].items()}
        return [str(number) for number in range(ends["start"], ends["end"] + 1)]
    items = json.loads(filled(task["withParam"], names))
    assert isinstance(items, list)
    return items


def _filled_item(item: Any, names: dict[str, Any]) -> Any:
    if isinstance(item, Mapping):
        return {key: _filled_item(value, names) for key, value in item.items()}
    return filled(item, names) if isinstance(item, str) else item


def _item_names(item: Any) -> dict[str, str]:
    fields = item.items() if isinstance(item, Mapping) else ()
    return {"item": _text(item), **{f"item.{key}": _text(value) for key, value in fields}}


def _text(item: Any) -> str:
    return item if isinstance(item, str) else _json(item)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _collected(rounds: Iterable[Ended]) -> dict[str, Any]:
    """The outputs of the rounds that succeeded, as lists: of what is printed, as JSON if it is; of
    parameters, as JSON if all are lists or objects.
    """
    good = [each for each in rounds if each.phase == "Succeeded"]
    names = dict.fromkeys(name for each in good for name in each.parameters)
    lists = {name: _json(_values([each.parameters[name] for each in good])) for name in names}
    results = [_parsed(each.result) for each in good if each.result is not None]
    return {"parameters": lists, "result": _json(results)}


def _values(texts: list[str]) -> list[Any]:
    parsed = [_parsed(text) for text in texts]
    return parsed if all(isinstance(each, list | dict) for each in parsed) else texts


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
