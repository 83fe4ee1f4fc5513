"""The text of an object of the cluster, with the outputs of steps put into it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from sqlml.couler.arguments import Environment
from sqlml.couler.outputs import checked
from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.ir import Join, SecretKey, Take, Text
from sqlml.workflow.places import fault

_MARK = re.compile("\ue000(.*?)\ue001")


def manifest_text(manifest: Any, env: Environment, template: str) -> Text:
    """A manifest given as text or as a dict; the variables go to its `spec.env`.

    Raises:
        ProgramError: it is neither, or its text cannot be read.
    """
    if isinstance(manifest, str) and not (env.fixed or env.taken):
        return _with_takes(checked(manifest))
    told = dict(object_of(manifest))
    if env.fixed or env.taken:
        told["spec"] = {**(told.get("spec") or {}), "env": variables(env, template)}
    return object_text(told)


def object_text(manifest: Mapping[str, Any]) -> Text:
    """A manifest as JSON, with the marked values put in."""
    return _with_takes(json.dumps(manifest, indent=2, ensure_ascii=False))


def marked(taken: str) -> str:
    """What stands in a manifest for the value of an input."""
    return f"\ue000{taken}\ue001"


def _with_takes(text: str) -> Text:
    pieces = _MARK.split(text)
    if len(pieces) == 1:
        return text
    parts = [Take(piece) if i % 2 else piece for i, piece in enumerate(pieces)]
    return Join(tuple(part for part in parts if part != ""))


def renamed(text: Text, taken: str) -> Text | None:
    """A manifest whose object is called as an input says; None where the cluster names it.

    taken: the input.
    """
    parts = text.parts if isinstance(text, Join) else (text,)
    whole = "".join(marked(p.input) if isinstance(p, Take) else p for p in parts)
    told = dict(object_of(whole))
    metadata = told.get("metadata") or {}
    if "name" not in metadata:
        return None
    return object_text({**told, "metadata": {**metadata, "name": marked(taken)}})


def object_of(manifest: Any) -> Mapping[str, Any]:
    """A manifest as a dict.

    Raises:
        ProgramError: it is no object of a cluster, or cannot be read.
    """
    told = _read(manifest) if isinstance(manifest, str) else manifest
    if not isinstance(told, Mapping) or "kind" not in told:
        raise fault(
            "E0739",
            "the manifest is no object of a cluster",
            "it has at least `apiVersion`, `kind` and `metadata`",
        )
    return told


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return _read_yaml(text)


def _read_yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError as error:
        missing = "the manifest is YAML, and the package that reads it is not installed"
        hint = "run `pip install pyyaml`, or give the manifest as a dict"
        raise ProgramError(Diagnostic("E0706", missing, hint=hint)) from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise fault("E0739", f"the manifest cannot be read: {reason}") from error


def variables(env: Environment, template: str) -> list[dict[str, Any]]:
    """The variables of a container, as Kubernetes writes them."""
    found: list[dict[str, Any]] = []
    for name, value in env.texts(template).items():
        if isinstance(value, SecretKey):
            reference = {"name": value.secret, "key": value.key}
            found.append({"name": name, "valueFrom": {"secretKeyRef": reference}})
        else:
            text = marked(value.input) if isinstance(value, Take) else value
            found.append({"name": name, "value": text})
    return found
