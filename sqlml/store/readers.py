"""Who is using what is kept: a reader is there as long as it, or its process, lives."""

import os
import secrets
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from typing import IO


class Reader:
    """A file that its process holds locked. The lock ends with the process, however that ends.

    leftovers: files that only this reader still needs.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = f"{os.getpid()}-{secrets.token_hex(8)}"
        self.leftovers: list[Path] = []
        self._path = folder / self.name
        self._file: IO[bytes] = self._path.open("wb")
        flock(self._file, LOCK_EX)

    def close(self) -> None:
        """Be there no more; what only this reader needed is removed."""
        for path in self.leftovers:
            path.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)
        self._file.close()


def is_there(folder: Path, name: str) -> bool:
    """Whether a reader has not ended; what one that was killed has left is removed."""
    path = folder / name
    try:
        with path.open("rb") as file:
            flock(file, LOCK_EX | LOCK_NB)
            flock(file, LOCK_UN)
    except BlockingIOError:
        return True
    except OSError:
        return False
    path.unlink(missing_ok=True)
    return False
