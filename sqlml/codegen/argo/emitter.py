"""Argo Workflows 4: a Workflow, CronWorkflow or WorkflowTemplate."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from sqlml.codegen.argo.failures import room
from sqlml.codegen.argo.flow import Flow
from sqlml.codegen.argo.objects import API_VERSION, BYTES, PARAMETERS, TEMPLATES
from sqlml.codegen.argo.parts import in_parts
from sqlml.codegen.argo.pods import given, placement_of, pods_of, volumes_of
from sqlml.codegen.argo.templates import Defaults, Library, TooManyTemplates, refusal
from sqlml.codegen.argo.text import literal
from sqlml.codegen.engine import FEATURES, Capability, Feature, Options
from sqlml.codegen.last_steps import look_back, with_last_steps, written_out
from sqlml.codegen.yaml import dump
from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.workflow.graph import fault
from sqlml.workflow.ir import Call, Node, ParameterDeclaration, Schedule, Workflow
from sqlml.workflow.parts import joined
from sqlml.workflow.serial import thaw
from sqlml.workflow.texts import as_text

_LONGEST = {"CronWorkflow": 52}
STEPS = 2_000  # of one object: more slow the controller down
STATUS = 83  # bytes of a step in the status of a run, compressed
_KINDS = ("Workflow", "WorkflowTemplate")
_LOWERED: Mapping[Feature, str] = {
    "repeat": "a template that runs itself, or both halves of the rounds if there are many",
    "map's own parallelism": "a template around the loop",
    "condition on a status": "`depends`, and `when` on the status",
    "retry": "classes of errors by exit code: 75, 137 and 143, and what a cluster does to a pod",
    "cache": "`memoize`, which keeps output parameters in a ConfigMap",
}


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


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
    takes_parts = True
    settings: Mapping[str, str] = {
        "kind": "`Workflow` (with a schedule a CronWorkflow), or `WorkflowTemplate` for others"
    }

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        """One manifest; of a workflow that is too large for one, those of its parts as well.

        Raises:
            ProgramError: E0727 Argo cannot do what a step asks for; E0728 it is too large;
                E0940 a called workflow has a time limit.
        """
        workflow = _with_exits(written_out(workflow, ("timeout",)))
        kind = _kind(workflow, options)
        name = object_name(options.name or workflow.name, _LONGEST.get(kind, 63))
        size = STEPS
        while size:
            for as_written in (False, True):  # if too much passes between the parts
                with suppress(TooManyTemplates):
                    writer = _Writer(options, kind, name, size, as_written=as_written)
                    manifests = writer.manifests(workflow)
                    if manifests and all(_fits(one, size) for one in manifests.values()):
                        return _texts(manifests)
                    if as_written and not manifests:
                        size = 0  # what starts the parts is too large, and more for smaller ones
                workflow = joined(workflow)
            size = min(size, len(workflow.nodes)) // 2
        message = f"workflow `{workflow.name}` is too large for Argo Workflows"
        hint = (
            f"let steps share templates, and keep their texts short: an object has {BYTES:,} bytes"
        )
        raise ProgramError(fault("E0728", message, workflow, hint))


ENGINE = Argo()


def _texts(manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The files of some manifests, all but the first of which begin as further documents do."""
    texts = {f"{name}.yaml": dump(manifest) for name, manifest in manifests.items()}
    rest = [*texts][1:]
    return {**texts, **{name: f"---\n{texts[name]}" for name in rest}}


def _with_exits(workflow: Workflow) -> Workflow:
    """The workflow, its exit handler among its tasks if that has to know more than the status."""
    if not look_back(workflow):
        return workflow
    if workflow.timeout is not None:
        message = "a step on exit needs others by name, and none of them runs after the timeout"
        hint = "let it need the status of the workflow alone, or give the steps timeouts instead"
        raise refusal(workflow.on_exit[0], message, hint)
    ext = {**workflow.ext, "argo": {**workflow.ext.get("argo", {}), "layout": "dag"}}
    return replace(with_last_steps(workflow), ext=ext)


def _kind(workflow: Workflow, options: Options) -> str:
    asked = options.settings.get("kind", "Workflow")
    if asked not in _KINDS:
        hint = did_you_mean(asked, _KINDS) or f"it is {' or '.join(_KINDS)}"
        raise ProgramError(Diagnostic("E0727", f"Argo's `kind` cannot be `{asked}`", hint=hint))
    return "CronWorkflow" if workflow.schedule and asked == "Workflow" else asked


def object_name(name: str, longest: int = 63) -> str:
    """A name as objects of Kubernetes have them."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:longest].strip("-") or "workflow"


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the manifests of a workflow. name: of the object. size: steps in one object.

    as_written: parts are slices of the steps as they are written.
    """

    options: Options
    kind: str
    name: str
    size: int
    as_written: bool = False

    def manifests(self, workflow: Workflow) -> dict[str, dict[str, Any]]:
        """By name: the workflow's, and those of its parts that are objects of their own; none where
        what starts the parts is too large.
        """
        prefix = f"{self.name[:40]}-part"
        whole = in_parts(workflow, self.size, prefix, apart=True, as_written=self.as_written)
        workflow = joined(workflow)
        known = {part.name for part in workflow.workflows}
        parts = [part for part in whole.workflows if part.name not in known]
        if any(len(part.parameters) > PARAMETERS for part in parts):
            raise TooManyTemplates
        main = replace(whole, workflows=workflow.workflows)
        if parts and any(volume.kind == "new-claim" for volume in workflow.volumes):
            message = f"workflow `{workflow.name}` is too large for one object of Argo"
            hint = "name a claim that exists: one that is made for the run is not shared by objects"
            raise ProgramError(fault("E0728", message, workflow, hint))
        spec = self.spec(main, parts)
        if self.kind == "CronWorkflow" and workflow.schedule:
            spec = {**_schedule(workflow, workflow.schedule), "workflowSpec": spec}
        labels = thaw(workflow.ext.get("argo", {}).get("labels", {}))
        told = {self.name: self.object(self.kind, self.name, spec, labels)}
        if parts and not _fits(told[self.name], self.size):
            return {}
        for part in parts:
            alone = replace(
                workflow,
                name=part.name,
                nodes=part.nodes,
                parameters=part.parameters,
                outputs=part.outputs,
                on_exit=(),
                timeout=None,
                ext={"argo": {"apart": True}},
            )
            told[part.name] = self.object("WorkflowTemplate", part.name, self.spec(alone))
        return told

    def object(
        self, kind: str, name: str, spec: dict[str, Any], labels: Any = None
    ) -> dict[str, Any]:
        metadata = {"name": name, **given(namespace=self.options.namespace, labels=labels)}
        return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}

    def spec(self, workflow: Workflow, apart: Iterable[Workflow] = ()) -> dict[str, Any]:
        """What a workflow is; in graphs of as many tasks as Argo takes, sharing templates.

        apart: the parts that it starts as objects of their own.
        """
        defined = workflow.workflows
        own = {n.template or n.name for n in workflow.nodes if not isinstance(n.operation, Call)}
        if workflow.ext.get("argo", {}).get("layout") != "steps":
            workflow = self._in_groups(workflow, "group")
        inner = {part.name: part for part in (*apart, *workflow.workflows)}
        for part in defined:
            grouped = self._in_groups(part, f"{part.name[:40]}-group")
            groups = (replace(each, retry=part.retry) for each in grouped.workflows)
            inner |= {each.name: each for each in (grouped, *groups)}
        defaults = Defaults(self.options.worker.image, f"{self.name}-cache", workflow.retry)
        for lifts in ("nothing", "arguments") if len(own) <= TEMPLATES else ("arguments",):
            with suppress(TooManyTemplates):
                return self._spec(workflow, Flow(Library(lifts), inner, defaults))
        return self._spec(workflow, Flow(Library("everything"), inner, defaults))

    def _in_groups(self, workflow: Workflow, name: str) -> Workflow:
        return in_parts(workflow, room(workflow.nodes), name, as_written=self.as_written)

    def _spec(self, workflow: Workflow, flow: Flow) -> dict[str, Any]:
        taken = {*flow.workflows, *(n.template or n.name for n in _all_nodes(workflow))}
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
            "templates": [*flow.library.templates.values()],
        }


def _fits(manifest: Mapping[str, Any], steps: int) -> bool:
    """Whether Argo takes an object, and can keep the status of its steps in it too."""
    spec = manifest["spec"].get("workflowSpec", manifest["spec"])
    size = len(_as_json(manifest).encode())
    inputs = (template.get("inputs", {}).get("parameters", ()) for template in spec["templates"])
    return (
        size + steps * STATUS <= BYTES
        and len(spec["templates"]) <= TEMPLATES
        and max(map(len, inputs), default=0) <= PARAMETERS
    )


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
    return {"name": name, **about, "value": literal(as_text(declared.default))}


def _schedule(workflow: Workflow, schedule: Schedule) -> dict[str, Any]:
    limits = thaw(workflow.ext.get("argo", {}).get("cron", {}))
    return {
        "schedules": [*schedule.cron],
        **given(timezone=schedule.timezone),
        "concurrencyPolicy": schedule.overlap.title(),
        **({"suspend": True} if schedule.suspended else {}),
        **limits,
    }
