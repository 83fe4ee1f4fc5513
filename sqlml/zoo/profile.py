"""What the rows of a training looked like, column by column: kept with the model."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

FILE = "profile.json"

ColumnKind = Literal["number", "category", "other"]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column of the training rows.

    missing: the share of rows without a value. required: the model takes no missing value.

    number: `counts[i]` rows have a value in (`points[i - 1]`, `points[i]`]; low and high are the
    smallest and largest of all rows. category: `counts[i]` rows have `values[i]`, most frequent
    first; `others` have values that are not kept. Counts may be those of a sample of the rows.
    """

    name: str
    role: Literal["feature", "label"]
    kind: ColumnKind
    missing: float
    required: bool = False
    points: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    others: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """The columns of the training rows. columns_left_out: how many more there were."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    columns_left_out: int = 0

    def save(self, folder: Path) -> None:
        written = json.dumps(self, default=_fields_of, separators=(",", ":"))
        (folder / FILE).write_text(written, "utf-8")


def load_profile(folder: Path) -> Profile | None:
    """The profile in a model's folder; None in one that was stored without."""
    path = folder / FILE
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    columns = tuple(map(_column, content["columns"]))
    return Profile(content["rows"], columns, content["columns_left_out"])


def _fields_of(value: Any) -> dict[str, Any]:
    """As `asdict`, which would copy each of many thousand numbers."""
    return {one.name: getattr(value, one.name) for one in fields(value)}


def _column(content: dict[str, Any]) -> ColumnProfile:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
    }
    return ColumnProfile(**values)
