"""Content hashes: equal for steps that do the same, whatever their names and their layout."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from sqlml.workflow.ir import Node, Output, Outputs
from sqlml.workflow.operations import PROGRAMS
from sqlml.workflow.serial import encode, input_to_json, operation_to_json

# Text that hangs on a node for people; it does not change what the step does.
_FOR_PEOPLE = frozenset({"statement", "trials"})

_SQL_TOKEN = re.compile(
    r"""
    (?P<kept>
        (?<!\w)[eE]'(?:[^'\\]|''|\\.)*'  # a string with escapes
        | '(?:[^']|'')*'
        | "(?:[^"]|"")*"
        | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    )
    | (?: --[^\n]* | /\*.*?\*/ | \s )+
    """,
    re.DOTALL | re.VERBOSE,
)


_written = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def normalized_sql(sql: str) -> str:
    """SQL without comments and runs of white space; strings and quoted names are kept."""
    return _SQL_TOKEN.sub(lambda match: match["kept"] or " ", sql).strip()


def static_hash(node: Node, versions: Mapping[str, str]) -> str:
    """A digest of all that a step does but the data it meets.

    Operation, attributes, inputs and library versions count. The node's name, place and resources,
    the layout of its SQL, and which node an input comes from do not: what arrives there is data.
    """
    return digest({**normalized_step(node), **_of_programs(node), "versions": dict(versions)})


def normalized_step(node: Node) -> dict[str, Any]:
    """A step's operation and inputs as JSON, without layout and where values come from."""
    operation = {k: v for k, v in operation_to_json(node.operation).items() if k not in _FOR_PEOPLE}
    inputs = {
        name: {"kind": "output"} if isinstance(value, Output | Outputs) else input_to_json(value)
        for name, value in node.inputs.items()
    }
    return {"operation": _normalize(operation), "inputs": _normalize(inputs)}


def _of_programs(node: Node) -> dict[str, Any]:
    """What a program meets besides its inputs, and what it is to leave."""
    if not isinstance(node.operation, PROGRAMS):
        return {}
    files = {name: encode(file) for name, file in node.files.items()}
    return {"env": encode(node.env), "files": files, "outputs": encode(node.outputs)}


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, in hexadecimal, the same for equal values."""
    return hashlib.sha256(_written(value).encode("utf-8", "surrogatepass")).hexdigest()


def _normalize(value: Any) -> Any:
    match value:
        case {"sql": str(sql), **rest}:
            return {"sql": normalized_sql(sql), **{k: _normalize(v) for k, v in rest.items()}}
        case dict():
            return {k: _normalize(v) for k, v in value.items()}
        case _:
            return value
