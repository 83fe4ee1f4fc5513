"""Import a boosting library without scikit-learn and pandas, which only its wrappers need."""

import sys
from importlib import import_module
from typing import Any

OPTIONAL = ("sklearn", "pandas")


def import_lean(name: str) -> Any:
    """The library, imported in a fraction of the time and memory; for worker processes.

    What is imported already stays as it is, and scikit-learn and pandas can be imported later.
    """
    blocked = [other for other in OPTIONAL if other not in sys.modules]
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]
    try:
        return import_module(name)
    finally:
        for other in blocked:
            del sys.modules[other]
