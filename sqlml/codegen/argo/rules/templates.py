"""What each template needs by itself, whatever calls it."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from sqlml.codegen.argo.rules.documents import Part, read_documents
from sqlml.codegen.argo.rules.locations import (
    group_path_faults,
    location_faults,
    output_artifact_faults,
)
from sqlml.codegen.argo.rules.manifests import (
    TEMPLATE_KINDS,
    Manifest,
    artifacts_of,
    every_template,
    is_leaf,
    kinds_of,
)
from sqlml.codegen.argo.rules.mounts import mount_faults
from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.source import Source

_OUTPUT_SOURCES: Mapping[str, tuple[str, ...]] = {
    "container": ("path",),
    "script": ("path",),
    "containerSet": ("path",),
    "data": ("path",),
    "resource": ("jsonPath", "jqFilter"),
    "suspend": ("supplied",),
    "steps": ("parameter", "expression"),
    "dag": ("parameter", "expression"),
}
_SOURCES = ("path", "jsonPath", "jqFilter", "parameter", "supplied", "expression", "event",
            "configMapKeyRef")  # fmt: skip
_WITH_FILES = ("container", "script", "data", "containerSet", "resource")


def template_faults(manifest: Manifest) -> Iterator[Diagnostic]:
    for template in every_template(manifest):
        kinds = kinds_of(template)
        if len(kinds) != 1:
            yield _kinds_fault(template, kinds)
            continue
        yield from _operation_faults(manifest, template, kinds[0])
        yield from _account_faults(manifest.spec, template)
        yield from _limit_faults(template, kinds[0])
        yield from _input_faults(template, kinds[0])
        yield from _output_faults(template, kinds[0])
        yield from _metric_faults(template)
        yield from _lock_faults(template)
        yield from mount_faults(manifest, template)
    yield from _metric_faults(manifest.spec)
    yield from _lock_faults(manifest.spec)


def _kinds_fault(template: Part, kinds: list[str]) -> Diagnostic:
    named = f"template `{template.at('name').text}`"
    if kinds:
        listed = " and ".join(f"`{kind}`" for kind in kinds)
        return Diagnostic("E0726", f"{named} cannot be {listed}", template.span_of(kinds[1]))
    hint = f"give it one of: {', '.join(TEMPLATE_KINDS)}"
    return Diagnostic("E0726", f"{named} does nothing", template.span, hint=hint)


def _operation_faults(manifest: Manifest, template: Part, kind: str) -> Iterator[Diagnostic]:
    body = template.at(kind)
    defaults = manifest.spec.at("templateDefaults", kind)
    match kind:
        case "container" | "script" if not (body.at("image").text or defaults.at("image").text):
            yield Diagnostic("E0726", f"the {kind} has no image", template.span_of(kind))
        case "resource":
            yield from _manifest_faults(template, body)
        case "http" if not body.at("url").text:
            yield Diagnostic("E0726", "the request has no URL", template.span_of(kind))
        case "dag" if not body.at("tasks").items():
            yield Diagnostic("E0726", "the graph has no tasks", template.span_of(kind))
        case "containerSet":
            yield from _container_set_faults(template, body)
    cache = template.at("memoize")
    if cache.value is not None and not cache.at("cache", "configMap", "name").text:
        message = "`memoize` names no ConfigMap to keep results in"
        hint = "give it `cache.configMap.name`"
        yield Diagnostic("E0726", message, template.span_of("memoize"), hint=hint)


def _account_faults(spec: Part, template: Part) -> Iterator[Diagnostic]:
    """Whether a pod can tell how it ended."""
    around = (template, spec.at("templateDefaults"), spec)
    mounts = [part for part in around if part.has("automountServiceAccountToken")]
    is_without = mounts and mounts[0].at("automountServiceAccountToken").value is False
    has_own = any(part.at("executor", "serviceAccountName").text for part in around)
    if is_without and not has_own and is_leaf(template):
        message = "without its account's token a pod cannot tell how it ended"
        hint = "give `executor.serviceAccountName`"
        span = mounts[0].span_of("automountServiceAccountToken")
        yield Diagnostic("E0726", message, span, hint=hint)


def _manifest_faults(template: Part, body: Part) -> Iterator[Diagnostic]:
    manifest, flags = body.at("manifest"), body.at("flags")
    if manifest.text and body.at("manifestFrom").value is not None:
        message = "a resource has `manifest` or `manifestFrom`, not both"
        yield Diagnostic("E0726", message, body.span_of("manifestFrom"))
    if not manifest.text and body.at("manifestFrom").value is None and not flags.items():
        yield Diagnostic("E0726", "the resource has no manifest", template.span_of("resource"))
    artifact = body.at("manifestFrom", "artifact", "name")
    if artifact.text and artifact.text not in (known := artifacts_of(template.at("inputs"))):
        message = f"there is no input artifact `{artifact.text}`"
        yield Diagnostic("E0719", message, artifact.span, hint=did_you_mean(artifact.text, known))
    if manifest.text and "{{" not in manifest.text:
        try:
            documents = read_documents(Source("manifest", manifest.text))
        except ProgramError as error:
            why = error.diagnostics[0].message
            yield Diagnostic("E0726", f"the resource's manifest: {why}", manifest.span)
        else:
            is_patch = body.at("action").text == "patch"  # which may be a list of changes
            if not is_patch and not all(isinstance(each.value, dict) for each in documents):
                yield Diagnostic("E0726", "the manifest is no object", manifest.span)


def _container_set_faults(template: Part, body: Part) -> Iterator[Diagnostic]:
    containers = {each.at("name").text: each for each in body.at("containers").items()}
    if not containers:
        yield Diagnostic("E0726", "the set has no containers", template.span_of("containerSet"))
    for container in containers.values():
        if not container.at("image").text:
            yield Diagnostic("E0726", "the container has no image", container.span)
        for need in container.at("dependencies").items():
            if need.text not in containers:
                hint = did_you_mean(need.text, containers)
                yield Diagnostic(
                    "E0719", f"there is no container `{need.text}`", need.span, "", hint
                )
    needs = {
        name: [need.text for need in container.at("dependencies").items()]
        for name, container in containers.items()
    }
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        message = f"containers depend on each other in a circle: {circle}"
        yield Diagnostic("E0723", message, template.span_of("containerSet"))
    told = (("outputs", "parameters"), ("outputs", "artifacts"), ("inputs", "artifacts"))
    has_files = any(template.at(*each).items() for each in told)
    if has_files and containers and "main" not in containers:
        message = "a set of containers with input files or outputs needs a container `main`"
        yield Diagnostic("E0726", message, template.span_of("containerSet"))


def _limit_faults(template: Part, kind: str) -> Iterator[Diagnostic]:
    """Time limits are for what is a pod, and how much runs at once for what is several."""
    if kind not in ("steps", "dag") and template.at("parallelism").value is not None:
        message = f"a template of kind `{kind}` runs nothing else and cannot have `parallelism`"
        hint = "put it on the template whose steps or tasks run this one, or on the workflow"
        yield Diagnostic("E0726", message, template.span_of("parallelism"), hint=hint)
    if is_leaf(template):
        return
    for field in ("timeout", "activeDeadlineSeconds"):
        allowed = kind == "suspend" and field == "activeDeadlineSeconds"
        if template.at(field).value is not None and not allowed:
            message = f"a template of kind `{kind}` cannot have `{field}`"
            hint = "put it on the templates that it runs, or on the workflow"
            yield Diagnostic("E0726", message, template.span_of(field), hint=hint)


def _input_faults(template: Part, kind: str) -> Iterator[Diagnostic]:
    for artifact in template.at("inputs", "artifacts").items():
        name = artifact.at("name").text
        if kind in _WITH_FILES and not artifact.at("path").text:
            yield Diagnostic("E0726", f"input artifact `{name}` has no path", artifact.span)
        if kind in ("steps", "dag"):
            yield from group_path_faults(artifact, kind)
        if artifact.at("from").value is not None:
            message = "an input artifact cannot say where it is from; the caller does"
            yield Diagnostic("E0726", message, artifact.span_of("from"))
        yield from location_faults(artifact)
    for parameter in template.at("inputs", "parameters").items():
        yield from enum_faults(parameter)


def enum_faults(parameter: Part) -> Iterator[Diagnostic]:
    """A parameter's value is one of those it may have."""
    choices, value = parameter.at("enum"), parameter.at("value")
    if choices.value is not None and not choices.items():
        yield Diagnostic("E0724", "`enum` lists nothing", parameter.span_of("enum"))
    known = [choice.text for choice in choices.items()]
    if known and value.value is not None and "{{" not in value.text and value.text not in known:
        hint = did_you_mean(value.text, known) or f"the choices: {', '.join(known)}"
        yield Diagnostic("E0724", f"`{value.text}` is not in `enum`", value.span, hint=hint)


def _output_faults(template: Part, kind: str) -> Iterator[Diagnostic]:
    for parameter in template.at("outputs", "parameters").items():
        source, has_value = parameter.at("valueFrom"), parameter.at("value").value is not None
        given = [key for key in _SOURCES if source.at(key).value is not None]
        named = f"output parameter `{parameter.at('name').text}`"
        fitting = _OUTPUT_SOURCES.get(kind, _SOURCES)
        if has_value and source.value is not None:
            message = f"{named} has a `value` or is taken by `valueFrom`, not both"
            yield Diagnostic("E0726", message, parameter.span_of("valueFrom"))
        elif len(given) > 1:
            message = f"{named} is taken from `{given[0]}` or `{given[1]}`, not from both"
            yield Diagnostic("E0726", message, source.span_of(given[1]))
        elif given and given[0] not in fitting:
            hint = f"it takes {' or '.join(f'`{one}`' for one in fitting)}"
            message = f"a template of kind `{kind}` has no `{given[0]}` to take {named} from"
            yield Diagnostic("E0726", message, source.span_of(given[0]), hint=hint)
        elif not given and not has_value:
            hint = f"give it `valueFrom` with {' or '.join(f'`{one}`' for one in fitting)}"
            yield Diagnostic("E0726", f"{named} has no source", parameter.span, hint=hint)
    for artifact in template.at("outputs", "artifacts").items():
        yield from output_artifact_faults(artifact, kind)


def _metric_faults(part: Part) -> Iterator[Diagnostic]:
    for metric in part.at("metrics", "prometheus").items():
        kinds = [k for k in ("gauge", "counter", "histogram") if metric.at(k).value is not None]
        if len(kinds) != 1:
            message = "a metric is a `gauge`, a `counter` or a `histogram`"
            yield Diagnostic("E0726", message, metric.span)
        if not metric.at("help").text:
            yield Diagnostic("E0726", "the metric has no `help`", metric.span)
        gauge = metric.at("gauge")
        if gauge.at("realtime").value is True and "resourcesDuration." in gauge.at("value").text:
            message = "what a step has used is known at its end, not in real time"
            yield Diagnostic("E0726", message, gauge.at("value").span)


def _lock_faults(part: Part) -> Iterator[Diagnostic]:
    for semaphore in part.at("synchronization", "semaphores").items():
        if all(semaphore.at(key).value is None for key in ("configMapKeyRef", "database")):
            hint = "give it `configMapKeyRef` or `database`"
            yield Diagnostic("E0726", "the semaphore has no limit", semaphore.span, hint=hint)
