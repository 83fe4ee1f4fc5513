"""The distinct values of a label, counted by the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlml.quoting import subquery
from sqlml.zoo.context import Context
from sqlml.zoo.label import ClassValue, Label

DIGEST = "CAST(sum(hash(sqlml_rows)) AS VARCHAR) AS digest"


@dataclass(frozen=True, slots=True)
class DistinctValues:
    """values: as the database gives them, None for NULL, NaN and NULL first. counts: their rows.

    Very many values are cut, but `distinct` (without NULL) and `rows` count them all.
    """

    values: tuple[Any, ...]
    counts: tuple[int, ...]
    distinct: int
    rows: int
    fingerprint: str

    @property
    def missing(self) -> int:
        """The number of rows without a value."""
        return sum(count for value, count in self.pairs if value is None)

    @property
    def pairs(self) -> Iterator[tuple[Any, int]]:
        return zip(self.values, self.counts, strict=True)

    def by_class(self, label: Label) -> dict[ClassValue, int]:
        """The rows of each class; numbers, which must be whole, become integers."""
        as_it_is = label.kind in ("text", "boolean")
        return {(value if as_it_is else int(value)): count for value, count in self.pairs}


def distinct_values(context: Context, query: str, label: Label, most: int) -> DistinctValues:
    """The values of a label, about `most` of them at most."""
    whole = "isfinite(value)" if label.kind in ("float", "decimal") else "value IS NOT NULL"
    table = context.table(
        f"WITH counted AS (SELECT {label.class_expression} AS value, count(*) AS members, "
        f"sum(hash(sqlml_rows)) AS digest FROM {subquery(query)} GROUP BY 1) "
        "SELECT value, members, count(*) OVER () AS distinct_values, "
        "CAST(sum(members) OVER () AS BIGINT) AS rows, "
        "CAST(sum(digest) OVER () AS VARCHAR) AS digest "
        f"FROM counted ORDER BY coalesce({whole}, false) LIMIT {most + 3}"
    )
    if table.num_rows == 0:
        return DistinctValues((), (), 0, 0, fingerprint(0, "0"))
    first = {name: table[name][0].as_py() for name in ("distinct_values", "rows", "digest")}
    return DistinctValues(
        tuple(table["value"].to_pylist()),
        tuple(table["members"].to_pylist()),
        first["distinct_values"] - (table["value"].null_count > 0),
        first["rows"],
        fingerprint(first["rows"], first["digest"]),
    )


def fingerprint_of(context: Context, query: str) -> str:
    """The fingerprint of a query's rows."""
    found = context.table(f"SELECT count(*), {DIGEST} FROM {subquery(query)}")
    rows, digest = (column[0].as_py() for column in found.columns)
    return fingerprint(rows, digest or "0")


def fingerprint(rows: int, digest: str) -> str:
    """The number of rows and the sum of their hashes, which no order changes."""
    return f"{rows}-{int(digest) % 2**64:016x}"
