"""Scripts with arguments: Argo puts a script's file behind them, and interpreters want it first."""

from collections.abc import Mapping
from typing import Any

FILE = "/tmp/sqlml-script"


def as_container(
    inputs: Mapping[str, Any], body: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs and the container that do the same: the script is a file that it finds."""
    source = {"name": "sqlml-script", "path": FILE, "raw": {"data": body["source"]}}
    container = {name: value for name, value in body.items() if name != "source"}
    container["command"] = [*body["command"], FILE]
    return {**inputs, "artifacts": [*inputs.get("artifacts", []), source]}, container
