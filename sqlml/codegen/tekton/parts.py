"""The parts of Tekton's objects that rules ask for."""

import re
from collections.abc import Iterator, Mapping, Sequence

from sqlml.codegen.argo.rules.documents import Part
from sqlml.errors import Diagnostic, did_you_mean

_REFERENCE = re.compile(r"\$\(([^()]+)\)")
_QUOTED = re.compile(r"""\[(["'])(.+?)\1\]""")


class Library:
    """The specs of the tasks and pipelines among some documents."""

    def __init__(self, documents: Sequence[Part]) -> None:
        self._specs = {
            (each.at("kind").text.lower(), each.at("metadata", "name").text): each.at("spec")
            for each in documents
            if each.at("kind").text in ("Task", "Pipeline")
        }

    def get(self, kind: str, reference: Part) -> Part | None:
        """What a reference names; None where it is not among the documents."""
        if reference.has("apiVersion") or reference.has("resolver"):
            return None
        return self._specs.get((kind, reference.at("name").text))


def task_spec(task: Part, library: Library) -> Part | None:
    """What a pipeline's task runs; None where that is not known."""
    inline = task.at("taskSpec")
    if inline.value is not None:
        return inline if inline.has("steps") else None
    return library.get("task", task.at("taskRef"))


def all_tasks(pipeline: Part) -> list[Part]:
    return [*pipeline.at("tasks").items(), *pipeline.at("finally").items()]


def names_of(parts: Part) -> Mapping[str, Part]:
    return {part.at("name").text: part for part in parts.items()}


def references(within: Part) -> Iterator[tuple[Part, list[str]]]:
    """Every `$(…)` as the words between its dots, and the text that it is in."""
    for part in within.texts():
        for found in _REFERENCE.finditer(part.text):
            yield part, [*_words(found[1])]


def _words(path: str) -> Iterator[str]:
    """The words of `params.a.b[*]`, and of `params["a.b"]`, where the second is `a.b`."""
    quoted = _QUOTED.search(path)
    if quoted:
        yield path[: quoted.start()]
        yield quoted[2]
    else:
        yield from re.sub(r"\[[^]]*\]", "", path).split(".")


def known(place: Part, name: str, among: Mapping[str, Part], what: str) -> Iterator[Diagnostic]:
    """A fault unless there is one of that name."""
    if name not in among:
        hint = did_you_mean(name, among)
        yield Diagnostic("E0793", f"there is no {what} `{name}`", place.span, hint=hint)
