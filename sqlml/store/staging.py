"""Where things are made ready before they become visible by a rename."""

import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlml.store.processes import is_running

_ABANDONED_SECONDS = 7 * 24 * 3600


class Staging:
    """A folder inside the store. Entries are named after the process that made them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def taken(self, folder: Path) -> Iterator[Path]:
        """The contents of `folder` in a folder of ours, which is removed in the end."""
        name = f"{os.getpid()}-{secrets.token_hex(8)}-{socket.gethostname()}"
        staged = self._folder / name
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            shutil.move(folder, staged)
            yield staged
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def clean(self) -> None:
        """Remove what processes that were killed have left."""
        if not self._folder.is_dir():
            return
        for entry in os.scandir(self._folder):
            if _is_abandoned(entry):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    process, _, rest = entry.name.partition("-")
    here = rest.partition("-")[2] == socket.gethostname()
    if here and process.isdigit() and not is_running(int(process)):
        return True
    try:
        return time.time() - entry.stat().st_mtime > _ABANDONED_SECONDS
    except OSError:
        return False
