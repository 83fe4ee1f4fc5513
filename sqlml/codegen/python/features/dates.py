"""DATE_PARTS and TIME: the parts of a date or time, and when it is."""

from sqlml.codegen.python.features.block import Block, Scope, Spec
from sqlml.codegen.python.layout import call, literal

_PARTS = {
    "year": "pc.year", "quarter": "pc.quarter", "month": "pc.month", "week": "pc.iso_week",
    "day": "pc.day", "weekday": "pc.day_of_week", "dayofyear": "pc.day_of_year", "epoch": "epoch",
    "hour": "pc.hour", "minute": "pc.minute", "second": "pc.second",
}  # fmt: skip


def written(spec: Spec, _scope: Scope) -> Block:
    name, parts = spec["column"]["column"], spec["parts"]
    functions = ", ".join(_PARTS[part] for part in parts)
    names = ", ".join(literal(f"{name}_{part}") for part in parts)
    return Block(call("dates", "rows", literal(name), f"[{functions}]"), names, str(len(parts)))


def time(spec: Spec, _scope: Scope) -> Block:
    name = literal(spec["column"]["column"])
    written = [literal(spec["format"])] if spec.get("format") else []
    return Block(call("days", "rows", name, *written), name)
