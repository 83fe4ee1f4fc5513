"""Two models side by side."""

from collections.abc import Mapping

import pyarrow as pa

from sqlml.zoo.bundle import Manifest
from sqlml.zoo.context import Models
from sqlml.zoo.steps.describe import describe
from sqlml.zoo.steps.stored import reference

Key = tuple[str, str]

_OF_BOTH = "version"  # the list of versions says nothing about one of them


def compare(models: Models, one: Manifest, other: Manifest) -> pa.Table:
    """One row for each thing that is known of either: its values, and `≠` where they differ."""
    first, second = _facts(models, one), _facts(models, other)
    keys = list(dict.fromkeys([*first, *second]))
    order = list(dict.fromkeys(section for section, _ in keys))
    keys.sort(key=lambda key: order.index(key[0]))
    values = [(first.get(key), second.get(key)) for key in keys]
    names = [reference(model.name, model.version) for model in (one, other)]
    if names[0] == names[1]:
        names[1] += " "
    return pa.table(
        {
            "section": [section for section, _ in keys],
            "property": [name for _, name in keys],
            names[0]: pa.array([left for left, _ in values], pa.string()),
            names[1]: pa.array([right for _, right in values], pa.string()),
            "differs": ["" if left == right else "≠" for left, right in values],
        }
    )


def _facts(models: Models, chosen: Manifest) -> Mapping[Key, str]:
    facts: dict[Key, str] = {}
    for row in describe(models, chosen).to_pylist():
        if row["section"] != _OF_BOTH:
            key = (row["section"], row["property"])
            facts[key] = "; ".join(filter(None, (facts.get(key), row["value"])))
    return facts
