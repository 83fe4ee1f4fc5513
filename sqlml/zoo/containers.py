"""What runs container images on this machine."""

import os
import shutil

from sqlml.config import current

ENGINES = ("podman", "docker")


def container_engine(choice: str, path: str) -> str | None:
    """The program that runs containers; None: there is none, or none is wanted (`process`).

    choice: one of ENGINES, or `auto` for the first that there is. path: the search path.
    """
    if choice == "process":
        return None
    wanted = ENGINES if choice == "auto" else (choice,)
    return next(filter(None, (shutil.which(name, path=path) for name in wanted)), None)


def current_engine() -> str | None:
    """The engine that the settings in force name."""
    return container_engine(current().containers, os.environ.get("PATH", ""))
