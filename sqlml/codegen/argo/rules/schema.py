"""The classes of Argo's own schema."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def classes() -> Mapping[str, Mapping[str, str]]:
    """By class, its fields and their types, as `compaction` writes them."""
    return json.loads(Path(__file__).with_name("schema.json").read_text("utf-8"))  # type: ignore[no-any-return]
