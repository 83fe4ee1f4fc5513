"""Templates whose texts become parameters, so that steps of one kind share one."""

from collections.abc import Callable
from typing import Any, Literal

Template = dict[str, Any]
Lifts = Literal["nothing", "arguments", "everything"]  # which texts become parameters
_LIFTED = ("container", "script", "resource", "http")  # those that have texts


def kind_of(template: Template) -> str:
    """What it is, if that is something that has texts."""
    for kind in _LIFTED:
        if kind in template:
            return kind
    return ""


def lifted(template: Template, kind: str, lifts: Lifts) -> tuple[Template, dict[str, str]]:
    """A template with its texts as parameters, and the texts.

    lifts: with `arguments`, the program that a command begins with stays.
    """
    arguments: dict[str, str] = {}

    def lift(text: str) -> str:
        if "{{" in text or not text:
            return text
        name = f"text-{len(arguments) + 1}"
        arguments[name] = text
        return f"{{{{inputs.parameters.{name}}}}}"

    kept = 1 if lifts == "arguments" else 0
    shape = {**template, kind: _with_texts(template[kind], lift, kept)}
    inputs = dict(shape.get("inputs", {}))
    if "artifacts" in inputs:  # a script with arguments is a file
        inputs["artifacts"] = [
            {**each, "raw": {"data": lift(each["raw"]["data"])}} if "raw" in each else each
            for each in inputs["artifacts"]
        ]
    inputs["parameters"] = [*inputs.get("parameters", []), *({"name": name} for name in arguments)]
    return ({**shape, "inputs": inputs} if arguments else shape), arguments


def _with_texts(body: Template, lift: Callable[[str], str], kept: int) -> Template:
    """What a pod does, its texts replaced. kept: the words of its command that stay."""
    told = dict(body)
    if "args" in body:
        told["args"] = [*map(lift, body["args"])]
    if "command" in body:
        words = body["command"]
        told["command"] = [*words[:kept], *map(lift, words[kept:])]
    for key in ("source", "manifest", "url", "body"):
        if key in body:
            told[key] = lift(body[key])
    if "env" in body:
        told["env"] = [
            {**each, "value": lift(each["value"])} if "value" in each else each
            for each in body["env"]
        ]
    return told
