"""The fields of a manifest: which there are, of what type, and what their values look like."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.argo.rules.formats import format_fault
from sqlml.codegen.argo.rules.schema import classes
from sqlml.errors import Diagnostic, did_you_mean

_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "s": ((str,), "text"),
    "i": ((int,), "a whole number"),
    "n": ((int, float), "a number"),
    "b": ((bool,), "true or false"),
    "q": ((str, int, float, bool), "text or a number"),
    "o": ((dict,), "a mapping"),
}


def structure_faults(part: Part, name: str) -> Iterator[Diagnostic]:
    """What is wrong with the fields of a part that is to be of a class of the schema."""
    yield from _typed(part, name, name, name, partial=False)


def _typed(part: Part, kind: str, owner: str, key: str, *, partial: bool) -> Iterator[Diagnostic]:
    """owner, key: the class and field that the part is the value of. partial: parts may lack."""
    if part.value is None or kind == "*":
        return
    if kind.startswith("[]"):
        yield from _list(part, kind[2:], owner, key, partial=partial)
    elif kind.startswith("{}"):
        yield from _map(part, kind[2:], owner, key, partial=partial)
    elif kind in _TYPES:
        types, words = _TYPES[kind]
        is_flag = isinstance(part.value, bool) and bool not in types
        if is_flag or not isinstance(part.value, types):
            yield _wrong_type(part, key, words, quotes=kind == "s")
        elif fault := format_fault(owner, key, part):
            yield fault
    else:
        yield from _object(part, kind, key, partial=partial)


def _list(part: Part, kind: str, owner: str, key: str, *, partial: bool) -> Iterator[Diagnostic]:
    if not isinstance(part.value, list):
        yield _wrong_type(part, key, "a list")
    if (owner, key) == ("CronWorkflowSpec", "schedules") and not part.items():
        yield Diagnostic("E0724", "`schedules` lists nothing", part.span, hint="as `0 3 * * *`")
    for item in part.items():
        if item.value is None:
            yield Diagnostic("E0717", f"`{key}` has an empty item", item.span)
        yield from _typed(item, kind, owner, key, partial=partial)


def _map(part: Part, kind: str, owner: str, key: str, *, partial: bool) -> Iterator[Diagnostic]:
    if not isinstance(part.value, dict):
        yield _wrong_type(part, key, "a mapping")
    for item in part.fields().values():
        yield from _typed(item, kind, owner, key, partial=partial)


def _object(part: Part, name: str, key: str, *, partial: bool) -> Iterator[Diagnostic]:
    fields = classes()[name]
    if not isinstance(part.value, dict):
        yield _wrong_type(part, key, "a mapping")
        return
    for field, item in part.fields().items():
        if field not in fields:
            hint = did_you_mean(field, fields) or _moved(name, field)
            yield Diagnostic(
                "E0717", f"`{key}` has no field `{field}`", part.span_of(field), "", hint
            )
            continue
        inner = partial or field == "templateDefaults"
        yield from _typed(item, fields[field].rstrip("!"), name, field, partial=inner)
    for field, kind in fields.items():
        if kind.endswith("!") and part.at(field).value is None and not partial:
            yield Diagnostic("E0717", f"`{key}` lacks `{field}`", part.span)


_MOVED: Mapping[tuple[str, str], str] = {
    ("CronWorkflowSpec", "schedule"): "since Argo 4 it is the list `schedules`",
    ("WorkflowSpec", "ttlSecondsAfterFinished"): "it is `ttlStrategy.secondsAfterCompletion`",
    ("WorkflowSpec", "podPriority"): "it is `podPriorityClassName`",
    ("Synchronization", "mutex"): "since Argo 4 it is the list `mutexes`",
    ("Synchronization", "semaphore"): "since Argo 4 it is the list `semaphores`",
}


def _moved(name: str, field: str) -> str:
    return _MOVED.get((name, field), "")


def _wrong_type(part: Part, key: str, words: str, *, quotes: bool = False) -> Diagnostic:
    hint = "put it in quotes" if quotes and _is_scalar(part.value) else ""
    return Diagnostic("E0717", f"`{key}` must be {words}", part.span, hint=hint)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, bool | int | float)
