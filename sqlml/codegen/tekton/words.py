"""Names, parameters and texts as Tekton has them."""

import json
from collections.abc import Mapping
from typing import Any

from sqlml.workflow.ir import ParameterDeclaration
from sqlml.workflow.serial import thaw


def without_references(step: Mapping[str, Any]) -> str:
    """JSON in which neither Tekton nor Kubernetes finds anything to put in place of `$(…)`."""
    text = json.dumps(step, ensure_ascii=False, separators=(",", ":"))
    return text.replace("$", "\\u0024")


def parameter(name: str, declared: ParameterDeclaration) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, "type": "string"}
    if declared.description:
        told["description"] = declared.description
    if not declared.required:
        default = thaw(declared.default)
        told["default"] = default if isinstance(default, str) else json.dumps(default)
    return told


def name_of(name: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower())
    return kept.removesuffix("-sql")[:50].strip("-") or "workflow"
