"""Ready-made programs for TO RUN, one per file: each is SQL over the rows, made from arguments."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.zoo.runnables.contract import Runnable

RUNNABLES: "Registry[Runnable]" = Registry(
    "ready-made program",
    "sqlml.runnables",
    "E0240",
    {
        "binning": "sqlml.zoo.runnables.binning:BINNING",
        "psi": "sqlml.zoo.runnables.psi:PSI",
        "time_features": "sqlml.zoo.runnables.time_features:TIME_FEATURES",
        "split": "sqlml.zoo.runnables.split:SPLIT",
        "sample": "sqlml.zoo.runnables.sample:SAMPLE",
        "deduplicate": "sqlml.zoo.runnables.deduplicate:DEDUPLICATE",
    },
)

# The image that SQLFlow published its programs in, and those that we have under another name.
_SQLFLOW = "sqlflow/runnable"
_PUBLISHED = {"binning.py": ("binning",), "two_dim_binning.py": ("binning", "--jointly")}
_COUNTERPARTS = {"psi": "psi", "ts_": "time_features", "time_series": "time_features"}


def find_runnable(image: str, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """The ready-made program that TO RUN names, and its arguments; None where it names none.

    words: those behind CMD. A program of SQLFlow's own image is named by the first of them.
    """
    name = image.casefold()
    if name in RUNNABLES:
        return name, words
    if name.partition(":")[0] == _SQLFLOW and words and words[0] in _PUBLISHED:
        program, *added = _PUBLISHED[words[0]]
        return program, (*words[1:], *added)
    return None


def counterpart(image: str, words: tuple[str, ...]) -> str | None:
    """The ready-made program that does what one of SQLFlow's does, with other arguments."""
    if image.casefold().partition(":")[0] != _SQLFLOW or not words:
        return None
    return next((name for part, name in _COUNTERPARTS.items() if part in words[0]), None)
