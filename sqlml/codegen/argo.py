"""Argo Workflows 4: a Workflow, CronWorkflow or WorkflowTemplate."""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from sqlml.codegen.argo_flow import Flow
from sqlml.codegen.argo_pods import given, placement_of, pods_of, volumes_of
from sqlml.codegen.argo_rules.manifests import API_VERSION
from sqlml.codegen.argo_templates import Defaults, Library
from sqlml.codegen.argo_text import literal, plain
from sqlml.codegen.engine import FEATURES, Capability, Feature, Options
from sqlml.codegen.yaml import dump
from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.workflow.ir import Node, ParameterDeclaration, Schedule, Workflow
from sqlml.workflow.serial import thaw

_LONGEST = {"CronWorkflow": 52}
_KINDS = ("Workflow", "WorkflowTemplate")
_LOWERED: Mapping[Feature, str] = {
    "repeat": "a template that runs itself; Argo lets it do so some 95 times",
    "map's own parallelism": "a template around the loop",
    "condition on a status": "`depends`, and `when` on the status",
    "retry": "classes of errors by exit code: 75, 137 and 143, and what a cluster does to a pod",
    "cache": "`memoize`, which keeps output parameters in a ConfigMap",
}


class Argo:
    name = "argo"
    title = "Argo Workflows"
    outputs = "/tmp/sqlml-outputs"
    support: Mapping[Feature, Capability] = {
        feature: Capability("lowered", _LOWERED[feature])
        if feature in _LOWERED
        else Capability("native")
        for feature in FEATURES
    }
    settings: Mapping[str, str] = {
        "kind": "`Workflow` (with a schedule a CronWorkflow), or `WorkflowTemplate` for others"
    }

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        """One manifest; of a workflow that is too large for one, those of its parts as well."""
        kind = _kind(workflow, options)
        name = object_name(options.name or workflow.name, _LONGEST.get(kind, 63))
        manifest = manifest_of(workflow, kind, name, options)
        return {f"{name}.yaml": dump(manifest)}


ENGINE = Argo()


def _kind(workflow: Workflow, options: Options) -> str:
    asked = options.settings.get("kind", "Workflow")
    if asked not in _KINDS:
        hint = did_you_mean(asked, _KINDS) or f"it is {' or '.join(_KINDS)}"
        raise ProgramError(Diagnostic("E0727", f"Argo's `kind` cannot be `{asked}`", hint=hint))
    return "CronWorkflow" if workflow.schedule and asked == "Workflow" else asked


def object_name(name: str, longest: int = 63) -> str:
    """A name as objects of Kubernetes have them."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:longest].strip("-") or "workflow"


def manifest_of(workflow: Workflow, kind: str, name: str, options: Options) -> dict[str, Any]:
    metadata = {"name": name, **given(namespace=options.namespace)}
    spec = spec_of(workflow, name, options.worker.image)
    if kind == "CronWorkflow" and workflow.schedule:
        spec = {**_schedule(workflow, workflow.schedule), "workflowSpec": spec}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def spec_of(workflow: Workflow, name: str, image: str) -> dict[str, Any]:
    library = Library()
    defined = {each.name: each for each in workflow.workflows}
    flow = Flow(library, defined, Defaults(image, f"{name}-cache", workflow.retry))
    taken = {*defined, *(each.template or each.name for each in _all_nodes(workflow))}
    entrypoint = flow.write(workflow, _free(object_name(workflow.name), taken), is_top=True)
    on_exit = ""
    if workflow.on_exit:
        exits = Workflow("exit-handler", workflow.on_exit, ext=workflow.ext)
        on_exit = flow.write(exits, _free(exits.name, taken), is_top=True)
    parameters = [_parameter(*declared) for declared in workflow.parameters.items()]
    timeout = None if workflow.timeout is None else math.ceil(workflow.timeout)
    return {
        "entrypoint": entrypoint,
        **given(onExit=on_exit, arguments=given(parameters=parameters)),
        **given(
            parallelism=workflow.parallelism,
            activeDeadlineSeconds=timeout,
            ttlStrategy=given(secondsAfterCompletion=workflow.cleanup),
            **placement_of(workflow.placement),
            **pods_of(workflow.pods),
            **volumes_of(workflow.volumes),
        ),
        "templates": [*library.templates.values()],
    }


def _all_nodes(workflow: Workflow) -> Iterator[Node]:
    for part in (workflow, *workflow.workflows):
        yield from (*part.nodes, *part.on_exit)


def _free(name: str, taken: set[str]) -> str:
    """A name for a template that no step's template has."""
    return next(each for each in _candidates(name) if each not in taken)


def _candidates(name: str) -> Iterator[str]:
    yield from (name, "main")
    yield from (f"main-{number}" for number in count(2))


def _parameter(name: str, declared: ParameterDeclaration) -> dict[str, Any]:
    """An argument of the workflow; one that must be given is awaited."""
    about = given(description=declared.description)
    if declared.required:
        return {"name": name, **about, "valueFrom": {"supplied": {}}}
    return {"name": name, **about, "value": literal(plain(declared.default))}


def _schedule(workflow: Workflow, schedule: Schedule) -> dict[str, Any]:
    limits = thaw(workflow.ext.get("argo", {}).get("cron", {}))
    return {
        "schedules": [*schedule.cron],
        **given(timezone=schedule.timezone),
        "concurrencyPolicy": schedule.overlap.title(),
        **({"suspend": True} if schedule.suspended else {}),
        **limits,
    }
