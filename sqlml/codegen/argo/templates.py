"""What a step does, as a template of Argo; steps that do the same share one."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlml.codegen.argo.conditions import is_daemon
from sqlml.codegen.argo.lifting import Lifts, Template, kind_of, lifted
from sqlml.codegen.argo.objects import TEMPLATES
from sqlml.codegen.argo.pods import environment_of, given, mounts_of, placement_of, resources_of
from sqlml.codegen.argo.scripts import as_container
from sqlml.codegen.argo.stores import location_of
from sqlml.codegen.argo.text import literal, text_of
from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.error_kinds import EXIT_CODES, TERMINATED
from sqlml.workflow.hashing import static_hash
from sqlml.workflow.ir import (
    ANYWHERE,
    NO_RESOURCES,
    Artifact,
    Cache,
    Container,
    Http,
    InputFile,
    Node,
    OutputDeclaration,
    Resource,
    Retry,
    Script,
    Suspend,
)

_is_name = re.compile(r"[-A-Za-z0-9_]+").fullmatch
FOR_EVER = "87600h"  # ten years; Argo wants an age
# What a cluster does to a pod is an error, not a failure, of the node.
_EXITS: Mapping[str, tuple[int, ...]] = {
    "transient": (EXIT_CODES["transient"], TERMINATED),
    "resource": (EXIT_CODES["resource"],),
}


class TooManyTemplates(Exception):  # noqa: N818 - another try makes it good
    """There are more templates than Argo takes, or a part has more parameters. Texts may become
    parameters, or less be put into one object.
    """


@dataclass
class Library:
    """The templates of a manifest, in the order in which they were put in.

    lifts: which texts of steps become parameters, so that steps of one kind share a template
    whatever they do; there are more of them than Argo takes templates.
    """

    lifts: Lifts = "nothing"
    templates: dict[str, Template] = field(default_factory=dict)
    # By the name that was asked for, what templates do, and the names that they have.
    _known: dict[str, list[tuple[Template, str]]] = field(default_factory=dict)

    def put(self, name: str, template: Template) -> str:
        """Put a template in, unless an equal one is there; its name."""
        alike = self._known.setdefault(name, [])
        for known, found in alike:
            if known == template:
                return found
        free = self.free(name)
        alike.append((template, free))
        self.templates[free] = {"name": free, **template}
        if len(self.templates) > TEMPLATES:
            raise TooManyTemplates
        return free

    def put_shared(self, name: str, template: Template) -> tuple[str, dict[str, str]]:
        """The same for what a pod does; and the arguments that callers are to give besides."""
        kind = "" if self.lifts == "nothing" else kind_of(template)
        if not kind:
            return self.put(name, template), {}
        shape, arguments = lifted(template, kind, self.lifts)
        return self.put(f"run-{kind}", shape), arguments

    def reserve(self, name: str) -> str:
        """A place for a template that is not known yet."""
        free = self.free(name)
        self.templates[free] = {}
        return free

    def fill(self, name: str, template: Template) -> None:
        self.templates[name] = {"name": name, **template}

    def free(self, name: str) -> str:
        """The name, or one like it that no template has."""
        count, found = 1, name
        while found in self.templates:
            count += 1
            found = f"{name}-{count}"
        return found


# --- one step ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Defaults:
    """What steps have that say nothing. cache: the ConfigMap of results."""

    image: str
    cache: str
    retry: Retry | None = None


def template_of(node: Node, defaults: Defaults) -> Template:
    """What a node that calls no workflow does, without a name."""
    kind = _KINDS[type(node.operation)]
    policy = None if kind == "suspend" else node.retry or defaults.retry
    told: Template = {}
    if inputs := inputs_of(node):
        told["inputs"] = inputs
    if outputs := _outputs_of(node):
        told["outputs"] = outputs
    if is_daemon(node):
        told["daemon"] = True
    if node.cache:
        told["memoize"] = _memoize(node, node.cache, defaults.cache)
    if policy:
        told["retryStrategy"] = _retry_of(policy)
    if node.timeout is not None:
        told["activeDeadlineSeconds"] = math.ceil(node.timeout)
    if node.placement is not ANYWHERE:
        told |= placement_of(node.placement)
    body = _body(node, defaults.image)
    if kind in ("container", "script"):
        body |= _means_of(node)
    if isinstance(node.operation, Script) and node.operation.args:
        inputs, body = as_container(told.pop("inputs", {}), body)
        return {"inputs": inputs, **told, "container": body}
    told[kind] = body
    return told


_KINDS: Mapping[type, str] = {
    Container: "container",
    Script: "script",
    Resource: "resource",
    Suspend: "suspend",
    Http: "http",
}


def _means_of(node: Node) -> dict[str, Any]:
    """What a pod is given besides its program."""
    if not (node.env or node.mounts) and node.resources is NO_RESOURCES:  # as most are
        return {}
    return given(
        env=environment_of(node.env),
        resources=resources_of(node.resources),
        volumeMounts=mounts_of(node.mounts),
    )


def _body(node: Node, image: str) -> dict[str, Any]:
    match node.operation:
        case Container() as container:
            return given(
                image=literal(container.image),
                imagePullPolicy=container.pull,
                command=[*map(text_of, container.command)],
                args=[*map(text_of, container.args)],
                workingDir=literal(container.working_dir),
            )
        case Script() as script:
            return given(
                image=literal(script.image or image),
                imagePullPolicy=script.pull,
                command=[*map(literal, script.command)],
                args=[*map(text_of, script.args)],
                workingDir=literal(script.working_dir),
            ) | {"source": literal(script.source)}
        case Resource() as resource:
            return given(
                action=resource.action,
                setOwnerReference=resource.owned or None,
                successCondition=resource.success,
                failureCondition=resource.failure,
                manifest=text_of(resource.manifest),
            )
        case Suspend(seconds=seconds):
            return {} if seconds is None else {"duration": str(math.ceil(seconds))}
        case Http() as http:
            return given(
                url=text_of(http.url),
                method=http.method,
                timeoutSeconds=math.ceil(http.timeout),
                headers=[{"name": k, "value": text_of(v)} for k, v in http.headers.items()],
                body=text_of(http.body),
            )
        case _:
            raise TypeError(f"{type(node.operation).__name__} is no program")


def inputs_of(node: Node) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in (*node.inputs, *node.files):
        if not _is_name(name):
            message = f"step `{node.name}` has an input `{name}`, which Argo cannot name so"
            raise refusal(node, message, "take the letters a-z and A-Z, digits, `-` and `_`")
    if node.inputs:
        told["parameters"] = [{"name": name} for name in node.inputs]
    if node.files:
        told["artifacts"] = [_input_file(node, name, file) for name, file in node.files.items()]
    return told


def _input_file(node: Node, name: str, file: InputFile) -> dict[str, Any]:
    return {"name": name, "path": literal(file.path)}


def place_of(node: Node) -> str:
    """Where the user's program writes a step, for the label of a diagnostic."""
    place = node.place
    return f"at {place.file}:{place.line}:{place.column}" if place else ""


def refusal(node: Node, message: str, hint: str) -> ProgramError:
    """What Argo cannot do with a step, at the step's place."""
    return ProgramError(Diagnostic("E0727", message, label=place_of(node), hint=hint))


def file_argument(node: Node, name: str, source: Artifact) -> dict[str, Any]:
    """A file from a store, as the argument of a step."""
    location = location_of(source, node)
    if not location:
        message = f"step `{node.name}` takes a local file, which no pod can see"
        raise refusal(node, message, "put it into a store, or mount the volume that holds it")
    return {"name": name, **location}


def _outputs_of(node: Node) -> dict[str, Any]:
    if not node.outputs:
        return {}
    shared = node.ext.get("argo", {}).get("global_outputs", ()) if node.ext else ()
    names = shared if isinstance(shared, tuple | list) else ()
    parameters, artifacts = [], []
    for output in node.outputs:
        told: dict[str, Any] = {"name": output.name}
        if output.name in names:
            told["globalName"] = f"{node.template or node.name}-{output.name}"
        if output.kind == "parameter" and (source := _source(node, output)):
            parameters.append({**told, "valueFrom": source})
        elif output.kind != "parameter" and output.path:
            artifacts.append({**told, "path": literal(output.path), **_stored(node, output)})
    return given(parameters=parameters, artifacts=artifacts)


def _source(node: Node, output: OutputDeclaration) -> dict[str, Any]:
    """Where an output parameter comes from; nothing for what the step prints."""
    if isinstance(node.operation, Suspend):
        return {"supplied": {}}
    if isinstance(node.operation, Resource):
        key = "jsonPath" if output.path.startswith("{") else "jqFilter"
        return {key: output.path or "{}"}
    return {"path": literal(output.path)} if output.path else {}


def _stored(node: Node, output: OutputDeclaration) -> dict[str, Any]:
    location = location_of(output.artifact, node) if output.artifact else {}
    return {"archive": {"none": {}}, **location} if location else {}


# --- policies ---------------------------------------------------------------------------------


def _retry_of(retry: Retry) -> dict[str, Any]:
    backoff = retry.backoff
    told: dict[str, Any] = {"limit": retry.limit, "retryPolicy": "Always"}
    if "any" not in retry.on:
        told["expression"] = _retry_expression(retry.on)
    if backoff.seconds > 0:
        told["backoff"] = {
            "duration": duration(backoff.seconds),
            "factor": math.ceil(backoff.factor),
            **given(cap=duration(backoff.longest) if backoff.longest is not None else ""),
        }
    return told


def _retry_expression(classes: tuple[str, ...]) -> str:
    """Whether the last attempt failed with an error that may pass."""
    kinds = {name if name in _EXITS else "transient" for name in classes}
    codes = ", ".join(str(code) for kind in sorted(kinds, reverse=True) for code in _EXITS[kind])
    exits = f"asInt(lastRetry.exitCode) in [{codes}]"
    return f"lastRetry.status == 'Error' || {exits}" if "transient" in kinds else exits


def duration(seconds: float) -> str:
    """As Go writes it."""
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{round(seconds * 1000)}ms"


def _memoize(node: Node, cache: Cache, cache_name: str) -> dict[str, Any]:
    named = node.ext.get("argo", {}).get("cache_name")
    key = literal(cache.key) or f"{static_hash(node, {})[:16]}"
    if node.inputs:
        key += "-{{=sprig.sha256sum(toJson(inputs.parameters))}}"
    return {
        "key": key,
        "maxAge": f"{cache.ttl}s" if cache.ttl is not None else FOR_EVER,
        "cache": {"configMap": {"name": str(named or cache_name)}},
    }
