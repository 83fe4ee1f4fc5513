"""Finds what is wrong with Tekton's objects: what its webhook checks, and unknown results."""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import prod

from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.tekton.graph import graph_faults
from sqlml.codegen.tekton.parts import Library, all_tasks, known, names_of, references, task_spec
from sqlml.errors import Diagnostic, did_you_mean

API_VERSION = "tekton.dev/v1"
KINDS = ("Pipeline", "PipelineRun", "Task", "TaskRun")
_OLDER = ("tekton.dev/v1beta1", "tekton.dev/v1alpha1")
_LARGEST_MATRIX = 256
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PARAMETER = re.compile(r"[A-Za-z_][-A-Za-z0-9_.]*")
_DURATION = re.compile(r"0|([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+")
_PIECE = re.compile(r"([0-9]+(?:\.[0-9]*)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}

__all__ = ["API_VERSION", "Library", "faults_of", "is_tekton"]


def is_tekton(document: Part) -> bool:
    return document.at("apiVersion").text.startswith("tekton.dev/")


def faults_of(document: Part, library: Library) -> Iterator[Diagnostic]:
    """What is wrong with one of Tekton's objects; kinds that are not in v1 are left to others."""
    version, kind = document.at("apiVersion"), document.at("kind")
    if kind.text not in KINDS:
        if version.text == API_VERSION:
            hint = did_you_mean(kind.text, KINDS) or f"the kinds: {', '.join(KINDS)}"
            yield Diagnostic("E0791", f"Tekton has no `{kind.text}`", kind.span, hint=hint)
        return
    if version.text != API_VERSION:
        if version.text not in _OLDER:
            message = f"there is no `{kind.text}` of version `{version.text}`"
            yield Diagnostic("E0791", message, version.span, hint=f"write `{API_VERSION}`")
        return
    yield from _name_faults(document)
    spec = document.at("spec")
    match kind.text:
        case "Pipeline":
            yield from _pipeline_faults(spec, library, {})
        case "Task":
            yield from _task_faults(spec, names_of(spec.at("params")))
        case "PipelineRun":
            yield from _run_faults(spec, "pipeline", library)
        case "TaskRun":
            yield from _run_faults(spec, "task", library)


def _name_faults(document: Part) -> Iterator[Diagnostic]:
    metadata = document.at("metadata")
    name, start = metadata.at("name"), metadata.at("generateName")
    if not (name.text or start.text):
        yield Diagnostic("E0792", f"the {document.at('kind').text} has no name", metadata.span)
    if name.text and not _LABEL.fullmatch(name.text):
        yield _bad_name(name, "an object")


def _bad_name(name: Part, what: str) -> Diagnostic:
    hint = "small letters, digits and `-`, 63 characters at most, a letter or digit at both ends"
    return Diagnostic("E0792", f"`{name.text}` cannot name {what}", name.span, hint=hint)


def _duplicates(parts: Sequence[Part]) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for part in parts:
        name = part.at("name")
        if name.text and name.text in seen:
            yield Diagnostic("E0792", f"there are two of the name `{name.text}`", name.span)
        seen.add(name.text)


def _run_faults(spec: Part, what: str, library: Library) -> Iterator[Diagnostic]:
    named = [key for key in (f"{what}Ref", f"{what}Spec") if spec.has(key)]
    if len(named) != 1:
        message = f"a run has either `{what}Ref` or `{what}Spec`"
        yield Diagnostic("E0791", message, spec.span_of(named[-1]) if named else spec.span)
        return
    yield from _duplicates(spec.at("params").items())
    yield from _timeout_faults(spec)
    given = names_of(spec.at("params"))
    inline = spec.at(f"{what}Spec")
    if named[0] == f"{what}Spec" and what == "pipeline":
        yield from _pipeline_faults(inline, library, given)
    elif named[0] == f"{what}Spec":
        yield from _task_faults(inline, {**given, **names_of(inline.at("params"))})
    called = inline if inline.value else library.get(what, spec.at(f"{what}Ref"))
    if called is not None:
        for kind in ("params", "workspaces"):
            yield from _missing(called.at(kind), spec.at(kind), kind, spec)


def _missing(declared: Part, given: Part, kind: str, place: Part) -> Iterator[Diagnostic]:
    names = names_of(given)
    for name, part in names_of(declared).items():
        optional = part.has("default") or part.at("optional").value is True
        if name not in names and not optional:
            hint = f"give it among the `{kind}`"
            message = f"{kind[:-1]} `{name}` is not given"
            yield Diagnostic("E0793", message, place.span, hint=hint)


# --- pipelines ----------------------------------------------------------------------------------


def _pipeline_faults(
    spec: Part, library: Library, given: Mapping[str, Part]
) -> Iterator[Diagnostic]:
    """given: the parameters of the run that holds the pipeline."""
    if not spec.at("tasks").items():
        yield Diagnostic("E0791", "a pipeline has `tasks`", spec.span)
    for kind in ("params", "workspaces"):
        yield from _duplicates(spec.at(kind).items())
    yield from _parameter_faults(spec)
    yield from _duplicates(all_tasks(spec))
    params = {**given, **names_of(spec.at("params"))}
    for task in all_tasks(spec):
        yield from _one_task_faults(task, spec, library, params)
    yield from graph_faults(spec, library)


def _parameter_faults(spec: Part) -> Iterator[Diagnostic]:
    for parameter in spec.at("params").items():
        name, kind = parameter.at("name"), parameter.at("type")
        if not _PARAMETER.fullmatch(name.text):
            hint = "letters, digits, `-`, `_` and `.`; no digit first"
            message = f"`{name.text}` cannot name a parameter"
            yield Diagnostic("E0792", message, name.span, hint=hint)
        if kind.text and kind.text not in ("string", "array", "object"):
            message = f"`{kind.text}` is no type of parameters"
            yield Diagnostic("E0791", message, kind.span, hint="string, array or object")


def _one_task_faults(
    task: Part, pipeline: Part, library: Library, params: Mapping[str, Part]
) -> Iterator[Diagnostic]:
    name = task.at("name")
    if not _LABEL.fullmatch(name.text):
        yield _bad_name(name, "a task")
    kinds = [k for k in ("taskRef", "taskSpec", "pipelineRef", "pipelineSpec") if task.has(k)]
    if len(kinds) != 1:
        message = f"task `{name.text}` has either `taskRef` or `taskSpec`"
        yield Diagnostic("E0791", message, task.span_of(kinds[-1]) if kinds else task.span)
    yield from _duplicates(task.at("params").items())
    inline = task.at("taskSpec")
    if inline.has("steps"):
        yield from _task_faults(inline, {**params, **names_of(inline.at("params"))})
    for place in (task.at(key) for key in ("params", "when", "matrix", "workspaces")):
        yield from _unknown_parameters(place, params)
    spec = task_spec(task, library)
    if spec is not None:
        taken = {**names_of(task.at("params")), **names_of(task.at("matrix", "params"))}
        propagated = params if inline.value else {}
        for wanted, declared in names_of(spec.at("params")).items():
            if wanted not in taken and wanted not in propagated and not declared.has("default"):
                message = f"parameter `{wanted}` of task `{name.text}` is not given"
                yield Diagnostic("E0793", message, name.span, hint="give it among its `params`")
    spaces = names_of(pipeline.at("workspaces"))
    for space in task.at("workspaces").items():
        used = space.at("workspace") if space.has("workspace") else space.at("name")
        yield from known(used, used.text, spaces, "workspace")
    yield from _control_faults(task)


def _control_faults(task: Part) -> Iterator[Diagnostic]:
    for when in task.at("when").items():
        operator = when.at("operator")
        if not when.has("cel") and operator.text not in ("in", "notin"):
            message = f"`{operator.text}` is no operator of `when`"
            hint = "`in` or `notin`; let a step compare, and write a result"
            yield Diagnostic("E0795", message, operator.span, hint=hint)
        elif not when.has("cel") and not when.at("values").value:
            yield Diagnostic("E0795", "`when` has no `values`", when.span)
    matrix = task.at("matrix")
    sizes = [len(each.at("value").items()) or 1 for each in matrix.at("params").items()]
    count = (prod(sizes) if sizes else 0) + len(matrix.at("include").items())
    if count > _LARGEST_MATRIX:
        message = f"a matrix has at most {_LARGEST_MATRIX} combinations, this has {count}"
        yield Diagnostic("E0795", message, task.span_of("matrix"))
    retries, timeout = task.at("retries"), task.at("timeout")
    if task.has("retries") and (not isinstance(retries.value, int) or retries.value < 0):
        yield Diagnostic("E0796", "`retries` is a number from 0", retries.span)
    if timeout.value is not None and _seconds(timeout) is None:
        yield _no_duration(timeout)


def _no_duration(part: Part) -> Diagnostic:
    return Diagnostic("E0796", f"`{part.text}` is no time", part.span, hint="as in `1h30m`")


def _seconds(part: Part) -> float | None:
    if not _DURATION.fullmatch(part.text):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(part.text))


def _timeout_faults(spec: Part) -> Iterator[Diagnostic]:
    timeouts = spec.at("timeouts")
    told: dict[str, float] = {}
    given = dict(timeouts.fields()) | ({"": spec.at("timeout")} if spec.has("timeout") else {})
    for name, part in given.items():
        seconds = _seconds(part)
        if seconds is None:
            yield _no_duration(part)
        else:
            told[name] = seconds
    whole = told.get("pipeline", 3600.0)
    parts = told.get("tasks", 0.0) + told.get("finally", 0.0)
    if whole and parts > whole:
        message = f"`tasks` and `finally` take longer ({parts:g} s) than `pipeline` ({whole:g} s)"
        hint = "without `pipeline` a run has an hour; `0s` is no limit"
        yield Diagnostic("E0796", message, timeouts.span, hint=hint)


# --- tasks --------------------------------------------------------------------------------------


def _task_faults(spec: Part, params: Mapping[str, Part]) -> Iterator[Diagnostic]:
    """params: those that `$(params.…)` may name."""
    if not spec.at("steps").items():
        yield Diagnostic("E0791", "a task has `steps`", spec.span)
    yield from _parameter_faults(spec)
    for kind in ("params", "results", "steps", "volumes", "workspaces"):
        yield from _duplicates(spec.at(kind).items())
    volumes = names_of(spec.at("volumes"))
    for step in spec.at("steps").items():
        name = step.at("name")
        if name.text and not _LABEL.fullmatch(name.text):
            yield _bad_name(name, "a step")
        if (
            not any(step.at(key).value for key in ("image", "ref"))
            and not spec.at("stepTemplate", "image").text
        ):
            yield Diagnostic("E0791", "the step has no image", step.span)
        if step.has("script") and step.has("command"):
            message = "a step has either `script` or `command`"
            yield Diagnostic("E0791", message, step.span_of("command"))
        for mount in step.at("volumeMounts").items():
            if not mount.at("name").text.startswith("$("):
                yield from known(mount.at("name"), mount.at("name").text, volumes, "volume")
    yield from _unknown_parameters(spec.at("steps"), params)
    yield from _unknown_results(spec)


def _unknown_parameters(within: Part, params: Mapping[str, Part]) -> Iterator[Diagnostic]:
    for part, path in references(within):
        if path[0] == "params" and len(path) > 1:
            name = path[1] if path[1] in params else ".".join(path[1:])
            yield from known(part, path[1] if name not in params else name, params, "parameter")


def _unknown_results(spec: Part) -> Iterator[Diagnostic]:
    """Of the task itself: `$(results.NAME.path)`."""
    results = names_of(spec.at("results"))
    for part, path in references(spec.at("steps")):
        if path[0] == "results" and len(path) == 3:
            yield from known(part, path[1], results, "result")
