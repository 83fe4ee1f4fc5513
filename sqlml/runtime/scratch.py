"""Scratch folders: one per run, gone when the run is, even when its process was killed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlml.store.processes import is_running


@contextmanager
def scratch_folder(parent: Path, run: str) -> Iterator[Path]:
    """A fresh folder for a run. What dead processes have left beside it is removed first."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.iterdir():
        owner = left.name.rpartition("-")[2]
        if owner.isdigit() and not is_running(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"{run}-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
