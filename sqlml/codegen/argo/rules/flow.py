"""Who calls whom with what: entrypoints, steps, tasks, dependencies, loops and arguments."""

import json
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from sqlml.codegen.argo.rules.arguments import argument_faults
from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.argo.rules.expressions import DEPENDS, fault_of
from sqlml.codegen.argo.rules.manifests import (
    STORES,
    Manifest,
    artifacts_of,
    calls_of,
    every_template,
    loop_of,
    parameters_of,
    target_of,
    tasks_of,
)
from sqlml.errors import Diagnostic, did_you_mean

DEPENDS_WORDS = (
    "Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed",
)  # fmt: skip
_VALUES = ("value", "default", "configMapKeyRef", "supplied", "event")
_WORD = re.compile(r"([A-Za-z0-9_][-\w]*)(?:\.(\w+))?")


def flow_faults(manifest: Manifest) -> Iterator[Diagnostic]:
    yield from _entry_faults(manifest)
    for template in every_template(manifest):
        for call in calls_of(template):
            yield from _call_faults(manifest, call)
        yield from _graph_faults(template)


# --- where a workflow starts and ends -------------------------------------------------------


def _entry_faults(manifest: Manifest) -> Iterator[Diagnostic]:
    spec = manifest.spec
    is_whole = not manifest.is_template and not manifest.refers
    yield from argument_faults(spec.at("arguments"), is_whole=is_whole)
    if manifest.refers:
        reference = spec.at("workflowTemplateRef")
        if not reference.at("name").text:
            yield Diagnostic("E0717", "`workflowTemplateRef` lacks `name`", reference.span)
        if spec.at("templates").items():
            message = (
                "a workflow that refers to a template of workflows has no templates of its own"
            )
            hint = "take `workflowTemplateRef` away, or run its templates by `templateRef`"
            yield Diagnostic("E0726", message, spec.span_of("templates"), hint=hint)
        if other := manifest.library.get(reference.at("name").text):
            yield from _referred_faults(spec, other, reference)
        return
    if not spec.at("entrypoint").text and not manifest.is_template:
        yield Diagnostic("E0719", "the workflow has no entrypoint", spec.span)
    for field in ("entrypoint", "onExit"):
        yield from _start_faults(manifest, spec.at(field))
    yield from _hook_faults(manifest, spec)


def _referred_faults(spec: Part, other: Manifest, reference: Part) -> Iterator[Diagnostic]:
    """Of a workflow whose templates are those of another manifest."""
    given = parameters_of(spec.at("arguments"))
    for name, parameter in parameters_of(other.spec.at("arguments")).items():
        if name not in given and not _has_value(parameter):
            message = f"parameter `{name}` of `{other.name}` has no value"
            hint = "give it one among the `arguments`"
            yield Diagnostic("E0721", message, reference.span, hint=hint)
    start = spec.at("entrypoint")
    if not start.text and not other.spec.at("entrypoint").text:
        message = f"neither the workflow nor `{other.name}` has an entrypoint"
        yield Diagnostic("E0719", message, reference.span, hint="give it `entrypoint`")
    if start.text and "{{" not in start.text and start.text not in other.templates:
        yield _no_template(start, other.templates)


def _start_faults(manifest: Manifest, start: Part) -> Iterator[Diagnostic]:
    if not start.text or "{{" in start.text:
        return
    if start.text not in manifest.templates:
        yield _no_template(start, manifest.templates)
    elif not manifest.is_template:
        target = manifest.templates[start.text]
        yield from _missing(target, manifest.spec.at("arguments"), start)


def _no_template(name: Part, templates: Mapping[str, Part]) -> Diagnostic:
    hint = did_you_mean(name.text, templates)
    return Diagnostic("E0719", f"there is no template `{name.text}`", name.span, hint=hint)


# --- calls ------------------------------------------------------------------------------------


def _call_faults(manifest: Manifest, call: Part) -> Iterator[Diagnostic]:
    yield from _target_faults(manifest, call)
    yield from _loop_faults(call)
    target = target_of(manifest, call)
    if target is not None:
        yield from _missing(target, call.at("arguments"), call)
        yield from _undeclared(target, call.at("arguments"))
    yield from argument_faults(call.at("arguments"))
    templates = manifest.templates
    exit_template = call.at("onExit")
    if exit_template.text in templates:
        yield from _missing(templates[exit_template.text], Part({}, call.span), exit_template)
    elif exit_template.text and not manifest.refers:
        yield _no_template(exit_template, templates)
    yield from _hook_faults(manifest, call)


def _hook_faults(manifest: Manifest, part: Part) -> Iterator[Diagnostic]:
    """Of a step, a task or a workflow; the hook `exit` has its time, others say when."""
    for name, hook in part.at("hooks").fields().items():
        if name != "exit" and not hook.at("expression").text:
            hint = "as `expression: 'workflow.status == \"Running\"'`; at the end: call it `exit`"
            yield Diagnostic("E0726", f"the hook `{name}` has no `expression`", hook.span, "", hint)
        yield from _call_faults(manifest, hook)


def _target_faults(manifest: Manifest, call: Part) -> Iterator[Diagnostic]:
    named = [k for k in ("template", "templateRef", "inline") if call.at(k).value is not None]
    if len(named) != 1:
        message = "a step, task or hook runs one of `template`, `templateRef` and `inline`"
        yield Diagnostic("E0726", message, call.span_of(named[1]) if named else call.span)
        return
    name, reference = call.at("template"), call.at("templateRef")
    templates = manifest.templates
    if name.text and "{{" not in name.text and name.text not in templates:
        yield _no_template(name, templates)
    if reference.value is not None:
        for field in ("name", "template"):
            if not reference.at(field).text:
                yield Diagnostic("E0717", f"`templateRef` lacks `{field}`", reference.span)
        other = manifest.library.get(reference.at("name").text)
        wanted = reference.at("template")
        if other and "{{" not in wanted.text and wanted.text not in other.templates:
            yield _no_template(wanted, other.templates)


def _loop_faults(call: Part) -> Iterator[Diagnostic]:
    loops = loop_of(call)
    if len(loops) > 1:
        message = f"a step loops over `{loops[0]}` or `{loops[1]}`, not over both"
        yield Diagnostic("E0726", message, call.span_of(loops[1]))
    sequence, items = call.at("withSequence"), call.at("withParam")
    if sequence.value is not None:
        ends = [key for key in ("count", "end") if sequence.at(key).value is not None]
        if len(ends) != 1:
            message = "`withSequence` has either `count` or `end`"
            yield Diagnostic("E0726", message, call.span_of("withSequence"))
    if items.text and "{{" not in items.text:
        try:
            is_list = isinstance(json.loads(items.text), list)
        except ValueError:
            is_list = False
        if not is_list:
            message = "`withParam` must be a JSON list, or a reference to one"
            yield Diagnostic("E0724", message, items.span)


def _missing(target: Part, arguments: Part, place: Part) -> Iterator[Diagnostic]:
    """Inputs without a default that a caller does not give."""
    given = {**parameters_of(arguments)}
    for name, parameter in parameters_of(target.at("inputs")).items():
        if name not in given and not _has_value(parameter):
            yield _not_given("parameter", name, target, place)
    artifacts = artifacts_of(arguments)
    for name, artifact in artifacts_of(target.at("inputs")).items():
        has_source = any(artifact.at(store).value is not None for store in STORES)
        if name not in artifacts and not has_source and artifact.at("optional").value is not True:
            yield _not_given("artifact", name, target, place)


def _has_value(parameter: Part) -> bool:
    """Whether an input has a value of its own; what only outputs are taken from is none."""
    places = (parameter, parameter.at("valueFrom"))
    return any(place.at(key).value is not None for place in places for key in _VALUES)


def _not_given(kind: str, name: str, target: Part, place: Part) -> Diagnostic:
    called = target.at("name").text
    whose = f" of template `{called}`" if called else ""
    hint = "give it among the `arguments`, or give the input a default"
    return Diagnostic("E0721", f"input {kind} `{name}`{whose} is not given", place.span, hint=hint)


def _undeclared(target: Part, arguments: Part) -> Iterator[Diagnostic]:
    inputs = target.at("inputs")
    declared = {"parameter": parameters_of(inputs), "artifact": artifacts_of(inputs)}
    for kind, known in declared.items():
        for argument in arguments.at(f"{kind}s").items():
            name = argument.at("name")
            if name.text and name.text not in known:
                hint = did_you_mean(name.text, known)
                message = f"template `{target.at('name').text}` has no input {kind} `{name.text}`"
                yield Diagnostic("E0721", message, name.span, hint=hint)


# --- graphs -----------------------------------------------------------------------------------


def needs_of(task: Part) -> list[tuple[Part, str, str]]:
    """What a task depends on: where it says so, the task's name, and its status."""
    told = [(need, need.text, "") for need in task.at("dependencies").items()]
    depends = task.at("depends")
    return told + [(depends, m[1], m[2] or "") for m in _WORD.finditer(depends.text)]


def _graph_faults(template: Part) -> Iterator[Diagnostic]:
    tasks = {task.at("name").text: task for task in tasks_of(template)}
    if not tasks:
        return
    uses_depends = any(task.at("depends").text for task in tasks.values())
    for task in tasks.values():
        yield from _dependency_faults(task, tasks, uses_depends=uses_depends)
    for target in template.at("dag", "target").text.split():
        if target not in tasks and "{{" not in target:
            hint = did_you_mean(target, tasks)
            span = template.at("dag", "target").span
            yield Diagnostic("E0719", f"there is no task `{target}`", span, hint=hint)
    needs = {name: [need for _, need, _ in needs_of(task)] for name, task in tasks.items()}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = [*reversed(error.args[1])]
        message = f"tasks depend on each other in a circle: {' → '.join(circle)}"
        yield Diagnostic("E0723", message, tasks[circle[0]].at("name").span)


def _dependency_faults(
    task: Part, tasks: Mapping[str, Part], *, uses_depends: bool
) -> Iterator[Diagnostic]:
    if uses_depends and task.at("dependencies").items():
        message = "a graph uses `depends` or `dependencies`, not both"
        yield Diagnostic("E0726", message, task.span_of("dependencies"))
    if uses_depends and task.at("continueOn").value is not None:
        message = "`continueOn` has no meaning where a graph uses `depends`"
        hint = "depend on `TASK.Failed` or `TASK.Errored` instead"
        yield Diagnostic("E0726", message, task.span_of("continueOn"), hint=hint)
    depends = task.at("depends")
    if fault := fault_of(depends.text, DEPENDS):
        yield Diagnostic("E0722", f"`depends` is no expression: {fault}", depends.span)
        return
    for place, name, status in needs_of(task):
        if name not in tasks:
            hint = did_you_mean(name, tasks)
            yield Diagnostic("E0719", f"there is no task `{name}`", place.span, hint=hint)
        elif status and status not in DEPENDS_WORDS:
            hint = did_you_mean(status, DEPENDS_WORDS) or f"the words: {', '.join(DEPENDS_WORDS)}"
            yield Diagnostic("E0722", f"`{status}` is no status of a task", place.span, hint=hint)
        elif status in ("AnySucceeded", "AllFailed") and not loop_of(tasks[name]):
            message = f"`{status}` is of tasks with a loop, and `{name}` has none"
            yield Diagnostic("E0722", message, place.span)
