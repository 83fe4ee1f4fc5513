"""Tekton v1: a Pipeline and a PipelineRun, and the Python that every step runs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from sqlml.codegen import plain
from sqlml.codegen.argo.pods import given, placement_of, pods_of, resources_of, volumes_of
from sqlml.codegen.engine import Capability, Feature, Options
from sqlml.codegen.flatten import flatten
from sqlml.codegen.given import given_step, parameters_of
from sqlml.codegen.lanes import in_lanes
from sqlml.codegen.tekton.refusals import refusals
from sqlml.codegen.tekton.schedule import JOB, scheduled
from sqlml.codegen.tekton.sizes import size_faults
from sqlml.codegen.tekton.support import SUPPORT
from sqlml.codegen.tekton.words import name_of, parameter, without_references
from sqlml.codegen.yaml import dump_all
from sqlml.errors import ProgramError
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import (
    Condition,
    Container,
    HasStatus,
    Mount,
    Node,
    Script,
    SecretKey,
    Volume,
    Workflow,
)

_IMAGE = "python:3.11"
_FOLDER = "/sqlml-step"
_VOLUME = "sqlml-step"
_MOUNT = {"name": _VOLUME, "mountPath": _FOLDER, "readOnly": True}


class Tekton:
    """Each task runs one Python program, which runs the step and knows when to leave it out.

    A task has one result, `given`: how the step ended, and its outputs. A task whose step failed
    does not fail itself, as that would end the run; a last task does so for all of them.
    """

    name = "tekton"
    title = "Tekton"
    outputs = "outputs"
    settings: Mapping[str, str] = {}
    support: Mapping[Feature, Capability] = SUPPORT

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        flat = flatten(workflow)
        if faults := [*refusals(flat, options.namespace)]:
            raise ProgramError(*faults)
        flat = replace(in_lanes(flat), on_exit=flat.on_exit)
        name = options.name or name_of(flat.name)
        documents = [*_Pipeline(flat, name, options.namespace).documents()]
        if faults := [*size_faults(flat, documents[1]["spec"])]:
            raise ProgramError(*faults)
        return {f"{name}.yaml": dump_all(documents)}


ENGINE = Tekton()


class _Pipeline:
    def __init__(self, workflow: Workflow, name: str, namespace: str) -> None:
        self._workflow = workflow
        self._name = name
        self._namespace = given(namespace=namespace)
        self._volumes = {volume.name: volume for volume in workflow.volumes}
        self._claims = [volume for volume in workflow.volumes if volume.kind == "new-claim"]
        parts = (plain.interpreter(), plain.part("given_step"), plain.part("tekton/step"))
        self._files = {"step.py": "\n\n".join(parts)}
        if workflow.schedule:
            self._files["start.py"] = plain.part("tekton/start")
            self._files["run.json"] = json.dumps(self._run(), ensure_ascii=False)
        told = "".join(self._files.values())  # a run keeps what it began with
        self._config = f"{name}-step-{sha256(told.encode()).hexdigest()[:8]}"

    def documents(self) -> Iterator[dict[str, Any]]:
        """The steps' Python, the pipeline, and a run of it; or what makes its runs.

        A pipeline of which a parameter has no value has no run yet.
        """
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": self._config, **self._namespace},
            "immutable": True,
            "data": self._files,
        }
        yield {
            "apiVersion": "tekton.dev/v1",
            "kind": "Pipeline",
            "metadata": {"name": self._name, **self._namespace},
            "spec": self._pipeline(),
        }
        if self._workflow.schedule is None:
            if not any(one.required for one in self._workflow.parameters.values()):
                yield self._run()
        else:
            starter = {"name": "start", "image": _IMAGE, "volumeMounts": [_MOUNT]}
            pod = {**self._pods(), "volumes": [self._volume()]}
            yield from scheduled(self._name, self._namespace, self._workflow.schedule, starter, pod)

    def _pipeline(self) -> dict[str, Any]:
        workflow = self._workflow
        tasks = [self._task(node) for node in workflow.nodes]
        if tasks:
            tasks.append(self._outcome())
        return given(
            params=[parameter(n, declared) for n, declared in workflow.parameters.items()],
            workspaces=[{"name": volume.name} for volume in self._claims],
            tasks=tasks,
        ) | given(**{"finally": [self._task(node) for node in workflow.on_exit]})

    def _task(self, node: Node) -> dict[str, Any]:
        retry = node.retry or self._workflow.retry
        is_exit = node in self._workflow.on_exit
        taken = {f"task={name}": f"$(tasks.{name}.results.given)" for name in needs(node)}
        taken |= {f"parameter={name}": f"$(params.{name})" for name in parameters_of(node)}
        taken["run="] = "$(context.pipelineRun.uid)"
        if is_exit:
            taken["status="] = "$(tasks.status)"
        told = given_step(node, retry)
        told["env"] = {name: told["env"][name] for name in node.env if not _is_secret(node, name)}
        kinds = {name: self._workflow.parameters[name].type for name in parameters_of(node)}
        step = self._step(told | {"parameters": kinds}, _image(node), taken)
        secrets = {name: value for name, value in node.env.items() if isinstance(value, SecretKey)}
        claimed = [mount for mount in node.mounts if self._is_claim(mount)]
        mounted = [mount for mount in node.mounts if not self._is_claim(mount)]
        operation = node.operation
        pull = operation.pull if isinstance(operation, Container | Script) else ""
        step |= given(
            imagePullPolicy=pull,
            env=[
                {"name": n, "valueFrom": {"secretKeyRef": {"name": s.secret, "key": s.key}}}
                for n, s in secrets.items()
            ],
            computeResources=resources_of(node.resources),
            onError="" if is_exit else "continue",
        )
        step["volumeMounts"] += [
            {"name": m.volume, "mountPath": m.path}
            | given(readOnly=m.read_only or None, subPath=m.sub_path)
            for m in mounted
        ]
        volumes = tuple(self._volumes[n] for n in dict.fromkeys(m.volume for m in mounted))
        spec = self._spec(step, taken, volumes)
        spec |= given(
            workspaces=[
                {"name": m.volume, "mountPath": m.path} | given(readOnly=m.read_only or None)
                for m in claimed
            ]
        )
        return {"name": node.name} | given(
            runAfter=[] if is_exit else [*needs(node)],
            when=_when(node.guard) if is_exit else None,
            retries=retry.limit if retry else None,
            params=_arguments(taken),
            workspaces=[
                {"name": m.volume, "workspace": m.volume} | given(subPath=m.sub_path)
                for m in claimed
            ],
            taskSpec=spec,
        )

    def _outcome(self) -> dict[str, Any]:
        """A task that fails, and so the run does, when a step has failed."""
        names = [node.name for node in self._workflow.nodes]
        taken = {f"task={name}": f"$(tasks.{name}.results.given)" for name in names}
        told = {"needs": [], "watches": names}
        every = {*names, *(node.name for node in self._workflow.on_exit)}
        own = next(n for i in range(len(every) + 1) if (n := f"outcome{i or ''}") not in every)
        return {
            "name": own,
            "runAfter": names,
            "params": _arguments(taken),
            "taskSpec": self._spec(self._step(told, _IMAGE, taken), taken, ()),
        }

    def _step(self, told: dict[str, Any], image: str, taken: Mapping[str, str]) -> dict[str, Any]:
        values = [f"{key}=$(params.{_slot(key)})" for key in taken]
        return {
            "name": "step",
            "image": image,
            "command": ["python3", f"{_FOLDER}/step.py"],
            "args": [without_references(told), "$(results.given.path)", *values],
            "volumeMounts": [_MOUNT],
        }

    def _spec(
        self, step: dict[str, Any], taken: Mapping[str, str], volumes: tuple[Volume, ...]
    ) -> dict[str, Any]:
        return {
            "params": [{"name": _slot(key), "type": "string"} for key in taken],
            "results": [{"name": "given", "type": "string"}],
            "volumes": [self._volume(), *volumes_of(volumes).get("volumes", [])],
            "steps": [step],
        }

    def _is_claim(self, mount: Mount) -> bool:
        return self._volumes[mount.volume].kind == "new-claim"

    def _run(self) -> dict[str, Any]:
        workflow = self._workflow
        pods = self._pods()
        account = pods.pop("serviceAccountName", "")
        metadata = pods.pop("podMetadata", {})
        if workflow.schedule:
            metadata = {**metadata, "labels": {**metadata.get("labels", {}), JOB: self._name}}
        limit = {"tasks": f"{workflow.timeout:g}s"} if workflow.timeout is not None else {}
        own = [
            {"pipelineTaskName": node.name, "podTemplate": {**pods, **placement}}
            for node in (*workflow.nodes, *workflow.on_exit)
            if (placement := placement_of(node.placement))
        ]
        claims = volumes_of(tuple(self._claims)).get("volumeClaimTemplates", [])
        return {
            "apiVersion": "tekton.dev/v1",
            "kind": "PipelineRun",
            "metadata": {"generateName": f"{self._name}-", **self._namespace, **metadata},
            "spec": {
                "pipelineRef": {"name": self._name},
                "timeouts": {"pipeline": "0s", **limit},  # without it, an hour
                **given(
                    taskRunTemplate=given(serviceAccountName=account, podTemplate=pods),
                    taskRunSpecs=own,
                    workspaces=[
                        {
                            "name": claim["metadata"]["name"],
                            "volumeClaimTemplate": {"spec": claim["spec"]},
                        }
                        for claim in claims
                    ],
                ),
            },
        }

    def _pods(self) -> dict[str, Any]:
        """What all pods have."""
        return pods_of(self._workflow.pods) | placement_of(self._workflow.placement)

    def _volume(self) -> dict[str, Any]:
        """The Python that steps share."""
        return {"name": _VOLUME, "configMap": {"name": self._config}}


def _slot(key: str) -> str:
    """The parameter of a task for what it takes."""
    kind, _, name = key.partition("=")
    return f"{kind}--{name}" if name else kind


def _arguments(taken: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": _slot(key), "value": value} for key, value in taken.items()]


def _when(guard: Condition | None) -> list[dict[str, Any]]:
    """What Tekton itself can tell before it starts an exit step."""
    if guard not in (HasStatus("failed"), HasStatus("succeeded")):
        return []
    operator = "in" if guard == HasStatus("failed") else "notin"
    return [{"input": "$(tasks.status)", "operator": operator, "values": ["Failed"]}]


def _is_secret(node: Node, name: str) -> bool:
    return isinstance(node.env[name], SecretKey)


def _image(node: Node) -> str:
    operation = node.operation
    return (operation.image if isinstance(operation, Container | Script) else "") or _IMAGE
