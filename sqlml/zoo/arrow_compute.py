"""The functions of `pyarrow.compute`, which is loaded with the first call: plain SQL needs none."""

from typing import Any


def __getattr__(name: str) -> Any:
    import pyarrow.compute

    return getattr(pyarrow.compute, name)
