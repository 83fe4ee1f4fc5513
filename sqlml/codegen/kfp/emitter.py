"""Kubeflow Pipelines 2: the pipeline's specification, written directly."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen import plain
from sqlml.codegen.engine import (
    CLUSTER_RESOURCE,
    FEATURES,
    SUB_WORKFLOW,
    Capability,
    Feature,
    Options,
)
from sqlml.codegen.flatten import flatten
from sqlml.codegen.given import given_step, parameters_of
from sqlml.codegen.lanes import in_lanes
from sqlml.codegen.yaml import dump
from sqlml.workflow.graph import needs, watched
from sqlml.workflow.ir import (
    Container,
    Node,
    ParameterDeclaration,
    Schedule,
    Script,
    Workflow,
)
from sqlml.workflow.serial import thaw

_TYPES = {
    "text": "STRING",
    "int": "NUMBER_INTEGER",
    "float": "NUMBER_DOUBLE",
    "bool": "BOOLEAN",
    "json": "STRING",
}
_GROUP = "all-steps"
_WATCHER = "watcher"
_IMAGE = "python:3.11"


class Kubeflow:
    """Each step is a container whose Python runs the program and knows when to leave it out.

    A step hands on one parameter, `given`: how it ended, and its outputs.
    """

    name = "kfp"
    title = "Kubeflow Pipelines"
    outputs = "outputs"
    settings: Mapping[str, str] = {
        "server": "for `sqlml run`: the URL of the API server (`KF_PIPELINES_ENDPOINT`)",
        "experiment": "for `sqlml run`: the name of the run's experiment, instead of `Default`",
    }
    support: Mapping[Feature, Capability] = {
        **{feature: Capability("lowered", "the step's own Python does it") for feature in FEATURES},
        "container": Capability("lowered", "the image must have Python 3.10 or newer"),
        "script": Capability("native"),
        "parameter": Capability("native"),
        "exit step": Capability("native"),
        "step timeout": Capability("lowered", "the step's own Python ends the program"),
        "resources": Capability("native"),
        "sub-workflow": SUB_WORKFLOW,
        "map over a known list": Capability("lowered", "all rounds run in one task"),
        "map over an output": Capability("lowered", "all rounds run in one task"),
        "repeat": Capability("lowered", "all rounds run in one task"),
        "suspend until resumed": Capability("refused", "give it a time, or split the workflow"),
        "cluster resource": CLUSTER_RESOURCE,
        "workflow timeout": Capability(
            "lowered", "steps end themselves when it is over; it begins with the first of them"
        ),
        "parallelism": Capability("lowered", "steps wait for others, so that no more can run"),
        "schedule": Capability(
            "lowered", "the pipeline's description says which recurring run to make of it"
        ),
        "file between steps": Capability("refused", "pass it through the artifact store"),
        "file from a store": Capability("refused", "fetch it in a script"),
        "secret": Capability("refused", "add it with kfp-kubernetes, or mount it in the profile"),
        "volume": Capability("refused", "add it with kfp-kubernetes"),
        "placement": Capability("refused", "add it with kfp-kubernetes"),
        "cache": Capability("refused", "leave it out: Kubeflow's own cache is turned off here"),
        "daemon": Capability("refused", "run the service outside of the workflow"),
    }

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        flat = in_lanes(flatten(workflow))
        name = options.name or _pipeline_name(flat.name)
        return {f"{name}.yaml": dump(_Pipeline(flat, name).specification())}


ENGINE = Kubeflow()


class _Pipeline:
    def __init__(self, workflow: Workflow, name: str) -> None:
        self._workflow = workflow
        self._name = name
        self._watched = set(_watched(workflow))
        parts = (plain.interpreter(), plain.part("given_step"), plain.part("kfp/step"))
        interpreter = "\n\n".join(parts)
        self._command = ["python3", "-c", interpreter]

    def specification(self) -> dict[str, Any]:
        nodes, exits = self._workflow.nodes, self._workflow.on_exit
        tasks = {node.name: self._task(node) for node in nodes}
        components = {f"step-{node.name}": self._component(node) for node in (*nodes, *exits)}
        executors = {f"run-{node.name}": self._executor(node) for node in (*nodes, *exits)}
        if self._watched:
            watcher = self._watcher()
            tasks[_WATCHER] = watcher["task"]
            components[f"step-{_WATCHER}"] = watcher["component"]
            executors[f"run-{_WATCHER}"] = watcher["executor"]
        parameters = {n: _parameter(d) for n, d in self._workflow.parameters.items()}
        inputs = {"inputDefinitions": {"parameters": parameters}} if parameters else {}
        components[_GROUP] = {"dag": {"tasks": tasks}, **inputs}
        root = {"dag": {"tasks": self._with_exits(parameters)}, **inputs}
        schedule = self._workflow.schedule
        described = {"description": _recurring(schedule)} if schedule else {}
        return {
            "pipelineInfo": {"name": self._name, **described},
            "schemaVersion": "2.1.0",
            "sdkVersion": "kfp-2.17.0",
            "root": root,
            "components": components,
            "deploymentSpec": {"executors": executors},
        }

    def _with_exits(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The steps as one task, and the steps on exit after it.

        In a group of their own, steps go on when another fails that they do not need.
        """
        group: dict[str, Any] = {
            "taskInfo": {"name": _GROUP},
            "componentRef": {"name": _GROUP},
        }
        if parameters:
            passed = {name: {"componentInputParameter": name} for name in parameters}
            group["inputs"] = {"parameters": passed}
        tasks = {_GROUP: group}
        for node in self._workflow.on_exit:
            task = self._task(node)
            status = {"status": {"taskFinalStatus": {"producerTask": _GROUP}}}
            task["inputs"] = {"parameters": {**task["inputs"]["parameters"], **status}}
            task["dependentTasks"] = [_GROUP, *needs(node)]
            task["triggerPolicy"] = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
            tasks[node.name] = task
        return tasks

    def _task(self, node: Node) -> dict[str, Any]:
        taken: dict[str, Any] = {
            f"task--{name}": {
                "taskOutputParameter": {"producerTask": name, "outputParameterKey": "given"}
            }
            for name in needs(node)
        }
        for name in parameters_of(node):
            taken[f"parameter--{name}"] = {"componentInputParameter": name}
        taken["run"] = {"runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}}
        task: dict[str, Any] = {
            "taskInfo": {"name": node.name},
            "componentRef": {"name": f"step-{node.name}"},
            "cachingOptions": {"enableCache": False},
            "inputs": {"parameters": taken},
        }
        if needs(node):
            task["dependentTasks"] = [*needs(node)]
        return task

    def _component(self, node: Node) -> dict[str, Any]:
        declared = self._workflow.parameters
        taken: dict[str, Any] = {
            f"task--{name}": {"parameterType": "STRING"} for name in needs(node)
        }
        for name in parameters_of(node):
            taken[f"parameter--{name}"] = {"parameterType": _TYPES[declared[name].type]}
        taken["run"] = {"parameterType": "STRING"}
        if node in self._workflow.on_exit:
            taken["status"] = {"parameterType": "TASK_FINAL_STATUS", "isOptional": True}
        return {
            "executorLabel": f"run-{node.name}",
            "inputDefinitions": {"parameters": taken},
            "outputDefinitions": {"parameters": {"given": {"parameterType": "STRING"}}},
        }

    def _executor(self, node: Node) -> dict[str, Any]:
        operation = node.operation
        image = operation.image if isinstance(operation, Container | Script) else ""
        container: dict[str, Any] = {
            "image": image or _IMAGE,
            "command": self._command,
            "args": ["{{$}}", _without_placeholders(self._step(node))],
        }
        if resources := _resources(node):
            container["resources"] = resources
        return {"container": container}

    def _step(self, node: Node) -> dict[str, Any]:
        told = given_step(node, node.retry or self._workflow.retry)
        if self._workflow.timeout is not None and node not in self._workflow.on_exit:
            told["limit"] = self._workflow.timeout
        return told | {"is_watched": node.name in self._watched}

    def _watcher(self) -> dict[str, Any]:
        """A task that fails the run when a step has failed which others were to see fail."""
        names = sorted(self._watched)
        step = {"needs": [], "watches": names, "is_watched": False}
        taken = {
            f"task--{name}": {
                "taskOutputParameter": {"producerTask": name, "outputParameterKey": "given"}
            }
            for name in names
        }
        kinds = {name: {"parameterType": "STRING"} for name in taken}
        return {
            "task": {
                "taskInfo": {"name": _WATCHER},
                "componentRef": {"name": f"step-{_WATCHER}"},
                "cachingOptions": {"enableCache": False},
                "inputs": {"parameters": taken},
                "dependentTasks": names,
            },
            "component": {
                "executorLabel": f"run-{_WATCHER}",
                "inputDefinitions": {"parameters": kinds},
                "outputDefinitions": {"parameters": {"given": {"parameterType": "STRING"}}},
            },
            "executor": {
                "container": {
                    "image": _IMAGE,
                    "command": self._command,
                    "args": ["{{$}}", _without_placeholders(step)],
                }
            },
        }


def _watched(workflow: Workflow) -> Iterator[str]:
    """The steps whose failure others are to see, so that it must not end the pipeline."""
    for node in (*workflow.nodes, *workflow.on_exit):
        yield from (a.node for a in node.after if a.status not in ("succeeded", "passed"))
        yield from watched(node.guard)


def _without_placeholders(step: Mapping[str, Any]) -> str:
    """JSON in which no text can be taken for one of Kubeflow's placeholders.

    Its local runner also puts its own interpreter wherever it finds the word `python`.
    """
    text = json.dumps(step, ensure_ascii=False, separators=(",", ":"))
    return text.replace("{{", "{\\u007b").replace("python", "pytho\\u006e")


def _parameter(declared: ParameterDeclaration) -> dict[str, Any]:
    told: dict[str, Any] = {"parameterType": _TYPES[declared.type]}
    if not declared.required:
        default = thaw(declared.default)
        is_text = isinstance(default, str) or told["parameterType"] != "STRING"
        told |= {"defaultValue": default if is_text else json.dumps(default), "isOptional": True}
    return told


def _recurring(schedule: Schedule) -> str:
    """What a person is to do in Kubeflow, whose times begin with the seconds."""
    times = " and ".join(f"`{time}`" for time in schedule.with_seconds)
    zone = schedule.timezone or "UTC"
    limit = "" if schedule.overlap == "allow" else ", with one run at a time"
    paused = ", disabled at first" if schedule.suspended else ""
    return f"To be made a recurring run at the times {times}, time zone {zone}{limit}{paused}."


def _resources(node: Node) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    if node.resources.cpu is not None:
        asked |= {"resourceCpuRequest": f"{node.resources.cpu:g}"}
    if node.resources.memory is not None:
        asked |= {"resourceMemoryRequest": str(node.resources.memory)}
    if node.resources.gpu:
        count = str(node.resources.gpu)
        asked["accelerator"] = {"resourceType": "nvidia.com/gpu", "resourceCount": count}
    return asked


def _pipeline_name(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name.lower())
    return kept.removesuffix("-sql").strip("-_") or "workflow"
