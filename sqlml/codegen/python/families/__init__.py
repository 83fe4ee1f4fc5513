"""What writes the models of a plain script, by the library that fits them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlml.codegen.python.model import Family

FAMILIES = ("xgboost", "lightgbm", "sklearn", "keras", "graph", "scorecard", "statsmodels", "auto")


def family(name: str) -> "Family":
    """Raises:
    KeyError: nothing writes it.
    """
    if name not in FAMILIES:
        raise KeyError(name)
    found: Family = import_module(f"sqlml.codegen.python.families.{name}").FAMILY
    return found
