"""A model per segment as one SELECT: each segment's own, over the rows that have its key."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlml.quoting import identifier, literal
from sqlml.zoo.export.contract import Export
from sqlml.zoo.segments import FOLDER, Key, segment_name

Select = Callable[[Export], str]


def select_by_segment(export: Export, select: Select) -> str:
    """The SELECTs of all segments, one below the other.

    Rows whose key has no model get what the model of all rows says; without one, nothing is said of
    them: they are left out.
    """
    manifest = export.bundle.manifest
    names = [one["name"] for one in manifest.partition_by]
    keys = [None if one["key"] is None else tuple(one["key"]) for one in manifest.segments]
    columns = export.columns or export.bundle.pipeline.columns
    parts = []
    for number, key in enumerate(keys):
        where = _is_key(names, key) if key else _is_other(names, [k for k in keys if k])
        part = replace(
            export,
            reference=f"{export.reference}, {segment_name(key)}",
            folder=export.folder / FOLDER / str(number),
            table=f"(SELECT * FROM {export.table} WHERE {where}) AS sqlml_rows",
            columns=columns,
            classes=manifest.classes or (),
        )
        parts.append(f"SELECT * FROM (\n{select(part)}) AS sqlml_segment_{number}\n")
    return "UNION ALL\n".join(parts)


def _is_key(names: Sequence[str], key: Key) -> str:
    return " AND ".join(
        f"CAST({identifier(name)} AS VARCHAR) = {literal(value)}"
        for name, value in zip(names, key, strict=True)
    )


def _is_other(names: Sequence[str], keys: Sequence[Key]) -> str:
    known = " OR ".join(f"({_is_key(names, key)})" for key in keys)
    return f"CASE WHEN {known} THEN 0 ELSE 1 END = 1"
