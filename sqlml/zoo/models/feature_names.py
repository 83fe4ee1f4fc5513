"""Feature names that a library's model file can hold, and the real ones beside it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

FILE = "features.json"


def safe_names(names: Sequence[str], forbidden: re.Pattern[str]) -> list[str]:
    """The names with `_` for what is forbidden; a name that is taken gets its number added."""
    safe: list[str] = []
    taken: set[str] = set()
    for index, name in enumerate(names):
        candidate = forbidden.sub("_", name) or f"f{index}"
        while candidate in taken:
            candidate = f"{candidate}_{index}"
        taken.add(candidate)
        safe.append(candidate)
    return safe


def write_names(folder: Path, names: Sequence[str]) -> None:
    """Write the real names, in the order of the columns, beside a model."""
    (folder / FILE).write_text(json.dumps(list(names), ensure_ascii=False), encoding="utf-8")


def read_names(folder: Path) -> tuple[str, ...]:
    """The real names of the model in `folder`."""
    return tuple(json.loads((folder / FILE).read_text(encoding="utf-8")))
