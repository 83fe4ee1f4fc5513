"""Names of tables: how they are compared, and what the target of TO PREDICT means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlml.grammar.ast import Name

_BARE = re.compile(r"\w+")


class TableKey(NamedTuple):
    """A table's name for comparisons: folded, the schema `main` and the database left out.

    A table without a schema may be the same as one with a schema: who knows the search path?
    """

    schema: str
    table: str


def table_key(name: str) -> TableKey:
    """The key of a name: parts joined by dots, with or without their quotes."""
    parts = name.casefold().replace('"', "").split(".")
    schema = parts[-2] if len(parts) > 1 else ""
    return TableKey("" if schema == "main" else schema, parts[-1])


def table_name(parts: Sequence[str]) -> str:
    """Parts as a table's name; those with more than letters, digits and `_` are quoted."""
    return ".".join(part if _BARE.fullmatch(part) else _quoted(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Target:
    """What TO PREDICT writes to. column: of the result; None where the program does not say."""

    written: Name
    table: str
    column: str | None


def split_target(written: Name) -> Target:
    """The target `t`, `t.column` or `schema.t.column`: with a dot, the last part is the column."""
    *table, last = written.parts
    if not table:
        return Target(written, table_name([last]), None)
    return Target(written, table_name(table), last)


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'
