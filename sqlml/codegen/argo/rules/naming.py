"""Names: what they are made of, how long they are, and that no two are the same."""

import re
from collections.abc import Iterator, Sequence

from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.argo.rules.manifests import Manifest, calls_of, every_template, tasks_of
from sqlml.errors import Diagnostic

_OBJECT = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9][-a-z0-9.]*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_FIELD = re.compile(r"[A-Za-z0-9][-A-Za-z0-9]*")
_VALUE = re.compile(r"[-A-Za-z0-9_]+")
_LONGEST_OBJECT = {"CronWorkflow": 52}  # whose workflows have a time appended to it
_LONGEST_FIELD = 128


def naming_faults(manifest: Manifest) -> Iterator[Diagnostic]:
    yield from _object_faults(manifest)
    spec = manifest.spec
    yield from _each(spec.at("templates").items(), "template", _FIELD)
    yield from _values(spec.at("arguments"))
    yield from _each(spec.at("volumes").items(), "volume", _LABEL, longest=63)
    for template in every_template(manifest):
        yield from _template_faults(template)


def _object_faults(manifest: Manifest) -> Iterator[Diagnostic]:
    metadata = manifest.document.at("metadata")
    name, prefix = metadata.at("name"), metadata.at("generateName")
    longest = _LONGEST_OBJECT.get(manifest.kind, 63)
    if name.text:
        if not _OBJECT.fullmatch(name.text):
            yield _bad(name, manifest.kind, "lower-case letters, digits, `-` and `.`")
        elif len(name.text) > longest:
            yield _long(name, manifest.kind, longest)
    elif prefix.text:
        if not _PREFIX.fullmatch(prefix.text):
            yield _bad(prefix, manifest.kind, "lower-case letters, digits, `-` and `.`")
    else:
        message = f"the {manifest.kind} has no name"
        hint = "give it `metadata.name` or `metadata.generateName`"
        yield Diagnostic("E0718", message, metadata.span, hint=hint)


def _template_faults(template: Part) -> Iterator[Diagnostic]:
    for side in ("inputs", "outputs"):
        yield from _values(template.at(side))
    for kind in ("parameters", "artifacts"):
        for output in template.at("outputs", kind).items():
            name = output.at("globalName")
            if name.text and "{{" not in name.text and not _VALUE.fullmatch(name.text):
                yield _bad(name, "output of the workflow", "letters, digits, `-` and `_`")
    yield from _each([*calls_of(template)], "step or task", _FIELD)
    for call in calls_of(template):
        yield from _values(call.at("arguments"))
    if any(task.has("depends") or task.has("dependencies") for task in tasks_of(template)):
        for task in tasks_of(template):
            if task.at("name").text[:1].isdecimal():
                message = f"`{task.at('name').text}` cannot name a task that others depend on"
                hint = "begin it with a letter"
                yield Diagnostic("E0718", message, task.at("name").span, hint=hint)
    for kind in ("initContainers", "sidecars"):
        yield from _each(template.at(kind).items(), "container", _LABEL, longest=63)
    yield from _each(template.at("containerSet", "containers").items(), "container", _LABEL, 63)
    yield from _each(template.at("volumes").items(), "volume", _LABEL, longest=63)


def _values(part: Part) -> Iterator[Diagnostic]:
    for kind in ("parameters", "artifacts"):
        yield from _each(part.at(kind).items(), kind.removesuffix("s"), _VALUE, longest=None)


def _each(
    parts: Sequence[Part], what: str, pattern: re.Pattern[str], longest: int | None = _LONGEST_FIELD
) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for part in parts:
        name = part.at("name")
        if not name.text:
            yield Diagnostic("E0718", f"the {what} has no name", part.span)
            continue
        is_open = what == "volume" and "{{" in name.text  # its name is known when it runs
        if not is_open and not pattern.fullmatch(name.text):
            words = "letters, digits and `-`" + (" and `_`" if pattern is _VALUE else "")
            yield _bad(name, what, words)
        elif longest and len(name.text) > longest:
            yield _long(name, what, longest)
        if name.text in seen:
            yield Diagnostic("E0718", f"there are two of the name `{name.text}`", name.span)
        seen.add(name.text)


def _bad(name: Part, what: str, words: str) -> Diagnostic:
    article = "an" if what[0] in "aeiou" else "a"
    message = f"`{name.text}` cannot name {article} {what}"
    return Diagnostic("E0718", message, name.span, hint=f"a name is made of {words}")


def _long(name: Part, what: str, longest: int) -> Diagnostic:
    message = f"the name of a {what} has at most {longest} characters, this has {len(name.text)}"
    return Diagnostic("E0718", message, name.span)
