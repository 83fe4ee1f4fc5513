"""What stands between `{{` and `}}`: that it is there where it is asked for."""

import re
from collections.abc import Iterator, Mapping

from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.argo.rules.expressions import EXPRESSION, TAG, fault_of
from sqlml.codegen.argo.rules.flow import needs_of
from sqlml.codegen.argo.rules.manifests import (
    LOOPS,
    Manifest,
    artifacts_of,
    calls_of,
    gives_result,
    groups_of,
    is_leaf,
    loop_of,
    parameters_of,
    target_of,
    tasks_of,
)
from sqlml.codegen.argo.rules.scopes import Scope
from sqlml.errors import Diagnostic, did_you_mean
from sqlml.source import Span

_WORKFLOW = frozenset({
    "workflow.name", "workflow.namespace", "workflow.uid", "workflow.serviceAccountName",
    "workflow.mainEntrypoint", "workflow.creationTimestamp",
    "workflow.scheduledTime", "workflow.duration", "workflow.parameters",
    "workflow.parameters.json", "workflow.annotations", "workflow.annotations.json",
    "workflow.labels", "workflow.labels.json",
})  # fmt: skip
_AT_EXIT = frozenset(["workflow.status", "workflow.failures"])
_IN_METRICS = frozenset(["status", "duration", "exitCode", *_AT_EXIT])
_OTHERS = re.compile(r"(?:tasks|steps)\.([-\w]+)")
_ROOTS = frozenset({
    "workflow", "inputs", "outputs", "steps", "tasks", "item", "pod", "node", "retries",
    "lastRetry", "cronworkflow", "status", "duration", "exitCode", "resourcesDuration",
})  # fmt: skip


def reference_faults(manifest: Manifest) -> Iterator[Diagnostic]:
    world = _world(manifest)
    before_exit = _reached(manifest)
    for field, part in manifest.spec.fields().items():
        if field == "templates":
            continue
        yield from _part_faults(part, world.plus(_IN_METRICS, ("resourcesDuration.",)))
    for template in manifest.spec.at("templates").items():
        ends = template.at("name").text not in before_exit
        yield from _template_faults(manifest, template, world.plus(_AT_EXIT) if ends else world)
    if manifest.kind == "CronWorkflow":
        cron = world.plus((), ("cronworkflow.",))
        for field, part in manifest.document.at("spec").fields().items():
            if field != "workflowSpec":
                yield from _part_faults(part, cron)


def _reached(manifest: Manifest) -> frozenset[str]:
    """The templates that run before the end, where the workflow's status is not known."""
    templates = manifest.templates
    pending, seen = [manifest.spec.at("entrypoint").text], set[str]()
    while pending:
        name = pending.pop()
        if name in templates and name not in seen:
            seen.add(name)
            pending.extend(call.at("template").text for call in calls_of(templates[name]))
    return frozenset(seen)


def _world(manifest: Manifest) -> Scope:
    """What every text of a manifest may refer to."""
    spec = manifest.spec
    prefixes = ["workflow.creationTimestamp.", "lastRetry."]
    names = {*_WORKFLOW, "node.name", "retries"}
    names |= {f"workflow.parameters.{name}" for name in parameters_of(spec.at("arguments"))}
    if manifest.is_template or manifest.refers:
        prefixes += ("workflow.parameters.", "workflow.priority")
    if spec.at("priority").value is not None:
        names.add("workflow.priority")
    for kind in ("labels", "annotations"):
        known: set[str] = set()
        for path in (
            ("metadata",),
            ("spec", "workflowMetadata"),
            ("spec", "workflowSpec", "workflowMetadata"),
        ):
            known |= manifest.document.at(*path, kind).fields().keys()
            known |= manifest.document.at(*path, f"{kind}From").fields().keys()
        names |= {f"workflow.{kind}.{name}" for name in known}
        prefixes.append(f"workflow.{kind}.workflows.argoproj.io/")
        if manifest.is_template or manifest.refers:
            prefixes.append(f"workflow.{kind}.")
    for kind in ("parameters", "artifacts"):
        given = [output.at("globalName").text for output in _outputs(manifest, kind)]
        names |= {f"workflow.outputs.{kind}.{name}" for name in given if name}
        if manifest.is_template or _is_open(manifest) or any("{{" in name for name in given):
            prefixes.append(f"workflow.outputs.{kind}.")
    if manifest.kind == "CronWorkflow":
        prefixes.append("cronworkflow.")
    return Scope(frozenset(names), tuple(prefixes))


def _outputs(manifest: Manifest, kind: str) -> Iterator[Part]:
    for template in manifest.spec.at("templates").items():
        yield from template.at("outputs", kind).items()
        for call in calls_of(template):
            yield from call.at("inline", "outputs", kind).items()


def _is_open(manifest: Manifest) -> bool:
    """Whether it runs templates of others, which may leave outputs of the whole workflow."""
    templates = manifest.spec.at("templates").items()
    return any(call.has("templateRef") for template in templates for call in calls_of(template))


# --- templates --------------------------------------------------------------------------------


def _template_faults(manifest: Manifest, template: Part, around: Scope) -> Iterator[Diagnostic]:
    """around: what its texts may refer to besides what is its own."""
    scope = around.plus(_inputs_of(template))
    if is_leaf(template) or template.at("suspend").value is not None:
        yield from _leaf_faults(template, scope)
        return
    inner = scope.plus(["steps.name", "tasks.name"])
    root = "tasks" if tasks_of(template) else "steps"
    told = {call.at("name").text: _outputs_of(manifest, call, root) for call in calls_of(template)}
    everything = inner.plus(
        (name for names, _ in told.values() for name in names),
        (prefix for _, prefixes in told.values() for prefix in prefixes),
    )
    for field, part in template.fields().items():
        if field == "metrics":
            yield from _part_faults(part, _metrics(everything))
        elif field not in ("steps", "dag"):
            yield from _part_faults(part, everything)
    yield from _part_faults(template.at("dag", "target"), scope)
    for call, before in _with_scopes(template, told, inner):
        yield from _call_faults(manifest, call, before, told)


def _inputs_of(template: Part) -> Iterator[str]:
    yield "inputs.artifacts"
    for name in parameters_of(template.at("inputs")):
        yield from ("inputs.parameters", f"inputs.parameters.{name}")
    for name in artifacts_of(template.at("inputs")):
        yield from (f"inputs.artifacts.{name}", f"inputs.artifacts.{name}.path")


def _leaf_faults(template: Part, scope: Scope) -> Iterator[Diagnostic]:
    paths = (
        f"outputs.{kind}.{output.at('name').text}.path"
        for kind in ("parameters", "artifacts")
        for output in template.at("outputs", kind).items()
    )
    own = scope.plus(["pod.name", "steps.name", "tasks.name", *paths])
    for field, part in template.fields().items():
        yield from _part_faults(part, _metrics(own) if field == "metrics" else own)


def _metrics(scope: Scope) -> Scope:
    return scope.plus(_IN_METRICS, ("resourcesDuration.", "outputs."))


Told = Mapping[str, tuple[set[str], list[str]]]


def _with_scopes(template: Part, told: Told, scope: Scope) -> Iterator[tuple[Part, Scope]]:
    """Every step or task, with what it can refer to: what has ended before it starts."""
    ended = set[str]()
    for group in groups_of(template):
        for step in group:
            yield step, _after(ended & {*_named(step)}, told, scope)
        ended |= {step.at("name").text for step in group}
    tasks = {task.at("name").text: task for task in tasks_of(template)}
    for task in tasks.values():
        named = {*_named(task)} & tasks.keys()
        ancestors = _ancestors(task, tasks, named) if named else named
        yield task, _after(named & ancestors, told, scope)


def _after(names: set[str], told: Told, scope: Scope) -> Scope:
    if not names:
        return scope
    return scope.plus(
        (tag for name in names for tag in told[name][0]),
        (prefix for name in names for prefix in told[name][1]),
    )


def _named(call: Part) -> Iterator[str]:
    """The steps or tasks that its texts refer to."""
    for text in call.texts():
        if "{{" in text.value:
            yield from _OTHERS.findall(text.value)


def _ancestors(task: Part, tasks: Mapping[str, Part], wanted: set[str]) -> set[str]:
    """What must have ended before a task starts; as much of it as shows whether `wanted` is."""
    seen = set[str]()
    pending = [task]
    while pending and not wanted <= seen:
        for _, name, _ in needs_of(pending.pop()):
            if name in tasks and name not in seen:
                seen.add(name)
                pending.append(tasks[name])
    return seen


def _outputs_of(manifest: Manifest, call: Part, root: str) -> tuple[set[str], list[str]]:
    """The tags that a step leaves behind; and the prefixes of those that cannot be known."""
    prefix = f"{root}.{call.at('name').text}"
    names = {
        f"{prefix}.{each}" for each in ("id", "status", "startedAt", "finishedAt", "hostNodeName")
    }
    target = target_of(manifest, call)
    if target is None:
        return names, [f"{prefix}."]
    if target.at("daemon").value is True:
        names.add(f"{prefix}.ip")
    if gives_result(target):
        names |= {f"{prefix}.{each}" for each in ("outputs.result", "outputs.exitCode", "exitCode")}
    for kind, outputs in (
        ("parameters", parameters_of(target.at("outputs"))),
        ("artifacts", artifacts_of(target.at("outputs"))),
    ):
        names |= {f"{prefix}.outputs.{kind}.{name}" for name in outputs}
    if loop_of(call):
        names |= {f"{prefix}.outputs.parameters", f"{prefix}.outputs.result"}
    return names, []


def _call_faults(manifest: Manifest, call: Part, before: Scope, told: Told) -> Iterator[Diagnostic]:
    here = _with_item(call, before)
    names, prefixes = told[call.at("name").text]
    after = here.plus({*names, *_AT_EXIT}, prefixes)
    for field, part in call.fields().items():
        if field == "inline":
            yield from _template_faults(manifest, part, here)
        elif field in ("hooks", "onExit"):
            yield from _part_faults(part, after)
        elif field in LOOPS:
            yield from _part_faults(part, before)
        else:
            yield from _part_faults(part, here)


def _with_item(call: Part, scope: Scope) -> Scope:
    if not loop_of(call):
        return scope
    if call.at("withParam").value is not None:
        return scope.plus(["item"], ["item."])
    items = call.at("withItems").items()
    fields = {f"item.{key}" for item in items for key in item.fields()}
    is_open = any("{{" in item.text for item in items)
    return scope.plus({"item", *fields}, ["item."] if is_open else [])


# --- texts ------------------------------------------------------------------------------------


def _part_faults(part: Part, scope: Scope) -> Iterator[Diagnostic]:
    for text in part.texts():
        if "{{" in text.value:
            yield from _text_faults(text, scope)


def _text_faults(part: Part, scope: Scope) -> Iterator[Diagnostic]:
    text = part.value
    for match in TAG.finditer(text):
        tag = match[1].strip()
        at = _span(part, match)
        if tag.startswith("="):
            if fault := fault_of(tag[1:], EXPRESSION) or ("" if tag[1:].strip() else "it is empty"):
                yield Diagnostic("E0722", f"`{match[0]}` is no expression: {fault}", at)
        elif not scope.holds(tag):
            yield _unresolved(tag, at, scope)
    if "{{" in TAG.sub("", text):
        hint = "end it with `}}`; text that is to stay as it is: `{{='{{'}}`"
        yield Diagnostic("E0720", "a `{{` is not closed", part.span, hint=hint)


def _span(part: Part, match: re.Match[str]) -> Span:
    """Where a tag stands, if the text stands in the file as it is read."""
    span = part.span
    start = span.source.text.find(match[0], span.start, span.end)
    return Span(span.source, start, start + len(match[0])) if start >= 0 else span


def _unresolved(tag: str, at: Span, scope: Scope) -> Diagnostic:
    root = re.split(r"[.\[ ]", tag, maxsplit=1)[0]
    known = {*scope.known()}
    hint = did_you_mean(tag, known)
    if root == "item":
        message = "there is no loop here" if "item" not in known else "items have no such field"
        message = f"`{{{{{tag}}}}}`: {message}"
    elif root in _ROOTS:
        message = f"`{{{{{tag}}}}}` is not known here"
    else:
        message = f"`{{{{{tag}}}}}`: Argo knows no `{root}`"
        hint = hint or "text that is to stay as it is: `{{='{{'}}` instead of `{{`"
    return Diagnostic("E0720", message, at, hint=hint)
