"""What DuckDB's own parser finds in a query: functions it calls, whether it changes data."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

_READING = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})


@dataclass(frozen=True, slots=True)
class Facts:
    """functions: their names in lower case. writes: a part of it is an INSERT or the like."""

    functions: frozenset[str]
    writes: bool


def facts_of(connection: duckdb.DuckDBPyConnection, query: str) -> Facts | None:
    """None for what is no query; nothing is bound or run."""
    ((text,),) = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        return None
    nodes = list(_walk(tree))
    kinds = {str(node.get("type", "")) for node in nodes}
    functions = {str(node["function_name"]).lower() for node in nodes if "function_name" in node}
    writes = any(kind.endswith("_NODE") and kind not in _READING for kind in kinds)
    return Facts(frozenset(functions), writes)


def _walk(tree: Any) -> Iterator[dict[str, Any]]:
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)
