"""Templates whose texts become parameters, so that steps of one kind share one."""

from collections.abc import Callable
from typing import Any

Template = dict[str, Any]
LIFTED = ("container", "script", "resource", "http")  # those that have texts


def lifted(template: Template) -> tuple[Template, dict[str, str]]:
    """A template with its texts as parameters, and the texts."""
    arguments: dict[str, str] = {}

    def lift(text: str) -> str:
        if "{{" in text or not text:
            return text
        name = f"text-{len(arguments) + 1}"
        arguments[name] = text
        return f"{{{{inputs.parameters.{name}}}}}"

    shape = dict(template)
    for kind in LIFTED:
        if kind in template:
            shape[kind] = _with_texts(template[kind], lift)
    inputs = dict(shape.get("inputs", {}))
    if "artifacts" in inputs:  # a script with arguments is a file
        inputs["artifacts"] = [
            {**each, "raw": {"data": lift(each["raw"]["data"])}} if "raw" in each else each
            for each in inputs["artifacts"]
        ]
    inputs["parameters"] = [*inputs.get("parameters", []), *({"name": name} for name in arguments)]
    return ({**shape, "inputs": inputs} if arguments else shape), arguments


def _with_texts(body: Template, lift: Callable[[str], str]) -> Template:
    """What a pod does, its texts replaced."""
    told = dict(body)
    for key in ("args", "command"):
        if key in body:
            told[key] = [lift(text) for text in body[key]]
    for key in ("source", "manifest", "url", "body"):
        if key in body:
            told[key] = lift(body[key])
    if "env" in body:
        told["env"] = [
            {**each, "value": lift(each["value"])} if "value" in each else each
            for each in body["env"]
        ]
    return told
