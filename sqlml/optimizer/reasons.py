"""Why a step will run: what is new about it, what it meets, or what has become of what it left."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from sqlml.optimizer.history import operation_of, target_of
from sqlml.store.doings import Doing, Doings
from sqlml.workflow.hashing import digest, normalized_sql, normalized_step
from sqlml.workflow.ir import ModelReference, Node, Output, Query, Relation, Run, Train, Trial

_MOST_NAMED = 3
_LONGEST = 24  # characters of a value that is shown
_VERSION = "version "


def made_of(node: Node, versions: Mapping[str, str]) -> dict[str, str]:
    """The parts of what a step does: attributes, versions, and digests of all that is long."""
    told = normalized_step(node)
    parts = {f"{_VERSION}{name}": value for name, value in versions.items()}
    for name, value in told["operation"].items():
        if name in ("parameters", "settings"):
            parts |= {f"attribute {key}": _short(each) for key, each in value.items()}
        else:
            parts[name] = _short(value)
    parts |= {f"input {name}": _short(value) for name, value in told["inputs"].items()}
    if isinstance(node.operation, Train):
        parts["statement"] = digest(normalized_sql(node.operation.statement))
    return parts


def why_new(node: Node, versions: Mapping[str, str], doings: Doings) -> str:
    """What is new about a step that has not been done as it is now."""
    last = None
    if not isinstance(node.operation, Trial):
        last = doings.last(operation_of(node), target_of(node), node.name)
    return "not run before" if last is None else _difference(last, made_of(node, versions))


def why_again(node: Node, met: Mapping[str, str], last: Doing | None) -> str:
    """What is new about the data that a step meets."""
    if last is None:
        return "its data changed"
    changed = [name for name in met if met[name] != last.met.get(name)]
    if not changed:
        return "what it gave is not kept any more"
    told = list(islice((_source(node, name) for name in changed), _MOST_NAMED + 1))
    if len(told) > _MOST_NAMED:
        return "its data changed"
    return f"{' and '.join(told)} changed"


def why_ever(node: Node) -> str:
    """Why a step is never spared."""
    match node.operation:
        case Query(repeatable=False, deterministic=True, writes=(_, *_)):
            return "runs every time: it changes what is there"
        case Query(deterministic=True) if any(one.kind == "dataset" for one in node.outputs):
            return "runs every time: it shows what is there"
        case Query(deterministic=False, writes=(_, *_)):
            return "runs every time: its query may give other rows each time"
        case Run(ready_made=False):
            return "runs every time: a program may do anything"
    relations = [value for value in node.inputs.values() if isinstance(value, Relation)]
    if not all(relation.deterministic for relation in relations):
        return "runs every time: its query may give other rows each time"
    return "runs every time"


def _difference(last: Doing, now: Mapping[str, str]) -> str:
    names = {*last.made_of, *now}
    changed = sorted(name for name in names if last.made_of.get(name) != now.get(name))
    if changed and all(name.startswith(_VERSION) for name in changed):
        return ", ".join(_versions(changed, last.made_of, now))
    changed = [name for name in changed if not name.startswith(_VERSION)]
    attributes = [name.removeprefix("attribute ") for name in changed if name != "statement"]
    is_told = len(attributes) <= _MOST_NAMED and all(
        name == "statement" or name.startswith("attribute ") for name in changed
    )
    if not attributes or not is_told:
        return "the statement changed"
    told = ", ".join(_attribute(name, last.made_of, now) for name in attributes)
    return told if "statement" in changed or "statement" not in now else f"by default, {told}"


def _versions(names: list[str], old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in names:
        before, now = old.get(name) or "missing", new.get(name) or "missing"
        yield f"{name.removeprefix(_VERSION)} was {before}, is {now}"


def _attribute(name: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    before, now = old.get(f"attribute {name}"), new.get(f"attribute {name}")
    if now is None:
        return f"`{name}` is no longer given"
    return f"`{name}` is {now}" + (", which is new" if before is None else f", was {before}")


def _source(node: Node, name: str) -> str:
    kind, _, which = name.partition(" ")
    match kind:
        case "table":
            return f"`{which}`"
        case "file":
            return f"file `{which}`"
        case "model":
            return f"model `{_model(node, which)}`"
        case "definitions":
            return "a macro or type"
        case _:
            return f"its input `{which}`"


def _model(node: Node, name: str) -> str:
    match node.inputs.get(name):
        case ModelReference(model):
            return model
        case Output(step):
            return f"of {step}"
        case _:
            return name


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else digest(value)[:_LONGEST]
